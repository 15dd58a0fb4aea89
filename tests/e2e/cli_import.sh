#!/bin/sh
# tests/e2e/cli_import.sh: import, export and train --weights: what was loaded, skipped and missing is said, and what
# does not fit is refused with one line and a hint.
. "$INK_SOURCE/tests/e2e/cli_setup"
pth=$INK_SOURCE/tests/golden/pth

# sums <model>: the SHA-256 of each tensor, a line each; and the net's own file format is what Python reads.
sums() {
    python3 -c '
import hashlib, json, struct, sys
data = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + n])
assert header.pop("__metadata__")["format"] == "pt"
for name in sorted(header):
    first, last = header[name]["data_offsets"]
    print(name, hashlib.sha256(data[8 + n + first:8 + n + last]).hexdigest())
' "$1"
}

printf 'conv 2 3x3 no-bias\nbatchnorm\nlinear 10\n' >net.txt
gives 0 import "$pth/net-zip-2.15.0.pth" --net net.txt -o one.safetensors
err_empty
out_has "loaded   5 of the net's 7 tensors"
out_has "skipped  2.weight [3,2] where the net has [10,1352]"
out_has "missing  2.bias [10]: drawn from seed 0"
out_has "train DATA --weights one.safetensors --net net.txt --normalise 'range 255 0' --freeze body"
gives 0 import "$pth/net-legacy-1.13.0.pth" --net net.txt -o two.safetensors --json --quiet
out_has '"schema": "inkling/import/1"'
out_has '"loaded": 5'
has two.safetensors
gives 2 import "$pth/net-zip-2.15.0.pth" --net net.txt -o one.safetensors
err_has "--force"
gives 2 import "$pth/net-zip-2.15.0.pth" --net net.txt
err_has "import needs -o"
gives 2 import "$pth/net-zip-2.15.0.pth" -o three.safetensors
err_has "--net is missing"
gives 3 import "$pth/net-zip-2.15.0.pth" --net lenet -o three.safetensors
err_has "1.running_mean [2] unknown to the net"
err_has "missing: conv1.weight [6,1,5,5]"
gives 3 import "$pth/bad-module-2.15.0.pth" --net lenet -o three.safetensors
err_has "this file tries to run code: torch.nn.modules.container.Sequential; not loaded"
gives 4 import nowhere.pth --net lenet -o three.safetensors
[ ! -e three.safetensors ] || fail "a refused import left a file"

# A run that begins with PyTorch's weights says so, and with --freeze leaves them alone.
gives 0 data make digits --count 400 --seed 1 --quiet
printf 'input 3\nconv 2 3x3 no-bias as conv1\nrelu\nlinear 10 as fc\n' >named.txt
gives 0 import "$pth/wrapped-zip-1.13.0.pth" --net named.txt --partial -o one.safetensors --force
out_has "loaded   1 of the net's 3 tensors"
out_has "skipped  last.weight [2,3,4,5] unknown to the net"
gives 0 train digits --recipe mlp --epochs 1 --net named.txt --weights "$pth/wrapped-legacy-2.15.0.pth" --freeze body --out run
err_has "1 tensor loaded; 10 skipped: last.weight [2,3,4,5] unknown to the net"
err_has "2 missing: fc.weight [10,1352], fc.bias [10]"
# Weights from a pipe, which has no path of its own.
cat run/weights/last.safetensors | "$INKLING" train digits --recipe mlp --epochs 1 --net named.txt --weights /dev/stdin \
    --out piped >out 2>err || fail "weights from a pipe: exit code $?"
err_has "3 tensors loaded"
grep -q "1 tensor loaded" run/train.log || fail "the log does not say where the weights come from"
gives 3 train digits --epochs 1 --recipe v3 --weights "$pth/net-zip-2.15.0.pth" --out other
err_has "none of its"
[ ! -e other ] || fail "a refused run left a folder"
gives 0 export run -o out.safetensors
out_has "out.safetensors: 3 tensors, 13,584 numbers"
gives 0 export run -o out.safetensors --force --json
out_has '"schema": "inkling/export/1"'
gives 2 export run -o out.safetensors
err_has "--force"
gives 4 export nowhere -o no.safetensors
# What a model says of itself goes with it, there and back; but not to what was made of its weights otherwise.
gives 0 export run --dtype f16 --note "score=99 % of nothing" -o noted.safetensors
gives 0 export noted.safetensors -o plain.safetensors
gives 0 import plain.safetensors -o back.safetensors --quiet
for key in data_sha256 recipe epoch score; do
    LC_ALL=C grep -aq "\"inkling.$key\"" back.safetensors || fail "import after export lost $key"
