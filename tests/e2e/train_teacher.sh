#!/bin/sh
# tests/e2e/train_teacher.sh: --teacher: a run learns from models, and goes on with the same ones after a stop.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 1 --quiet
gives 0 train digits --recipe mlp --epochs 2 --out one --quiet
gives 0 train digits --recipe mlp --epochs 2 --seed 1 --out two --quiet
gives 0 train digits --recipe mlp --epochs 3 --teacher one --teacher two/weights/last.safetensors --out taught
err_has "taught by 2 models"
gives 0 train digits --recipe mlp --epochs 3 --out alone --quiet
cmp -s taught/weights/last.safetensors alone/weights/last.safetensors && fail "$said: the teachers changed nothing"

# A finished run goes on to nothing, but only with its own teachers.
gives 0 train --resume taught
err_has "taught by 2 models"
cp one/weights/last.safetensors two/weights/last.safetensors
gives 3 train --resume taught
err_has "a teacher has changed since the run began"

gives 2 train --resume taught --teacher one
err_has "--teacher"
gives 4 train digits --recipe mlp --teacher nobody --out none
gives 3 train digits --recipe mlp --teacher digits/train.csv --out none
