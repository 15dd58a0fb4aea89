#!/bin/sh
# tests/e2e/cli_members.sh: ensembles and cross-validation: judged on rows that were not learned, and going on from
# where they were stopped leads to the same answers.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make d --count 400 --seed 1 --quiet

# For scripts: a run of several nets ends with what they are worth together, and each of them stands in the JSON.
gives 0 train d --recipe mlp --folds 2 --epochs 2 --seed 7 --quiet --json
if command -v python3 >/dev/null; then
    python3 - "$dir/out" <<'END' || fail "$said: the JSON, status.json and index.csv disagree"
import csv, json, sys
told = json.load(open(sys.argv[1]))
status = json.load(open(told["run"] + "/status.json"))
row = list(csv.DictReader(open("runs/index.csv")))[-1]
members = told["members"]
assert [m["seed"] for m in members] == [7, 8] and told["seed"] == 7, members
assert [m["val_rows"] for m in members] == [200, 200] and [m["train_rows"] for m in members] == [200, 200], members
assert sum(m["errors"] for m in members) == told["errors"], members
assert all(m["epochs"] == 2 and m["loss"] > 0 and m["seconds"] > 0 for m in members), members
assert abs(members[0]["accuracy"] - (1 - members[0]["errors"] / 200)) < 1e-12, members
assert status["epoch"] == status["epochs"] == status["best"]["epoch"] == 2, status
assert status["best"]["val_errors"] == told["errors"], status
assert status["nets"] == status["nets_done"] == 2, status
assert row["state"] == "done" and row["epochs"] == "2" and int(row["best_val_errors"]) == told["errors"], row
assert abs(float(row["last_val_acc"]) - told["accuracy"]) < 1e-8 and float(row["seconds"]) > 0, row
END
fi
rm -r runs

# Cross-validation: every row is judged once, by the net that had not learned it.
gives 0 train d --recipe mlp --folds 2 --epochs 2 --out cv --quiet
out_has "fold "
out_has "of 400 wrong"
out_has "by the nets that had not learned it: 1 of 2"
out_has "eval $PWD/cv d --held-out"
[ "$(wc -l <cv/predictions.csv)" -eq 401 ] || fail "cv/predictions.csv: not a line for each row"
has cv/members/02/split.csv
grep -q '"val_rows": 200' cv/env.json || fail "cv/env.json: not how many rows a net held out"
grep -q "by the nets that had not learned it" cv/report.html || fail "cv/report.html: no table of nets"
grep -q "The means of 2 nets" cv/report.html || fail "cv/report.html: nothing of the training"
has cv/submission.csv
has cv/accuracy.png
has cv/loss.svg
gives 0 plot cv --column val_errors -o errors.svg
out_has "means over 2 nets"
gives 2 info cv
err_has "cv/members/01"
gives 0 compare cv cv/members/01 -o pair.png
out_has "cv        2 "
sort -n cv/members/0?/split.csv | uniq -d | grep -v index && fail "a row was held out twice"
gives 0 eval cv d --held-out --quiet
sed 1q cv/report.txt >told && grep -qxF "$(sed -n 1p told)" out || fail "eval of all folds and the end of train differ"
gives 0 eval cv d --held-out --tta 2 --quiet
out_has "of 400 wrong"
# A list of held-out rows that is not what training held out measures nothing.
cp cv/members/02/split.csv whole.csv
for bytes in 0 6 300; do
    head -c $bytes whole.csv >cv/members/02/split.csv
    gives 3 eval cv d --held-out
    err_has "split.csv"
done
sed 2d whole.csv >cv/members/02/split.csv
gives 3 eval cv d --held-out
err_has "marks 199 images, its training held out 200"
cp whole.csv cv/members/02/split.csv
gives 0 data make other --count 400 --seed 2 --quiet
gives 3 eval cv other --held-out
err_has "learned from other images"
gives 0 predict cv d -o p.csv --quiet
cmp -s p.csv cv/submission.csv || fail "predict and the end of train differ"

# An ensemble: each net holds out rows of its own, or all the same ones.
gives 0 train d --recipe mlp --members 3 --val 0.25 --epochs 2 --out three --quiet
out_has "member "
out_has "of 300 wrong"
gives 0 eval three d --held-out --quiet
out_has "$(sed -n 's/^all .* %, \([0-9]*\) of 300 wrong.*/\1/p' three/members.txt) of 300 wrong"
gives 4 eval cv three d --held-out
err_has "ask this run alone"
gives 0 train d --recipe mlp --members "3 same" --val 0.25 --epochs 2 --out same --quiet
out_has "of 100 wrong"
out_has ": 3 of 3"
gives 0 eval same d --held-out --quiet
wrong=$(sed -n 's/^all .* %, \([0-9]*\) of 100 wrong.*/\1/p' same/members.txt)
out_has "$wrong of 100 wrong"
gives 0 train d --recipe mlp --members 2 --val 0 --epochs 1 --out all --quiet --json
out_has '"nets": 2'
out_has '"accuracy": null'
grep -q '"best": null' all/status.json || fail "all/status.json: nothing was measured, and something was best"
gives 2 eval all d --held-out
err_has "held nothing out"

