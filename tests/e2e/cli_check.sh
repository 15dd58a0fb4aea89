#!/bin/sh
# tests/e2e/cli_check.sh: data check finds what was put there, draws it, and says ok where nothing is.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 3 --quiet
gives 0 data check digits --quiet
err_empty
out_has "600 images of 28x28"
out_has "test.csv: 150"
out_has "ok    Blank images, one shade all over: none"
out_has "ok    Not normalised as MNIST's digits are: none"
out_has "ok    Exact copies of an earlier image: none"

# A copy, a copy with another label, a blank one, one that is shifted, and a test image that was learned.
mkdir bad
head -n 301 digits/train.csv >bad/train.csv
sed -n 5p digits/train.csv >>bad/train.csv
sed -n 6p digits/train.csv | sed 's/^./x/; s/^x/0/' >>bad/train.csv
sed -n 7p digits/train.csv | awk -F, '{ printf "%s", $1; for (i = 2; i <= NF; i++) printf ",0"; print "" }' >>bad/train.csv
sed -n 8p digits/train.csv | awk -F, '{ printf "%s", $1; for (i = 2; i <= NF; i++) printf ",%s", (i > 5 ? $(i - 4) : 0); print "" }' >>bad/train.csv
head -n 20 digits/test.csv >bad/test.csv
sed -n 9p digits/train.csv | cut -d, -f2- >>bad/test.csv
gives 0 data check bad --out found --quiet
out_has "look  Exact copies of an earlier image: 2"
out_has "look  Test images that are copies of a training image: 1 (found/test_copies.png)"
out_has "look  Blank images, one shade all over: 1"
out_has "look  Not normalised as MNIST's digits are: 1"
out_has "#302"
# The pair with two labels is told first, although it is the later one.
sed -n '/Exact copies of an earlier/{n;p;}' out | grep -q "#301" || fail "$said: the pair with two labels is not the first"
for made in check.txt check.json copies.png test_copies.png blank.png unnormalised.png; do has "found/$made"; done
[ ! -e found/near.png ] || fail "$said: a picture of nothing"
cmp -s out found/check.txt || fail "$said: check.txt is not what was said"
odd=$(printf 'b\377d') # a name that is no UTF-8, as JSON must be
cp -R bad "$odd"
gives 0 data check "$odd" --out found --json --quiet
out_has '"data": "b?d/train.csv"'
gives 8 data check bad --strict --json --quiet
err_has "--strict"
if command -v python3 >/dev/null; then
    python3 -c '
import json
o = json.load(open("out"))
assert o["schema"] == "inkling/data-check/1" and o["copies"]["count"] == 2 and o["test_copies"]["count"] == 1
' || fail "$said: the JSON is not as expected"
fi
# A picture of that name is the user's, until check.json says that it is ours.
gives 0 data check bad --out found --quiet
mkdir own
echo mine >own/copies.png
gives 2 data check digits --out own
err_has "own/copies.png is there already"
grep -q mine own/copies.png || fail "$said: the picture is lost"
has_no own/check.txt
gives 0 data check digits/test.csv
gives 3 data check /dev/null
gives 4 data check none.csv
exit 0
