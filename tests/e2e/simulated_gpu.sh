#!/bin/sh
# tests/e2e/simulated_gpu.sh: the plug-in for GPUs, whole, on a GPU that is simulated (tests/ops/cuda/sim.h): what it tells
# the CUDA runtime and what it makes of the runtime's answers, and the kernels as nvcc made them. Skipped without nvcc.
#   tests/e2e/simulated_gpu.sh WORD...   test_ops_gpu with each of these words (tests/ops/test_gpu.c): a part of a case's
#                                        text, small (a quarter of an hour), resident
. "$INK_SOURCE/tests/e2e/cli_setup"
plugin=$INK_BUILD/tests/simulated-plugin/libinkling-cuda.so
[ -e "$plugin" ] || exit 77
mkdir "$dir/bin"
cp "$INKLING" "$dir/bin/inkling"
cp "$INK_BUILD/tests/test_ops_gpu" "$plugin" "$dir/bin"
INKLING=$dir/bin/inkling

# with NAME=VALUE... -- CODE WORD...: `gives` in that environment.
with() {
    setting=
    while [ "$1" != -- ]; do
        setting="$setting $1"
        shift
    done
    wanted=$2
    shift 2
    said="${setting# } inkling $*" code=0
    # shellcheck disable=SC2086 # names and values without blanks
    env $setting "$INKLING" "$@" >"$dir/out" 2>"$dir/err" </dev/null || code=$?
    [ "$code" -eq "$wanted" ] || fail "$said: exit code $code, expected $wanted"
}
nothing_left() {
    grep -qx "left 0 0 0 0" "$dir/told" || fail "$said: left on the GPU (memory, pages, graphs): $(head -n 1 "$dir/told")"
}
# Cases against the judge: launch by launch, as a graph, by the kernel for whole steps.
cases() {
    code=0 said="test_ops_gpu \"$1\""
    INK_SIM_TOLD=$dir/told "$dir/bin/test_ops_gpu" "$1" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq 0 ] || fail "$said: exit code $code"
    nothing_left
    sed 1d "$dir/told" >>"$dir/ran"
}

