#!/bin/sh
# tests/e2e/cli_learned.sh: an accuracy on rows that a model has learned is not told as if they were new to it.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make d --count 400 --seed 1 --quiet
gives 0 data make other --count 400 --seed 2 --quiet
gives 0 train d --recipe mlp --val 0.25 --epochs 2 --out a --quiet
err_empty
grep -q "SHA-256</th><td>[0-9a-f]\{64\}<" a/report.html || fail "a/report.html: no hash of the weights"

# Measuring.
gives 0 eval a d/train.csv --quiet
err_has "a/weights/last.safetensors has learned 300 of these 400 rows"
err_has "; --held-out measures on the rest"
gives 0 eval a/weights/best.safetensors d/train.csv --quiet
err_has "has learned 300 of these 400 rows"
err_has "; $(pwd -P)/a in its place, with --held-out, measures on the rest"
gives 0 eval "$(pwd -P)/a" d --held-out --quiet
err_empty
gives 0 export a --dtype f16 -o moved.safetensors
gives 0 eval moved.safetensors d/train.csv --quiet
err_has "moved.safetensors has learned from these 400 rows, whatever its run held out"
err_has "the folder of its run in its place"

# A part of the data is known by its images.
{
    sed -n 1,201p d/train.csv
    sed -n 2,101p other/train.csv
} >part.csv
held=$(awk -F, 'NR > 1 && $1 < 200' a/split.csv | wc -l)
gives 0 eval a part.csv --quiet
err_has "has learned $((200 - held)) of these 300 rows"
grep -q "held-out" err && fail "$said: --held-out wants the run's own data"
gives 2 eval a part.csv --suspects
err_has "has learned these labels"
gives 0 train part.csv --recipe mlp --val 0.25 --epochs 1 --weights a --out part --quiet
err_has "of the 75 rows held out here: their accuracy will flatter"
gives 0 train part.csv --recipe mlp --val 0.25 --epochs 1 --teacher a --out part --force --quiet
err_has "of the 75 rows held out here: their accuracy will flatter"
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --weights moved.safetensors --out part --force --quiet
err_has "may know the 100 rows held out here"
gives 0 eval a d --held-out --quiet
err_empty
gives 0 eval a other/train.csv --quiet
err_empty
gives 2 eval a d --held-out --out a
err_has "another folder"
gives 0 train d other/train.csv --recipe mlp --val 0.25 --epochs 1 --out more --quiet
gives 0 eval more other/train.csv --quiet
err_has "has learned 400 of these 400 rows"
gives 2 eval more other/train.csv --suspects
err_has "has learned these labels"

# Rows have numbers: those that were held out of one file are not those of another.
gives 0 train d --recipe mlp --val 0.25 --members "2 same" --epochs 1 --out same --quiet
gives 3 eval same other --held-out
err_has "learned from other images"
gives 3 data pages pages other/train.csv --held-out same
err_has "learned from other images"

# First weights and teachers.
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --weights a --out b --quiet
err_empty
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --seed 3 --weights a --out c --quiet
err_has "of the 100 rows held out here"
gives 0 train d --recipe mlp --val 0.25 --epochs 1 --seed 3 --teacher a --out t --quiet
err_has "of the 100 rows held out here"
gives 0 train d --recipe mlp --folds 2 --epochs 1 --weights a --out f --quiet
err_has "of the 200 rows held out here"
