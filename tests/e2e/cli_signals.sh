#!/bin/sh
# tests/e2e/cli_signals.sh: Ctrl-C and its kin: the run is saved, the words to go on are printed, and going on leads to the
# same bytes as never having stopped.
. "$INK_SOURCE/tests/e2e/cli_setup"
command -v python3 >/dev/null || exit 77

"$INKLING" data make digits --count 600 -q >/dev/null || fail "data make"
is() { python3 -c 'import json, sys; sys.exit(not eval(sys.argv[1], json.load(open("facts"))))' "$1" || fail "$said: not $1: $(cat facts)"; }
# stop <signal> <text>: trains until stderr says the text, then sends the signal.
stop() {
    said="$1 when \"$2\" is said"
    rm -rf run
    python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --signal "$1" --when "$2" --err err --out out \
        "$INKLING" train digits --recipe mlp --epochs 20 --out run --seed 5 >facts || fail "$said"
}

gives 0 train digits --recipe mlp --epochs 20 --out whole --seed 5 --quiet

stop SIGINT " 2/20"
is 'code == 130'
err_has "the run is saved in $dir/run"
err_has "train --resume $dir/run"
grep -q interrupted run/status.json || fail "$said: status.json does not say interrupted"
[ ! -s out ] || fail "$said: something on stdout"
gives 0 train --resume run
out_has "best validation accuracy"
for file in weights/last.safetensors weights/best.safetensors submission.csv; do
    cmp "whole/$file" "run/$file" || fail "resumed: $file differs from the run that was never stopped"
done
[ "$(wc -l <run/metrics.csv)" -eq 21 ] || fail "resumed: metrics.csv has $(wc -l <run/metrics.csv) lines, not 21"

# A run that is done can be resumed too: nothing is left to learn, its end is told again.
cp run/weights/last.safetensors before
gives 0 train --resume run
out_has "best validation accuracy"
cmp before run/weights/last.safetensors || fail "resumed when done: other weights"

stop SIGTERM " 1/20"
is 'code == 143'
err_has "to go on: "
stop SIGUSR1 " 1/20"
is 'code == 143'

# Two signals: it ends, whatever it was doing.
said="two signals"
python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --signal SIGINT --times 2 --when "epoch  1/" --err err --out out \
    "$INKLING" train digits --recipe mlp --epochs 20 --out twice >facts || fail "$said"
is 'code == 130'

# One is enough while the data are still waited for.
said="a silent pipe"
mkfifo silent
exec 3<>silent
for words in "predict -" "train - --out waiting" "eval -" "read -" "data show -" "info /dev/stdin" "import /dev/stdin -o m.safetensors"; do
    # shellcheck disable=SC2086
    timeout -s KILL 10 "$INKLING" $words >out 2>err <silent &
    sleep 0.3
    kill -TERM $!
    code=0
    wait $! || code=$?
    [ "$code" -eq 143 ] || fail "$words: exit code $code after SIGTERM, expected 143"
done
exec 3>&-
[ ! -e waiting ] || fail "$said: train left a run folder"

# SIGHUP is survived.
said="SIGHUP"
python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --signal SIGHUP --when "epoch  1/" --err err --out out \
    "$INKLING" train digits --recipe mlp --epochs 10 --out hung >facts || fail "$said"
is 'code == 0'

# Stopped before anything was worth saving: no crash, the right code.
said="at once"
python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --signal SIGINT --when "" --err err --out out \
    "$INKLING" train digits --recipe mlp --epochs 20 --out early >facts || fail "$said"
is 'code == 130'

# A run in its first epoch has no checkpoint yet: who would go on with it is told that it is at work.
rm run/checkpoint.ink*
python3 -c 'import fcntl, subprocess, sys
lock = open("run/.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print(4321, file=lock, flush=True)
sys.exit(subprocess.call([sys.argv[1], "train", "--resume", "run"], stderr=open("err", "w")))' "$INKLING"
[ $? -eq 2 ] || fail "a run at work was resumed"
err_has "run is already in use by pid 4321"