done
gives 0 import plain.safetensors --normalise "range 255 0" -o other.safetensors --quiet
LC_ALL=C grep -aq '"inkling.score"' other.safetensors && fail "the score of other pixels was kept"
# A model may come from anywhere: what it says of itself steers no terminal and makes no lines.
gives 0 export run --dtype f16 --note "about=$(printf 'a\nscore 1 \033[2J\302\2332J')" -o odd.safetensors
gives 0 info odd.safetensors
is_plain out
out_has 'about       a\x0ascore 1 \x1b[2J\xc2\x9b2J'
odd=$(printf 'm\377.safetensors') # a name that is no UTF-8, as JSON must be
gives 0 import plain.safetensors -o "$odd" --json --quiet
out_has '"model": "m?.safetensors"'
gives 0 info "$odd" --json
# In fewer bits, with what is to be known of it.
gives 0 export run --dtype i8 --note "score=99 % of nothing" --note about=small -o small.safetensors
[ "$(($(wc -c <small.safetensors) * 2))" -lt "$(wc -c <out.safetensors)" ] || fail "$said: no smaller"
gives 0 info small.safetensors
out_has "99 % of nothing"
if command -v sha256sum >/dev/null; then out_has "sha256      $(sha256sum <small.safetensors | cut -c1-64)"; fi
gives 0 predict small.safetensors digits --quiet
gives 2 export run --dtype i8 --note scroe=1 -o none.safetensors
err_has "expected about=, score=, command= or seed="
gives 2 export run --note about=x -o none.safetensors
[ ! -e none.safetensors ] || fail "$said: written all the same"
gives 0 predict out.safetensors digits --quiet
gives 0 info out.safetensors --json
# A comment makes no recipe of a net.
printf '# 28 x 28 = 784 pixels\nlinear 10\n' >commented.txt
gives 0 info commented.txt
out_has "7850 parameters"
if command -v python3 >/dev/null; then
    # A small file whose net would take more memory than there is: its tensors are looked at before its net is built.
    python3 -c '
import json, struct
nets = {"large": "global-avgpool\nconv 14000 1x1\nconv 1 99x99 pad 98:98\nlinear 10\n", "unknown": "linaer 10\n", "wide": "linear 11\n"}
for name, net in nets.items():
    notes = {"format": "pt", "inkling.format": "1", "inkling.net": net, "inkling.normalise": "0.004 0", "inkling.input": "28x28"}
    header = json.dumps({"__metadata__": notes, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    open(name + ".safetensors", "wb").write(struct.pack("<Q", len(header)) + header + bytes(4))'
    # A net that is wrong is the file's fault, not that of the words typed.
    for name in unknown wide; do
        gives 3 predict $name.safetensors digits -o none.csv
        gives 3 info $name.safetensors
        gives 3 export $name.safetensors -o none.safetensors
        gives 3 import $name.safetensors -o none.safetensors
    done
    gives 3 predict large.safetensors digits -o none.csv
    err_has "tensor w belongs to no layer"
    sums one.safetensors | grep -v '^fc' >imported
    sums out.safetensors | grep -v '^fc' >trained
    cmp imported trained || fail "--freeze body changed the body"
    sums one.safetensors | grep '^fc' >head
    sums out.safetensors | grep '^fc' | cmp -s head - && fail "the head did not learn"
fi
# Pixels scaled otherwise than the weights are used to: a warning, and the run goes on.
gives 0 train digits --recipe mlp --epochs 1 --net named.txt --weights out.safetensors --normalise "range 255 0" --out again
err_has "was trained on pixels scaled by"
# A built-in model by its name, unless a file has it.
mv digits drawn
gives 0 train drawn --epochs 1 --recipe cnn --weights digits --out inside --quiet
grep -q "weights of built-in model digits" inside/train.log || fail "$said: the built-in model's weights were not taken"
gives 0 train drawn --epochs 1 --recipe cnn --members 2 --weights digits --out inside2 --quiet
mv drawn digits
gives 0 train digits --epochs 1 --recipe v3 --normalise imagenet --net "$INK_SOURCE/recipes/v2.txt" --out scratch
err_has "from scratch, drawn from seed 0; for ImageNet's: inkling data get resnet18"
exit 0
