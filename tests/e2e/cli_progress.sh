#!/bin/sh
# tests/e2e/cli_progress.sh: the progress line on a terminal: calm, as wide as it may be, gone at the end; and no
# trace of it in a file.
. "$INK_SOURCE/tests/e2e/cli_setup"
command -v python3 >/dev/null || exit 77
python3 -c 'import pty; pty.openpty()' 2>/dev/null || { echo "skipped: no pseudo-terminals here"; exit 77; }
escape=$(printf '\033')

"$INKLING" data make digits --count 2000 -q >/dev/null || fail "data make"
# on <columns> <word>...: inkling on a terminal of so many columns; facts in the file facts.
on() {
    columns=$1
    shift
    said="inkling $* on $columns columns"
    python3 "$INK_SOURCE/tests/e2e/cli_terminal.py" --columns "$columns" --err err --out out "$INKLING" "$@" >facts ||
        fail "$said"
}
fact() { python3 -c 'import json, sys; print(json.load(open("facts"))[sys.argv[1]])' "$1"; }
is() { python3 -c 'import json, sys; sys.exit(not eval(sys.argv[1], json.load(open("facts"))))' "$1" || fail "$said: not $1: $(cat facts)"; }

on 80 train digits --recipe mlp --epochs 40 --out run
is 'code == 0'
is 'busiest <= 10'
is 'first_s < 1'
grep -q "epoch [0-9]*/40 \[" err || fail "$said: no bar"
grep -q "$escape\[K" err || fail "$said: the line is not cleared"
is_plain out

# No drawn line is wider than the terminal: between a carriage return and ESC [ K.
on 40 train digits --recipe mlp --epochs 40 --out run2
tr '\r' '\n' <err | sed -n "s/$escape\[K.*//p" | awk 'length($0) > 39 { print; bad = 1 } END { exit bad }' ||
    fail "$said: a line would wrap"

# UTF-8 letters only when the locale says so.
grep -q '━' err && fail "$said: UTF-8 in the C locale"
if LC_ALL=C.UTF-8 locale charmap 2>/dev/null | grep -q UTF-8; then
    LC_ALL=C.UTF-8 on 80 train digits --recipe mlp --epochs 40 --out run3
    grep -q '━' err || fail "$said: no UTF-8 in a UTF-8 locale"
fi

# Nothing is drawn for --quiet, a dumb terminal or a file.
on 80 train digits --recipe mlp --epochs 2 --out run4 --quiet
[ ! -s err ] || fail "$said: something on the terminal"
TERM=dumb on 80 train digits --recipe mlp --epochs 2 --out run5
grep -q "$escape" err && fail "$said: control characters on a dumb terminal"
gives 0 train digits --recipe mlp --epochs 2 --out run6
is_plain err
