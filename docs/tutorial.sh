#!/bin/sh
# docs/tutorial.sh: runs every command of docs/tutorial.md and rebuilds its figures and pictures.
#   docs/tutorial.sh DATA [FOLDER]   DATA: Kaggle's files; FOLDER gets the runs (default: runs/tutorial)
# INKLING names the program (default: build/release/inkling). Runs that are there already are kept: delete FOLDER to
# begin anew. Some minutes of two cores; WITH_RESNET=1 trains v7 too, which takes an hour more.
set -eu
data=$1
out=${2:-runs/tutorial}
here=$(cd "$(dirname "$0")/.." && pwd)
inkling=${INKLING:-$here/build/release/inkling}
pictures=$here/docs/pictures
mkdir -p "$out"

# step NAME WORD...: trains once; all steps hold out the same tenth of the rows.
step() {
    name=$1
    shift
    [ -s "$out/$name/report.txt" ] || "$inkling" train "$data" --out "$out/$name" --force --val '0.1 stratified' "$@"
}

warp='rotate 12 stretch 0.12 shear 0.15 shift 0.08'
step v2 --recipe v2
step v3 --recipe v3
step shuffled --recipe mlp
step conv --recipe mlp --net lenet
step cycle --recipe mlp --net lenet --schedule one-cycle --lr 4e-3
step augment --recipe mlp --net lenet --schedule one-cycle --lr 4e-3 --augment "$warp"
step ema --recipe mlp --net lenet --schedule one-cycle --lr 4e-3 --augment "$warp" --ema 0.998
step deeper --recipe cnn
step default --recipe default
if [ -n "${WITH_RESNET:-}" ] && [ ! -s "$out/v7/report.txt" ]; then
    "$inkling" train "$data" --out "$out/v7" --force --recipe v7
fi

# The figures: accuracy of the last weights on the held-out rows; then three nets asked together, and looking again.
{
    for run in v2 v3 shuffled conv cycle augment ema deeper default v7; do
        [ -s "$out/$run/report.txt" ] || continue
        printf '%-9s ' "$run"
        head -n 1 "$out/$run/report.txt"
    done
    printf '%-9s ' together
    "$inkling" eval "$out/cycle" "$out/augment" "$out/ema" "$data" --held-out --quiet | head -n 1
    printf '%-9s ' again
    "$inkling" eval "$out/ema" "$data" --held-out --tta-below 0.99 --quiet | head -n 1
} | tee "$out/figures.txt"

# The pictures.
cp "$out/v3/accuracy.png" "$pictures/tutorial-v3.png"
cp "$out/cycle/curves.png" "$pictures/tutorial-cycle.png"
cp "$out/default/curves.png" "$pictures/curves.png"
cp "$out/default/worst.png" "$pictures/worst.png"
cp "$out/default/confusion.png" "$pictures/confusion-default.png"
