#!/bin/sh
# tests/e2e/cli_bench.sh: the benchmarks of nets give whole objects with numbers that fit together, and refuse nonsense.
# How fast anything is, is no test's business.
. "$INK_SOURCE/tests/e2e/cli_setup"

# holds <python expression over o>: it is true of the object on stdout.
holds() {
    command -v python3 >/dev/null || return 0
    python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), o
' "$dir/out" "$1" || fail "$said: not so: $1"
}

gives 0 bench train --net mlp --batch-size 32 --threads 2 --precision f32 --seconds 0.1 --json --quiet
err_empty
holds 'o["schema"] == "inkling/bench-train/1" and o["net"] == "mlp" and o["precision"] == "f32"'
holds '"device_busy" not in o'
holds 'o["batch_size"] == 32 and o["threads"] == 2 and o["steps"] >= 1 and o["memory_bytes"] > 100000'
holds 'abs(o["images_per_s"] * o["step_s"] - 32) < 1e-3 and o["best_step_s"] <= o["step_s"]'
# 109,184 multiply-adds forward, as many for the gradients of weights, 8,832 for those of values: twice each
holds 'abs(o["gflops"] / o["images_per_s"] * 1e9 / (2 * (2 * 109184 + 8832)) - 1) < 1e-3'
holds 'o["peak_gflops"] > 0 and abs(o["peak_share"] - o["gflops"] / o["peak_gflops"]) < 1e-6'
gives 0 bench infer --net lenet --batch-size 1 --threads 1 --seconds 0.05 --json
holds 'o["schema"] == "inkling/bench-infer/1" and o["threads"] == 1'
gives 0 bench infer --net lenet --seconds 0.05
out_has "images/s: 64 a step"
out_has "of the peak of"
gives 0 bench op 'conv 8 3x3 pad 1' --input 4x6x6 --batch-size 2 --threads 1 --precision f32 --seconds 0.05 --json
holds 'o["schema"] == "inkling/bench-op/1" and o["layer"] == "conv 8 3x3 pad 1" and o["input"] == "4x6x6"'
# 36 positions of 9 taps, of which 6 + 6 + 6 + 6 - 4 lie at an edge: 256 taps inside, 4 x 8 channels each
holds 'abs(o["gflops"] / o["images_per_s"] * 1e9 / (2 * 256 * 32) - 1) < 1e-3'
gives 0 bench sweep --recipe v3 --batch-size 16,32 --workers 0,1 --seconds 0.05 --json --quiet
err_empty
holds 'o["schema"] == "inkling/bench-sweep/1"'
holds '[(c["batch_size"], c["workers"]) for c in o["cells"]] == [(16, 0), (16, 1), (32, 0), (32, 1)]'
holds 'all(c["images_per_s"] > 0 and c["busy"] > 0 and "device_busy" not in c for c in o["cells"])'
gives 0 bench sweep --net mlp --recipe v3 --batch-size 64 --workers 0 --seconds 0.05
err_has "batch size 64, 0 workers:"
out_has "fastest: --batch-size 64 --workers 0"

gives 2 bench train --net lenot
err_has "lenet"
gives 2 bench op 'cnv 8 3x3' --input 4x6x6
err_has "conv"
for shape in 4x6 4x6x6x6 0x6x6 4x6x-6 ax6x6 4x6x99999; do
    gives 2 bench op 'relu' --input "$shape"
    err_has "64x14x14"
    out_empty
done
gives 2 bench op 'conv 8 9x9' --input 4x6x6
err_has "layer:1"
gives 2 bench op
err_has "LAYER"
for list in 64, ,64 0 64,x 70000 "" 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17; do
    gives 2 bench sweep --batch-size "$list"
    err_has "--batch-size"
done
gives 2 bench sweep --workers 65
err_has "--workers"
gives 2 bench train --batch-size 0
exit 0

# A layer that wants the picture itself, where there is none; and a net beyond what offsets reach.
gives 2 bench op "conv 8 3x3 whiten" --input 1x28x28 --batch-size 4
err_has "first layer alone"
printf 'batchnorm\nlinear 1048576\nlinear 10\n' >vast.txt
gives 1 bench train --net vast.txt --batch-size 4 --seconds 0.05
err_has "out of memory"
