#!/bin/sh
# tests/e2e/gpu.sh: --device cuda without a GPU is one clear line and exit code 5, never the processor in its place; doctor
# says what is missing. The whole program with --device cuda, on a plug-in that computes on the host.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 doctor
out_has "GPU"
if grep -q "compute capability" "$dir/out"; then
    gives 0 bench train --net mlp --seconds 0.05 --device cuda
    gives 0 bench train --net mlp --seconds 0.05 --device cuda:0
else
    out_has "not used: "
    for device in cuda cuda:0 cuda:7; do
        gives 5 bench train --net mlp --seconds 0.05 --device "$device"
        err_has "error: cuda"
        out_empty
    done
fi
gives 5 bench train --net mlp --seconds 0.05 --device cpu --precision tf32
err_has "tf32"
for device in gpu cuda: cuda:x cuda:1x cuda:-1 cudaa cuda:12345; do
    gives 2 bench train --net mlp --seconds 0.05 --device "$device"
    err_has "unknown device"
done

# The program looks beside itself first.
plugin=$INK_BUILD/tests/host-plugin/libinkling-cuda.so
[ -e "$plugin" ] || exit 0
mkdir "$dir/bin"
cp "$INKLING" "$dir/bin/inkling"
INKLING=$dir/bin/inkling
echo "no library" >"$dir/bin/libinkling-cuda.so"
gives 5 bench train --net mlp --seconds 0.05 --device cuda
err_has "cannot open $dir/bin/./libinkling-cuda.so"
cp "$plugin" "$dir/bin/libinkling-cuda.so"
gives 0 doctor
out_has "the host, for tests"

gives 0 bench train --net mlp --batch-size 4 --seconds 0.01 --device cuda --json
grep -q '"steps": *[0-9]*0[,}]' "$dir/out" || fail "not ten steps in a call"
gives 0 bench op "linear 10" --input 16x1x1 --batch-size 4 --seconds 0.01 --device cuda
gives 0 data make "$dir/data" --count 600 --seed 3 --quiet
for device in cpu cuda; do
    gives 0 train "$dir/data" --recipe mlp --epochs 2 --seed 5 --precision f32 --device $device --out "$dir/$device" --quiet
done
gives 0 train "$dir/data" --recipe mlp --epochs 2 --seed 5 --precision f32 --device cuda --out "$dir/again" --quiet
cmp "$dir/cuda/weights/last.safetensors" "$dir/again/weights/last.safetensors" || fail "other bits in a second run"
cmp -s "$dir/cuda/weights/last.safetensors" "$dir/cpu/weights/last.safetensors" && fail "the processor computed"
grep -q '"device": *"cuda"' "$dir/cuda/env.json" || fail "env.json does not say cuda"
# The losses of the same steps, by the last digits that float leaves.
awk -F, '
    FNR == 1 { for (i = 1; i <= NF; i++) if ($i == "loss" || $i == "train_loss") column = i; file++; next }
    file == 1 { loss[FNR] = $column }
    file == 2 { rows++; off = loss[FNR] - $column; if (off < 0) off = -off; if (off > 1e-4 * loss[FNR]) exit 1 }
    END { exit !(column && rows == 2) }' "$dir/cpu/metrics.csv" "$dir/cuda/metrics.csv" || fail "other losses than the processor's"
gives 0 predict "$dir/cuda" "$dir/data" --device cuda --precision f32 --out "$dir/a.csv" --quiet
gives 0 predict "$dir/cuda" "$dir/data" --device cpu --precision f32 --out "$dir/b.csv" --quiet
cmp "$dir/a.csv" "$dir/b.csv" || fail "other answers than the processor's"

# How busy the device was.
share() {
    awk 'match($0, /"device_busy": *[0-9.e-]+/) { split(substr($0, RSTART, RLENGTH), part, ":"); n++; if (!(part[2] > 0 && part[2] <= 1)) bad = 1 }
        END { exit !(n == 1 && !bad) }' "$dir/out" || fail "$said: device_busy is missing, or no share"
}
gives 0 bench train --net lenet --batch-size 16 --seconds 0.2 --device cuda --precision f32 --json --quiet
share
gives 0 bench train --net lenet --batch-size 16 --seconds 0.2 --device cuda --precision f32
out_has "the GPU was busy"
gives 0 bench sweep --net lenet --recipe v3 --batch-size 16 --workers 0 --seconds 0.2 --device cuda --precision f32 --json --quiet
share
gives 0 bench sweep --net lenet --recipe v3 --batch-size 16 --workers 0 --seconds 0.2 --device cuda --precision f32
out_has "GPU busy"

# The images lie in the device's memory, distortions are drawn there; where they do not fit each step brings them, says so,
# and learns the same bits.
gives 0 data make "$dir/more" --count 1200 --seed 4 --quiet
set -- train "$dir/more" --recipe mlp --epochs 2 --batch-size 70 --eval-batch-size 100 --seed 6 --device cuda --quiet \
    --augment "rotate 12 scale 0.1 elastic 30 5 shift-safe 0.5 erase 3"
gives 0 "$@" --out "$dir/resident"
grep -q "do not fit" "$dir/err" && fail "1,200 images do not fit"
INK_HOST_LARGEST=800000
export INK_HOST_LARGEST
gives 0 "$@" --out "$dir/sent"
err_has "the images do not fit into the GPU's memory"
for file in last best; do
    cmp "$dir/resident/weights/$file.safetensors" "$dir/sent/weights/$file.safetensors" || fail "resident images: other bits"
done
