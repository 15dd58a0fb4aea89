#!/bin/sh
# bench/serve.sh: inkling serve under load, on loopback: 64 busy connections beside 10,000 idle ones; slow clients beside
# others. bench/serve_load.c says what the words mean; docs/serving.md what came out.
set -eu
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"
"${CC:-cc}" -O2 -o "$work/load" bench/serve_load.c

# under <model> <word of serve_load>...
under() {
    model=$1
    shift
    rm -f "$work/url" # not the port of the server before
    "$INKLING" serve "$model" --port 0 --connections 16000 --idle-timeout 10m -q >"$work/url" &
    pid=$!
    until [ -s "$work/url" ]; do sleep 0.1; done
    port=$(sed 's,.*:\([0-9]*\)/,\1,' "$work/url")
    echo "serve $model; serve_load $*"
    "$work/load" "$port" --pid "$pid" "$@" | sed 's/^/    /'
    kill "$pid"
    wait "$pid"
    pid=
}

under digits --busy 64 --idle 10000 --requests 1000000 --seconds 200
under digits --busy 64 --idle 10000 --rate 1920 --seconds 10
under digits --busy 16 --rate 480 --seconds 16
for kind in header body chunk read; do
    under digits --busy 16 --rate 480 --seconds 16 --slow 1000 --kind $kind
done
