#!/bin/sh
# tests/e2e/cli_output.sh: results on stdout, everything else on stderr, --quiet, --json, lost output, exit codes.
. "$INK_SOURCE/tests/e2e/cli_setup"

# one_object <schema>: stdout is one JSON object, with that schema, and nothing else.
one_object() {
    command -v python3 >/dev/null || return 0
    python3 -c '
import json, sys
object = json.loads(open(sys.argv[1]).read())
assert object["schema"] == sys.argv[2], object["schema"]
' "$dir/out" "$1" || fail "$said: no object with schema $1"
}

gives 0 data make digits --count 800 --seed 1 --quiet
err_empty
out_has "digits/train.csv"
has digits/sample_submission.csv

# A run: what it found and how it goes on stderr, how it ended on stdout.
gives 0 train digits --recipe mlp --epochs 3 --out run
is_plain err
err_has "epoch 1"
out_has "best validation accuracy"
out_has "/80 wrong"
out_has "eval $dir/run digits --held-out"
out_has "$dir/run/submission.csv"
grep -q kaggle out && fail "$said: digits of our own for Kaggle"
gives 0 train --resume run
out_has "eval $dir/run $dir/digits --held-out"
grep -q 'epoch 1/' out && fail "$said: progress on stdout"
has run/submission.csv
has run/accuracy.png

# As many digits as Kaggle's. The submission is the last weights' work, and its note says their accuracy; here an earlier
# epoch was better.
awk 'NR < 3 { print } NR == 2 { for (i = 1; i < 28000; i++) print }' digits/test.csv >many.csv
gives 0 train digits/train.csv --test many.csv --recipe mlp --epochs 3 --lr 0.1 --out worse
rm many.csv
out_has "kaggle competitions submit -f $dir/worse/submission.csv -m "
out_has " digit-recognizer"
note=$(awk -F, 'NR > 1 { last = $8 } END { printf "%.2f %%", 100 * last }' worse/metrics.csv)
out_has "'inkling mlp, $note on held-out digits'"
kernels=$("$INKLING" doctor | sed -n 's/^ok *kernels *\([a-z0-9]*\);.*/\1/p')
grep -q "\"isa\": \"$kernels\"" run/env.json || fail "$said: env.json does not say the kernels, $kernels"

gives 0 info worse
out_has "of 80 held-out digits wrong"
out_has "seed        0"

gives 2 train digits --recipe mlp --epochs 1 --out run
err_has "--force"
gives 2 train digits --recipe mlp --epochs 1 --out hard --batch-size 1024 --hard-share 0.01
err_has "batch-size 1024 / hard-share 0.01: a step would look at 102400 images, at most 65536 can be"
has_no hard
gives 0 train digits --recipe mlp --epochs 1 --out run --force --quiet
err_empty
out_has "best validation accuracy"
gives 0 train digits --recipe mlp --epochs 1 --out run2 --quiet --json
err_empty
one_object inkling/train/1
gives 0 train digits --recipe mlp --epochs 1 --out run3 --val 0
out_has "no accuracy is claimed"
grep -q "no accuracy is claimed" run3/report.html || fail "$said: no report, or one with an accuracy"
grep -q "<h2>Training</h2>" run3/report.html || fail "$said: the report lacks the training"

# The data comes last: words in another order are told as what they are.
gives 2 predict digits/test.csv run
err_has "digits/test.csv is no model, and run no data: the data comes last"
err_has "hint: inkling predict run digits/test.csv"
gives 2 predict run digits run2
err_has "hint: inkling predict run run2 digits"
gives 2 eval digits/train.csv digits
err_has "digits/train.csv is a table, expected a model"
(cd run && gives 2 predict ../digits/test.csv digits && err_has "hint: inkling predict digits ../digits/test.csv") || exit 1
gives 2 predict run/accuracy.png run
err_has "hint: inkling predict run run/accuracy.png"
gives 2 predict digits/test.csv run/accuracy.png
err_has "digits/test.csv is a table, expected a model"
for verb in predict eval; do
    gives 2 $verb run
    err_has "run is a run: name the data too"
    err_has "hint: inkling $verb run DATA"
    gives 2 $verb run run2
    err_has "hint: inkling $verb run run2 DATA"
