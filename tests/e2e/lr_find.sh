#!/bin/sh
# tests/e2e/lr_find.sh: a sweep of the learning rate: charts, one suggestion, the same for any threads; bad words refused.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 1 --quiet
gives 0 lr-find digits --recipe fast --steps 60 --threads 1
out_has "<- suggested"
out_has "suggested:   --lr "
has lr-find.svg
has lr-find.png
grep -q 'learning rate' lr-find.svg || fail "$said: the axis has no name"
is_plain out
cp out first
gives 0 lr-find digits --recipe fast --steps 60 --threads 3
cmp -s out first || fail "$said: another curve with three threads"
gives 0 lr-find digits --recipe fast --steps 20 --quiet -o alone.png
out_has "chart:       alone.png"
has alone.png
[ ! -e alone.png.png ] && [ ! -e alone.png.svg ] || fail "$said: more than the one chart that was named"
gives 0 lr-find digits --steps 20 --net lenet -o there --json --quiet
err_empty
has there.png
grep -q '"schema": *"inkling/lr-find/1"' out || fail "$said: no schema"
gives 2 lr-find digits --from 1 --to 0.1
err_has "upwards"
gives 2 lr-find digits --steps 3
gives 2 lr-find
gives 4 lr-find nowhere
gives 4 lr-find digits --recipe mlp -o nowhere/lr
err_has "nowhere/lr.svg"
