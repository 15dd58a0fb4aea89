#!/bin/sh
# tests/e2e/serve.sh: inkling serve, as a browser, a script, a careless and a hostile client meet it.
. "$INK_SOURCE/tests/e2e/cli_setup"
command -v python3 >/dev/null || exit 77

"$INKLING" data make digits --count 2000 -q >/dev/null || fail "data make"
for seed in 1 2; do
    "$INKLING" train digits --recipe v3 --epochs 1 --seed "$seed" --out "run$seed" -q >out 2>err || fail "train"
done
python3 "$INK_SOURCE/tests/e2e/serve.py" "$INKLING" run1/weights/last.safetensors run2/weights/last.safetensors ||
    fail "serve.py"
