#!/bin/sh
# tests/e2e/gpu.sh: --device cuda without a GPU is one clear line and exit code 5, never the processor in its place; doctor
# says what is missing. With a GPU it computes there.
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
