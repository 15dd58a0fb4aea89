#!/bin/sh
# tests/e2e/train_time.sh: --until ends a run at an accuracy, --budget fits the epochs to a time and writes them down.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 1 --quiet

# Reached at once: one epoch, and it says so.
gives 0 train digits --recipe mlp --epochs 50 --until 1% --out soon
out_has "reached 1.00 % in epoch 1"
[ "$(wc -l <soon/metrics.csv)" -eq 2 ] || fail "$said: more than one epoch"
gives 0 train --resume soon --json --quiet
grep -q '"reached": *true' out || fail "$said: reached is not told"

# Not reached: everything is there, and the exit code tells.
gives 8 train digits --recipe mlp --epochs 1 --until 100% --out late
err_has "100.00 % was not reached in 1 epoch: "
has late/submission.csv
gives 2 train digits --recipe mlp --val 0 --until 90% --out none
err_has "until needs rows to measure on"

# The epochs that fit stand in args.conf, the budget no longer: the same file gives the same run.
gives 0 train digits --recipe mlp --budget 1s --out timed --json --quiet
grep -q '^budget *= none' timed/args.conf || fail "$said: the budget is still in args.conf"
epochs=$(sed -n 's/^epochs *= //p' timed/args.conf)
[ "$(($(wc -l <timed/metrics.csv) - 1))" -eq "$epochs" ] || fail "$said: args.conf says $epochs epochs"
mkdir told
cp timed/args.conf told/mlp.txt
gives 0 train digits --recipe told/mlp.txt --out again --quiet
cmp -s timed/weights/last.safetensors again/weights/last.safetensors || fail "$said: other weights"
gives 0 train digits --recipe mlp --budget 0.01s --out tight
err_has "is too short"
[ "$(sed -n 's/^epochs *= //p' tight/args.conf)" = 1 ] || fail "$said: not one epoch"
