#!/bin/sh
# bench/pytorch.sh: training and inference: inkling beside PyTorch, turn by turn in one run; the best of PyTorch counts.
#   bench/pytorch.sh [OPTION...]    options: see bench/pytorch.py --help; --net and --mode choose one measurement
# PyTorch is what /usr/bin/python3 has (Debian: python3-torch) and PyPI's newest in build/pytorch, which is made here
# (a few gigabytes) unless INK_PYPI=no. With neither nothing is measured.
set -eu
cd "$(dirname "$0")/.."
inkling=${INKLING:-build/release/inkling}
venv=build/pytorch
if [ "${INK_PYPI:-yes}" != no ] && ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    echo "bench/pytorch.sh: PyTorch from PyPI into $venv" >&2
    { python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet torch; } >&2 || rm -rf "$venv"
fi
set -- --inkling "$inkling" "$@"
for python in "$venv/bin/python" /usr/bin/python3; do
    if "$python" -c 'import torch' 2>/dev/null; then set -- "$@" --python "$python"; fi
done
case " $* " in
*" --python "*) exec python3 bench/pytorch.py "$@" ;;
*) echo "bench/pytorch.sh: no PyTorch here: not measured" >&2 ;;
esac
