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
err_has "--held-out"
cp a/weights/last.safetensors moved.safetensors
gives 0 eval moved.safetensors d/train.csv --quiet
err_has "has learned 400 of these 400 rows"
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