done
gives 2 train run
err_has "run is a run, expected data to learn from"
err_has "train --resume run"
has_no submission.csv

gives 0 predict run digits --quiet
err_empty
out_has "200 predictions in "
has submission.csv
# What is written to stdout is all that stands there.
gives 0 predict run digits -o alone.csv --quiet
"$INKLING" predict run digits -o /dev/stdout >rows.csv 2>err || fail "predict to stdout"
cmp -s rows.csv alone.csv || fail "predict to stdout: other lines among the submission's"
err_has "predictions in /dev/stdout"
rm -f submission.csv
"$INKLING" predict run digits >submission.csv 2>err || fail "predict to the file behind stdout"
cmp -s submission.csv alone.csv || fail "predict > submission.csv: other lines among the submission's"
gives 0 predict run run2 digits -o two.csv --probabilities p.csv --json
one_object inkling/predict/1
has p.csv
gives 0 data show digits --count 1 -o one.png --quiet
gives 0 predict run one.png ./one.png --quiet
err_empty
[ "$(grep -c "one.png$(printf '\t')[0-9]$(printf '\t')[01]\.[0-9][0-9]*$" out)" -eq 2 ] || fail "$said: no two lines file, digit, probability"
# No name makes a line of its own, nor steers the terminal: ESC, and U+009B, which is as good.
odd=$(printf 'a\n9\t0.99\033[2J\302\2332J.png')
cp one.png "$odd"
gives 0 predict run "$odd"
is_plain err
out_has 'a\x0a9\x090.99\x1b[2J\xc2\x9b2J.png'
err_has 'reading a\x0a9\x090.99\x1b[2J\xc2\x9b2J.png'
[ "$(wc -l <out)" -eq 1 ] || fail "$said: more than one line"
gives 0 read --model run "$odd" one.png --sure 0.000001 --quiet
grep -v "\.png$(printf '\t')" out && fail "$said: a line that begins with no file's name"
out_has 'a\x0a9\x090.99\x1b[2J\xc2\x9b2J.png'
printf '\211PNG\r\n\032\nbroken' >broken.png
printf 'GIF89a..............' >moving.gif
gives 3 predict run broken.png one.png moving.gif --quiet
[ "$(wc -l <out)" -eq 1 ] || fail "$said: the good picture is missing"
[ "$(wc -l <err)" -eq 2 ] || fail "$said: not one line for each bad picture"
err_has "broken.png"
err_has "moving.gif: this is a GIF; PNG and JPEG are read"
gives 3 predict run broken.png nothing.png --quiet
gives 4 predict run nothing.png broken.png --quiet
gives 4 predict run one.png nothing.png
err_has "nothing.png"
gives 0 predict run one.png --json --quiet
one_object inkling/predict-pictures/1
gives 3 train one.png
err_has "one.png has no labels"
gives 0 eval run digits --held-out --quiet
err_empty
gives 0 eval run digits --held-out --suspects --out seen --quiet
out_has "suspected wrong labels: "
for made in report.txt report.json confusion.csv confusion.svg confusion.png reliability.svg reliability.png worst.csv \
    worst.png suspects.csv suspects.svg suspects.png predictions.csv; do has "seen/$made"; done
gives 0 eval run digits --held-out --out seen --quiet
has_no seen/suspects.csv
has_no seen/suspects.png
has seen/worst.png
mkdir own
for mine in report.txt predictions.csv suspects.csv; do
    echo mine >own/$mine
    gives 2 eval run digits --held-out --out own
    err_has "own/$mine is there already"
    grep -q mine own/$mine || fail "$said: $mine is lost"
    rm own/$mine
