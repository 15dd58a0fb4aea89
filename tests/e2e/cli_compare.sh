#!/bin/sh
# tests/e2e/cli_compare.sh: runs compared and drawn again, with real run folders.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 2 --quiet
gives 0 train digits --recipe mlp --epochs 2 --out a --quiet
gives 0 train digits --recipe mlp --epochs 1 --out b --lr 1e-5 --quiet
gives 0 train digits --recipe mlp --epochs 1 --out c --val 0 --quiet

# The same seed holds the same rows out; one that hardly learned is worse, and not by luck.
gives 0 compare a b --quiet
err_empty
out_has "both held out:"
out_has "on the 60 digits"
out_has "mid-p: luck alone would seldom do this"
out_has "settings that differ:"
out_has "lr "
has compare.svg
has compare.png
gives 4 compare a b -o nowhere/graph
err_has "nowhere/graph.svg"
out_has "both held out:"
gives 0 compare a/ a -o same.svg
out_has "McNemar p = 1.0000 exact, 1.0000 mid-p: luck alone would do as much"
has same.svg
[ ! -e same.svg.png ] || fail "$said: an ending was added"
gives 0 compare a b c --column train_loss --axis time --json --quiet
err_empty
if command -v python3 >/dev/null; then
    python3 -c '
import json
o = json.load(open("out"))
assert o["schema"] == "inkling/compare/1" and len(o["runs"]) == 3 and len(o["pairs"]) == 1
p = o["pairs"][0]
assert p["shared_rows"] == 60 == p["both_right"] + p["only_first_right"] + p["only_second_right"] + p["both_wrong"]
' || fail "$said: the JSON is not as expected"
fi
odd=$(printf 'b\377') # a name that is no UTF-8, as JSON must be
cp -R b "$odd"
gives 0 compare a "$odd" --json --quiet
out_has '"run": "b?"'
out_has '"second": "b?"'
gives 0 compare a c
out_has "nothing held out"

gives 2 compare a
rm -f compare.svg
gives 0 compare a b a b a b a --json
out_has '"mean_accuracy"'
gives 0 compare a b a b a b a
out_has "over 7 runs"
[ ! -e compare.svg ] || fail "$said: drawn"
gives 4 compare a digits
err_has "digits is no run"
gives 2 compare a b --column val_ac
err_has "did you mean 'val_acc'"
gives 2 compare a b --axis day
sed 's/^1,/x,/' a/metrics.csv >m && cp m b/metrics.csv
gives 3 compare a b
err_has "metrics.csv:2:1"
cp a/metrics.csv b/metrics.csv
sed '3s/^[0-9]*,/0,/' a/predictions.csv >b/predictions.csv
gives 3 compare a b
err_has "predictions.csv:3:1"

# A name makes no line of its own.
odd=$(printf 'x\nrun fake 99.99')
cp -r a "$odd"
gives 0 compare a "$odd"
grep -q '^run fake' out && fail "$said: a name made a line"
out_has 'x\x0arun fake'

# A header alone is no row: no accuracy of nothing.
head -n 1 a/predictions.csv >b/predictions.csv
gives 0 compare a b
out_has "nothing held out, or nothing in predictions.csv"
grep -q nan out && fail "$said: an accuracy that is no number"

rm -f a/accuracy.png a/loss.svg a/curves.png
gives 0 plot a
has a/accuracy.png
has a/loss.svg
has a/curves.png
gives 0 plot a --column lr --axis step
has a/plot.svg
has a/plot.png
gives 0 plot a --column val_loss,train_loss -o loss.png
has loss.png
gives 2 plot a --column val_loss,val_acc
err_has "do not share a scale"
gives 2 plot a --column speed
gives 4 plot digits
exit 0
