#!/bin/sh
# bench/draw.sh: how many real digits the page reads right when they are drawn on it, off-centre, small, large, slanted.
#   bench/draw.sh [TRAIN.csv]     a file, not packed, or $INK_DATA as script/bench sets it
# RUN is a folder that `inkling train TRAIN.csv` made with the same seed and share of held-out rows as the page's model:
# its split.csv says which rows the model never saw. COUNT drawings (600); needs Chromium, its driver and python3.
set -eu
cd "$(dirname "$0")/.."
file=${1:-${INK_DATA:-data}}
[ ! -d "$file" ] || file=$file/train.csv
page=${PAGE:-build/release/inkling-draw.html}
for needed in "$file" "$page" "${RUN:-runs/latest}/split.csv"; do
    if [ ! -e "$needed" ]; then
        echo "bench/draw.sh: no $needed: drawings not measured" >&2
        exit 0
    fi
done
exec python3 -B bench/draw.py "${INKLING:-build/release/inkling}" "$page" "$file" "${RUN:-runs/latest}/split.csv" "${COUNT:-600}"
