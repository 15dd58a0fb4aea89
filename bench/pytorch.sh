#!/bin/sh
# bench/pytorch.sh: training and inference: inkling beside PyTorch, turn by turn in one run; the best of PyTorch counts.
#   bench/pytorch.sh [OPTION...]    options: see bench/pytorch.py --help; --net and --mode choose one measurement
# PyTorch is what python3 and /usr/bin/python3 have (Debian: python3-torch) and PyPI's newest in build/pytorch, which is made
# here (a few gigabytes) unless INK_PYPI=no; for --device cuda only if no other Python's PyTorch finds the GPU. With none
# nothing is measured.
set -eu
cd "$(dirname "$0")/.."
inkling=${INKLING:-build/release/inkling}
venv=build/pytorch
has='import torch'
case " $* " in *" --device cuda "* | *" --device=cuda "*) has='import torch; assert torch.cuda.is_available()' ;; esac
found=
for python in "$(command -v python3 || true)" /usr/bin/python3; do
    case " $found " in *" $python "*) continue ;; esac
    if "$python" -c "$has" 2>/dev/null; then found="$found $python"; fi
done
pypi=${INK_PYPI:-yes}
[ -z "$found" ] || [ "$has" = 'import torch' ] || pypi=no
if [ "$pypi" != no ] && ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    echo "bench/pytorch.sh: PyTorch from PyPI into $venv" >&2
    { python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --retries 1 torch; } >&2 || rm -rf "$venv"
fi
if "$venv/bin/python" -c "$has" 2>/dev/null; then found="$venv/bin/python$found"; fi
if [ -z "$found" ]; then
    echo "bench/pytorch.sh: no PyTorch here: not measured" >&2
    exit 0
fi
set -- --inkling "$inkling" "$@"
for python in $found; do set -- "$@" --python "$python"; done
exec python3 bench/pytorch.py "$@"
