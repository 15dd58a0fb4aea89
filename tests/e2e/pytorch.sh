#!/bin/sh
# tests/e2e/pytorch.sh: live, where there is a PyTorch: its files become models that say the same, and our files load
# into its nets as they are. Skipped (77) without one; $INK_PYTHON names the Python to use.
. "$INK_SOURCE/tests/e2e/cli_setup"
for python in "${INK_PYTHON:-}" python3 /usr/bin/python3 "$INK_SOURCE/build/pytorch/bin/python"; do
    [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null || continue
    gives 0 data make digits --count 400 --seed 5 --quiet
    exec "$python" "$INK_SOURCE/tests/e2e/pytorch_live.py" "$INKLING" "$INK_SOURCE" digits
done
echo "no PyTorch here: not compared"
exit 77