done
gives 4 eval run digits --held-out --out one.png --quiet
err_has "one.png: a file has that name"
gives 2 eval run digits/train.csv --suspects
err_has "--held-out"
gives 0 eval run digits --json
one_object inkling/eval/1
gives 8 eval run digits --held-out --min-accuracy 1 --quiet
err_has "below the 1 that was asked for"
gives 8 eval run digits --held-out --min-accuracy 100% --quiet
# What is read is never written over, nor one output by another.
cp one.png digits.png
gives 2 data show digits.png --quiet
err_has "would be lost"
gives 2 show saliency run digits.png -o digits.png
cmp -s one.png digits.png || fail "$said: the picture was written over"
rm -f submission.csv
gives 0 predict run one.png --probabilities p.csv --quiet
has p.csv
has_no submission.csv
gives 2 predict run digits -o same.csv --probabilities same.csv
err_has "cannot both go to same.csv"
gives 2 predict run digits/train.csv --force -o digits/train.csv
err_has "would be lost"
gives 0 data show digits -o sheet.png --quiet
err_empty
has sheet.png
gives 0 info run --json
one_object inkling/info/1
gives 0 doctor --json
one_object inkling/doctor/1
export INK_ISA=abacus
gives 5 doctor
out_has "FAULT"
gives 5 doctor --json
one_object inkling/doctor/1
unset INK_ISA
gives 0 version --json
one_object inkling/version/1
gives 0 bench csv digits/train.csv --repeats 1 --json
one_object inkling/bench-csv/1
gives 0 recipe show v3
out_has "[net]"

# Other endings.
gives 4 train missing.csv
out_empty
err_has "missing.csv"
echo "label,nonsense" >bad.csv
gives 3 train bad.csv
out_empty
err_has "bad.csv:1"
gives 0 recipe layers
out_has "conv K RxS [stride S]"
out_has "repeat N"
[ "$(wc -l <out)" -le 30 ] || fail "$said: more than a screenful"
gives 2 recipe show v33
err_has "v3"
gives 2 train digits --recipe v33
gives 0 train digits --recipe mlp --epochs 1 --lr 1e3 --out exploded --quiet
err_has "the net learned nothing"
# Dropout before the first layer: what training and evaluation share must fit both.
printf 'dropout 0.2\nlinear 16\nrelu\nlinear 10\n' >drop.txt
gives 0 train digits --recipe mlp --net drop.txt --epochs 1 --out drop --quiet
gives 0 predict drop digits -o drop.csv --quiet
gives 2 train digits --recipe mlp --lr fast
[ ! -e runs ] || fail "a refused run left a folder"

# Lost results are noticed.
if [ -w /dev/full ]; then
    code=0
    "$INKLING" recipe list >/dev/full 2>err || code=$?
    [ "$code" -eq 4 ] || fail "a full disk behind stdout: exit code $code"
    err_has "cannot write the results"
fi
# A file that may not grow: an error with a name, and no half of a submission.
code=0
(ulimit -f 1 && exec "$INKLING" predict run digits -o small.csv -q) >out 2>err || code=$?
[ "$code" -eq 4 ] || fail "a file that may not grow: exit code $code"
err_has "small.csv"
[ ! -e small.csv ] || fail "half a submission was left"
code=0
"$INKLING" recipe list >&- 2>err || code=$?
[ "$code" -eq 4 ] || fail "stdout closed: exit code $code"
"$INKLING" recipe list 2>&- >out || fail "stderr closed"
has out
# A reader that went away is no error worth a word.
{
    sleep 1
    code=0
    "$INKLING" help --man 2>err || code=$?
    echo $code >code
} | true
[ "$(cat code)" -eq 141 ] || fail "reader gone: exit code $(cat code)"
[ ! -s err ] || fail "reader gone: words on stderr"

# Colour: asked for, forced, refused.
"$INKLING" eval x --held-out --color always 2>err
grep -q "$(printf '\033')" err || fail "--color always: no colour"
CLICOLOR_FORCE=1 "$INKLING" train 2>err
grep -q "$(printf '\033')" err || fail "CLICOLOR_FORCE: no colour"
NO_COLOR=1 CLICOLOR_FORCE=1 "$INKLING" train 2>err
grep -q "$(printf '\033')" err && fail "NO_COLOR: colour"
exit 0
