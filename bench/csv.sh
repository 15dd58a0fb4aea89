#!/bin/sh
# bench/csv.sh: reading Kaggle's train.csv: inkling beside pandas.read_csv, turn by turn in one run, the best of each.
#   bench/csv.sh [TRAIN.csv]      a file, not packed, or $INK_DATA as script/bench sets it; pandas comes from PyPI
# Prints a line for people: seconds of each and their ratio.
set -eu
cd "$(dirname "$0")/.."
inkling=${INKLING:-build/release/inkling}
file=${1:-${INK_DATA:-data}}
[ ! -d "$file" ] || file=$file/train.csv
if [ ! -e "$file" ]; then
    echo "bench/csv.sh: no $file: csv not measured" >&2
    exit 0
fi
python=build/bench-venv/bin/python
if ! "$python" -c 'import pandas' 2>/dev/null; then
    python3 -m venv build/bench-venv
    "$python" -m pip install --quiet pandas
fi
"$python" - "$inkling" "$file" <<'END'
import json, subprocess, sys, time
import pandas

inkling, path = sys.argv[1:]
ours, theirs = [], []
for turn in range(5):
    out = subprocess.run([inkling, "bench", "csv", path, "--threads", "1", "--json", "--quiet"],
                         check=True, stdout=subprocess.PIPE).stdout
    ours.append(json.loads(out)["seconds"])
    start = time.perf_counter()
    frame = pandas.read_csv(path)
    theirs.append(time.perf_counter() - start)
print(f"csv: {len(frame)} rows; inkling, one thread, {min(ours):.4f} s; pandas {pandas.__version__} "
      f"{min(theirs):.3f} s; {min(theirs) / min(ours):.0f} times as fast")
END