# Rows of more DATA are learned by all and held out by none.
gives 0 data make more --count 40 --seed 3 --quiet
gives 0 train d more/train.csv --recipe mlp --folds 2 --epochs 1 --out cv-more --quiet
out_has "of 400 wrong"
[ "$(sort -n cv-more/members/0?/split.csv | tail -1)" -eq 399 ] || fail "a row of more DATA was held out"
gives 0 eval cv-more more/train.csv --quiet
err_has "has learned 40 of these 40 rows"

gives 2 train d --recipe mlp --members 3 --folds 3 --epochs 1 --out both
err_has "one of the two"
gives 2 train d --recipe mlp --folds 1
# With folds nothing else is held out, and a val that was asked for is not passed over in silence.
for val in 0 "0.2 stratified"; do
    gives 0 train d --recipe mlp --folds 2 --val "$val" --epochs 1 --out val --force
    err_has "warning: --val does not count with --folds"
    [ "$(grep -c -e --val "$dir/err")" -eq 1 ] || fail "$said: told more than once"
done
gives 0 train d --recipe mlp --folds 2 --epochs 1 --out val --force
grep -q -e --val err && fail "$said: a val that was not asked for"
gives 2 train d --recipe mlp --members "3 sam"

# Stopped in its second net, then continued: the same answers as without a stop.
"$INKLING" train d --recipe mlp --members 3 --val 0.25 --epochs 2 --out again >out 2>err &
pid=$!
while kill -0 $pid 2>/dev/null && [ ! -d again/members/02 ]; do sleep 0.05; done
kill -INT $pid 2>/dev/null
wait $pid
if ! [ -s again/members.txt ]; then
    said="a stopped ensemble"
    err_has "train --resume"
    grep -q '"nets_done": [12]' again/status.json || fail "status.json does not say how many nets are done"
    gives 2 predict again d -o q.csv
    err_has "not finished"
    gives 2 eval again d --held-out
    err_has "not finished"
    gives 0 compare again three -o pair.png
    out_has "again"
    gives 0 train --resume again --quiet
    out_has "of 300 wrong"
fi
cmp -s again/submission.csv three/submission.csv || fail "stopped and continued, it answers differently"

# Many mistakes: a temperature is fitted, told, kept, and shown.
gives 0 train d --recipe mlp --val 0.25 --epochs 3 --out one
err_has "temperature "
gives 0 info one
out_has "temperature "

# Looking again.
gives 0 eval one d --held-out --tta 3
err_has "100 of 100 images looked at in 3 ways"
gives 0 predict one d -o t.csv --tta-below 0.5
err_has "looked at in 15 ways"
gives 2 eval one d --tta 99
err_has "1..15"

# In the place of a run of several nets: nothing of theirs is left, and what comes after is what it would be elsewhere.
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --seed 5 --out fresh --quiet
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --seed 5 --out cv --force --quiet
has_no cv/members.ink
has_no cv/members.txt
has_no cv/members
for file in submission.csv report.txt weights/last.safetensors; do
    cmp -s fresh/$file cv/$file || fail "--force over several nets: another $file"
done
gives 0 train d --recipe mlp --folds 2 --epochs 1 --seed 7 --out folds --quiet
gives 0 train d --recipe mlp --members 3 --val 0.25 --epochs 2 --out three --force --quiet
gives 0 train d --recipe mlp --folds 2 --epochs 1 --seed 7 --out three --force --quiet
cmp -s folds/submission.csv three/submission.csv || fail "--force over several nets: another submission"
has_no three/members/03
# A net that cannot be built is told before the older run is removed, and by its own file.
echo "conv 4 40x40" >bad.txt
gives 2 train d --recipe mlp --net bad.txt --members 2 --out folds --force
err_has "bad.txt:1:"
has folds/submission.csv

# An accuracy that not every net reached.
gives 8 train d --recipe mlp --members 2 --val 25% --until 99.9% --epochs 1 --out until --quiet
err_has "was not reached by 2 of 2 nets"

# A budget is that of all nets together; a net that goes on keeps the epochs that were fitted to its share.
"$INKLING" train d --recipe mlp --members 2 --budget 4s --out timed >out 2>err &
pid=$!
while kill -0 $pid 2>/dev/null && ! [ -s timed/members/01/metrics.csv ]; do sleep 0.05; done
while kill -0 $pid 2>/dev/null && [ "$(wc -l <timed/members/01/metrics.csv)" -lt 3 ]; do sleep 0.05; done
kill -INT $pid 2>/dev/null
wait $pid
planned=$(sed -n 's/^epochs *= *//p' timed/members/01/args.conf)
if ! [ -s timed/members.txt ]; then
    gives 0 train --resume timed --quiet
    out_has "member "
fi
[ "$(tail -n 1 timed/members/01/metrics.csv | cut -d, -f1)" -eq "$planned" ] || fail "not the epochs that were planned"
