#!/bin/sh
# tests/e2e/cli_builtin.sh: predict, eval and info without any model file: the ones inside the program.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 info
out_has "built-in models"
out_has "digits "
gives 0 info --json
out_has '"models"'
gives 0 info digits
out_has "built-in model digits"
out_has "score "
out_has "command "

gives 0 info resnet18
cp out word
gives 0 info --net resnet18
cmp -s out word || fail "$said: another table than without --net"
gives 2 info --net resnet18 digits
err_has "one of the two at a time"

gives 0 data make drawn --count 400 --seed 3 --quiet
gives 0 predict drawn -o a.csv --quiet
out_has "100 predictions in a.csv"
gives 0 predict digits drawn -o b.csv --quiet
cmp -s a.csv b.csv || fail "no model and its name differ"
gives 0 predict drawn -o a.csv --quiet

# A file that is no submission may be somebody's data.
cp drawn/test.csv mine.csv
gives 2 predict mine.csv -o mine.csv
err_has "mine.csv is there already, and is no submission"
err_has "--force"
gives 2 predict drawn -o c.csv --probabilities mine.csv
cmp -s mine.csv drawn/test.csv || fail "$said: mine.csv was changed"
for words in "predict drawn -o" "predict drawn --probabilities" "train drawn --epochs 1 --out" "eval drawn --out" \
    "export -o" "import mine.csv -o" "data show drawn -o" "data check drawn --out"; do
    # shellcheck disable=SC2086 # words
    gives 2 $words -
    err_has "is '-', expected a name to write to"
done
has_no ./-
gives 0 predict drawn -o mine.csv --force --quiet
cmp -s mine.csv a.csv || fail "$said: not replaced"
gives 0 eval drawn --quiet --min-accuracy 0.9
gives 0 eval digits digits drawn --quiet
out_has " of 100 wrong"

# A picture through a pipe is no table.
said="a picture on standard input"
code=0
"$INKLING" predict - <"$INK_SOURCE/docs/pictures/draw.png" >out 2>err || code=$?
[ $code -eq 3 ] || fail "$said: exit code $code"
err_has "standard input: this is a picture"

# A file of that name comes first; a wrong name is told as such.
gives 4 predict digit drawn
err_has "digit"
err_has "built-in"
: >digits
gives 3 predict digits drawn
err_has "digits"