if [ $# -gt 0 ]; then
    for case; do cases "$case"; done
    exit 0
fi

# ---- what is missing, and what fails ----

measure="bench train --net mlp --batch-size 8 --seconds 0.01 --device cuda"
gives 0 doctor
out_has "simulated GPU, 1.1 GB, compute capability 9.0"
with INK_SIM_DEVICES=no -- 0 doctor
out_has "not used: there is no NVIDIA driver"
with INK_SIM_DEVICES=no -- 5 $measure
err_has "cuda:0: there is no NVIDIA driver (libcuda.so.1)"
with INK_SIM_DEVICES=0 -- 5 $measure
err_has "the NVIDIA driver sees no GPU"
with INK_SIM_DRIVER=11080 -- 5 $measure
err_has "the NVIDIA driver knows CUDA 11.8, this build needs"
with INK_SIM_CAPABILITY=70 -- 5 $measure
err_has "simulated GPU has compute capability 7.0; this build needs 7.5"
with INK_SIM_CAPABILITY=75 -- 5 $measure # its PTX is for 8.0
err_has "this build has no code for compute capability 7.5"
gives 5 $measure:1
err_has "cuda:1: this machine has 1 GPU, from cuda:0"
with INK_SIM_DEVICES=2 INK_SIM_FAIL=cudaGetDeviceCount:1:3 -- 5 $measure:1 # 3: cudaErrorInitializationError
err_has "the NVIDIA driver says: "
with INK_SIM_MEMORY=3000000 -- 1 $measure --batch-size 4096
err_has "out of memory on the GPU: 4096 images at once"
err_has "hint: "

# A call that fails: never a crash, an answer from nowhere, or the processor in its place. 719: cudaErrorLaunchFailure,
# which stays; 801: cudaErrorNotSupported.
for failing in cudaSetDevice:2 cudaGetDeviceProperties:1 cudaStreamCreateWithFlags:1 cudaEventCreate:3 \
    cudaFuncGetAttributes:5 cudaDeviceGetAttribute:1 cudaOccupancyMaxActiveBlocksPerMultiprocessor:1 cudaMalloc:1 cudaMalloc:3 \
    cudaMemcpyAsync:1 cudaMemsetAsync:1 cudaLaunchKernel:2 cudaStreamBeginCapture:1 cudaStreamEndCapture:1 \
    cudaGraphInstantiate:1 cudaGraphLaunch:1 cudaEventRecord:2 cudaStreamSynchronize:2 cudaEventElapsedTime:1; do
    with INK_SIM_FAIL=$failing:719 -- 1 $measure
    err_has "the GPU failed while "
    err_has "cudaErrorLaunchFailure"
    out_empty
done
# With so many blocks at once the step is small, and one kernel.
with INK_SIM_BLOCKS=200 INK_SIM_FAIL=cudaLaunchCooperativeKernel:1:719 -- 1 $measure
err_has "cudaErrorLaunchFailure"
# Where a graph with branches cannot be made, there is the one that was captured.
for failing in cudaGraphCreate:1 cudaGraphAddKernelNode:2; do
    with INK_SIM_FAIL=$failing:801 -- 0 $measure
    out_has "images/s"
done
with INK_SIM_FAIL=cudaMallocHost:1:2 -- 1 $measure
err_has "out of memory (needs"

# ---- training ----

# A graph, the kernel for whole steps, one order or another: the same bits. A fault loses nothing that a checkpoint has.
cat >"$dir/small" <<'END'
val = 0.2 random
epochs = 2
batch-size = 32
optimizer = adam
lr = 1e-3
[net]
linear 16
batchnorm
relu
linear 10
END
gives 0 data make "$dir/data" --count 260 --seed 3 --quiet
set -- train "$dir/data" --recipe "$dir/small" --seed 5 --quiet
with INK_SIM_TOLD="$dir/told" -- 0 "$@" --out "$dir/one" --device cuda
nothing_left
with INK_SIM_BLOCKS=32 INK_SIM_SEED=2 INK_SIM_TOLD="$dir/told" -- 0 "$@" --out "$dir/two" --device cuda
grep -q "ink_kern_step [1-9]" "$dir/told" || fail "no step was one kernel"
with INK_SIM_DEVICES=2 INK_SIM_SEED=3 -- 0 "$@" --out "$dir/three" --device cuda:1
calls=300
while :; do
    [ "$calls" -gt 10 ] || fail "no fault after the first epoch"
    rm -rf "$dir/four"
    code=0
    INK_SIM_FAIL=cudaMemcpyAsync:$calls:719 "$INKLING" "$@" --out "$dir/four" --device cuda >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq 0 ] || break
    calls=$((calls * 9 / 10))
done
[ "$code" -eq 1 ] || fail "a fault: exit code $code"
err_has "train --resume goes on from it"
has "$dir/four/checkpoint.ink"
gives 0 train --resume "$dir/four" --device cuda --quiet
for other in two three four; do
    cmp "$dir/one/weights/last.safetensors" "$dir/$other/weights/last.safetensors" || fail "other bits: $other"
done

# Distortions drawn on the GPU are those that the processor draws where the images do not fit there.
set -- train "$dir/data" --recipe "$dir/small" --eval-batch-size 32 --seed 6 --device cuda --quiet \
    --augment "rotate 12 scale 0.1 elastic 30 5 shift-safe 0.5 erase 3"
with INK_SIM_TOLD="$dir/ran" -- 0 "$@" --out "$dir/resident"
grep -q "do not fit" "$dir/err" && fail "260 images do not fit"
with INK_SIM_LARGEST=110000 -- 0 "$@" --out "$dir/sent"
err_has "the images do not fit into the GPU's memory"
cmp "$dir/resident/weights/last.safetensors" "$dir/sent/weights/last.safetensors" || fail "resident images: other bits"

# ---- kernels ----

for case in "soft 1" "17x6x6: conv" "48x5x7: conv" "33x5x5: bn" "linear 10 bias, softmax" "13x9: warp" "3 x 2304" \
    "linear 10 bias, loss 0, muon" "soft 0.9 3, adam" "clip 0.1" "6x5x5: conv 5 3x3 p1 bias, relu, dropout" \
    "17x5x5: maxpool" "10x9x7: maxpool" "17x5x5: avgpool" "1 x 5x7x7: depthwise"; do
    cases "$case"
done
awk '$1 != "left" { runs[$1] += $2 } END { for (name in runs) if (!runs[name]) { print name; n++ } exit n > 0 }' "$dir/ran" >"$dir/out" ||
    fail "kernels that no case ran"
