#!/bin/sh
# tests/e2e/train_more.sh: train DATA MORE: the rows of MORE are learned from and never held out; a run goes on with the
# data it began with, and with no other.
. "$INK_SOURCE/tests/e2e/cli_setup"
command -v python3 >/dev/null || exit 77
field() { python3 -c 'import json, sys; print(json.load(open("out"))[sys.argv[1]])' "$1"; }
is() { [ "$(field "$1")" = "$2" ] || fail "$said: $1 is $(field "$1"), expected $2"; }

"$INKLING" data make digits --count 600 -q >/dev/null || fail "data make"
"$INKLING" data make more --count 50 --seed 9 -q >/dev/null || fail "data make"
gives 0 train digits --recipe v3 --val "0.1 stratified" --epochs 2 --out plain --json -q
is val_rows 60
is train_rows 540
gives 0 train digits more/train.csv --recipe v3 --val "0.1 stratified" --epochs 2 --out run --json -q
is val_rows 60
is train_rows 590
cmp plain/split.csv run/split.csv || fail "other rows are held out than without MORE"
[ "$(sha256sum <plain/weights/last.safetensors)" != "$(sha256sum <run/weights/last.safetensors)" ] || fail "nothing learned"
gives 0 eval run digits --held-out -q
gives 0 train digits more/train.csv more/train.csv --recipe v3 --val "0.1 stratified" --epochs 1 --out twice --json -q
is train_rows 640

# What is held out is not learned from MORE either, in one net or several.
gives 0 train digits digits/train.csv --recipe v3 --val "0.1 stratified" --epochs 1 --out same --json -q
err_has "60 of the 600 rows more are exact copies of rows held out"
is val_rows 60
is train_rows 1080
cmp plain/split.csv same/split.csv || fail "$said: other rows are held out"
gives 0 eval same digits --held-out -q
gives 0 train digits digits/train.csv --recipe v3 --folds 2 --epochs 1 --out folds --json -q
err_has "300 of the 600 rows more are exact copies of rows held out"
is train_rows 600
gives 0 eval folds digits --held-out -q

# Stopped and taken up: the same bytes, MORE included, and what was left out of it.
gives 0 train digits --recipe mlp more/train.csv digits/train.csv --epochs 12 --out whole --seed 5 -q
python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --signal SIGINT --when " 2/12" --err err --out out \
    "$INKLING" train digits --recipe mlp more/train.csv digits/train.csv --epochs 12 --out run --force --seed 5 >facts || fail "stop"
grep -q interrupted run/status.json || fail "the run was not stopped"
gives 0 train --resume run -q
cmp whole/weights/last.safetensors run/weights/last.safetensors || fail "$said: other weights"
gives 2 train --resume run digits more/train.csv
err_has "--resume takes no new data"
gives 2 train --resume run more/train.csv
err_has "other images than those the run began with"
echo "0" >more/train.csv
gives 3 train --resume run

gives 4 train digits --recipe mlp nowhere --out x
err_has "nowhere"
gives 2 train digits --recipe mlp epochs=3
err_has "did you mean '--epochs=3'?"
[ ! -e x ] || fail "a run without its data"

# The temperature is fitted on rows that are held out, or given: then the model has it, and its answers stay.
gives 0 train digits --recipe v3 --val 0 --epochs 1 --out warm -q
gives 0 train digits --recipe v3 --val 0 --epochs 1 --temperature 0.25 --out cool -q
grep -aq '"inkling.temperature":"0.25"' cool/weights/last.safetensors || fail "the temperature is not in the model"
grep -aq 'inkling.temperature' warm/weights/last.safetensors && fail "a temperature that nobody gave"
gives 0 eval warm digits --json -q
mv out warm.json
gives 0 eval cool digits --json -q
python3 -c 'import json; a, b = (json.load(open(f)) for f in ("warm.json", "out"))
assert a["accuracy"] == b["accuracy"] and a["loss"] != b["loss"], (a, b)' || fail "$said: other answers, or as sure as before"
mv out cool.json
gives 0 export cool -o cool.safetensors
gives 0 eval cool.safetensors digits --json -q
python3 -c 'import json; a, b = json.load(open("cool.json")), json.load(open("out"))
assert a["loss"] == b["loss"], (a, b)' || fail "$said: export lost the temperature"
gives 2 train digits --recipe v3 --temperature hot --out none
err_has "fit, or a number from 0.01 to 100"

# A net of few channels, measured image by image and by hundreds: the weights are shared by programs that differ in layout.
printf 'conv 5 3x3\nrelu\nmaxpool 2x2\nflatten\nlinear 10\n' >few.txt
printf 'input 3\nconv 5 3x3\nrelu\nflatten\nlinear 10\n' >grey.txt
for net in few grey; do
    for many in 1 100; do
        gives 0 train digits --recipe v3 --net $net.txt --val 0.2 --epochs 1 --eval-batch-size $many --out $net-$many -q
    done
    cmp $net-1/weights/last.safetensors $net-100/weights/last.safetensors || fail "$said: other weights"
    python3 -c 'import csv, sys
a, b = (list(csv.DictReader(open(f + "/metrics.csv")))[-1] for f in sys.argv[1:])
keys = [k for k in a if "loss" in k]
assert keys and all(abs(float(a[k]) - float(b[k])) < 1e-4 for k in keys), (a, b)' $net-1 $net-100 || fail "$said: other losses"
done
