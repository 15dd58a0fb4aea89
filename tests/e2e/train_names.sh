#!/bin/sh
# tests/e2e/train_names.sh: paths and names may be any bytes: a run saves them, and finds the same files again.
. "$INK_SOURCE/tests/e2e/cli_setup"

# "café" in Latin-1, which is no UTF-8, and a backslash.
latin=$(printf 'caf\351\\x')
mkdir "$latin" || exit 77 # a file system that takes no such names
cd "$latin" || exit 1
gives 0 data make digits --count 300 --seed 1 --quiet
gives 0 data make more --count 50 --seed 2 --quiet
gives 0 train digits more/train.csv --recipe v3 --epochs 1 --out one --quiet
gives 0 train digits more/train.csv --recipe v3 --epochs 2 --out run --teacher one --test digits/test.csv --quiet
for recipe in "--members 2" "--folds 2"; do
    # shellcheck disable=SC2086 # two words
    gives 0 train digits --recipe v3 $recipe --epochs 1 --teacher one --weights one --out several --force --quiet
    gives 0 train --resume several --quiet
done
cd "$dir" || exit 1
gives 0 train --resume "$latin/run" --quiet
grep -q '"state": "done"' "$latin/run/status.json" || fail "$said: not done"

gives 2 train --resume "$latin/run$(printf '/.%.0s' $(seq 520))" --quiet
err_has "is too long"

# A recipe's name stands in the model: what is no UTF-8 in it does not, and it is cut between letters.
"$INKLING" recipe show v3 | sed '1s/.*/# r\xe9seau/; $s/$/\n# r\xe9seau/' >"$latin.txt"
long=$(printf '\303\251%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
cp "$latin.txt" "x$long.txt"
for name in "$latin.txt" "x$long.txt"; do
    gives 0 train "$latin/digits" --recipe "$name" --epochs 1 --out named --force --quiet
    gives 0 train --resume named --quiet
    gives 0 info named --json
done
[ "$(grep -ac "$(printf '"inkling.recipe":"x\303\251')" named/weights/last.safetensors)" -gt 0 ] || fail "no recipe's name"
# So stands in an imported model the name of the file that it was.
cp named/weights/last.safetensors "$latin.safetensors"
gives 0 import "$latin.safetensors" --net "$latin.txt" --normalise "range 250 0.5" -o imported.safetensors
gives 0 info imported.safetensors
out_has 'caf?\x.safetensors'
exit 0
