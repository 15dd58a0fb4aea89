#!/bin/sh
# bench/serve.sh: inkling serve under load, on loopback: 64 busy connections beside 10,000 idle ones; slow clients beside
# others. bench/serve_load.c says what the words mean; docs/serving.md what came out.
#   INKLING=build/release/inkling bench/serve.sh          three minutes
#   INKLING=build/asan/inkling bench/serve.sh short       all kinds of load, shorter deadlines: for sanitizers' builds, whose
#                                                         times say nothing; it ends when the server writes a line or fails
set -eu
long=yes limits=
if [ "${1-}" = short ]; then long=no limits='--header-timeout 8s --body-timeout 4s --write-timeout 4s'; fi
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
    # shellcheck disable=SC2086 # several words
    "$INKLING" serve "$model" --port 0 --connections 16000 --idle-timeout 10m $limits -q >"$work/url" 2>"$work/said" &
    pid=$!
    until [ -s "$work/url" ]; do sleep 0.1; done
    port=$(sed 's,.*:\([0-9]*\)/,\1,' "$work/url")
    echo "serve $model; serve_load $*"
    "$work/load" "$port" --pid "$pid" "$@" | sed 's/^/    /'
    kill "$pid"
    wait "$pid"
    pid=
    [ ! -s "$work/said" ] || { cat "$work/said" >&2; exit 1; }
}

if [ $long = no ]; then
    under tiny --busy 64 --idle 1000 --requests 1000000 --seconds 20
    for kind in header body chunk read; do
        under tiny --busy 16 --rate 100 --seconds 8 --slow 1000 --kind $kind
    done
    exit 0
fi
under digits --busy 64 --idle 10000 --requests 1000000 --seconds 200
under digits --busy 64 --idle 10000 --rate 1920 --seconds 10
under digits --busy 16 --rate 480 --seconds 16
for kind in header body chunk read; do
    under digits --busy 16 --rate 480 --seconds 16 --slow 1000 --kind $kind
done
