#!/bin/sh
# tests/e2e/train_teacher.sh: --teacher: a run learns from models, and goes on with the same ones after a stop.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 600 --seed 1 --quiet
gives 0 train digits --recipe mlp --epochs 2 --out one --quiet
gives 0 train digits --recipe mlp --epochs 2 --seed 1 --out two --quiet
gives 0 train digits --recipe mlp --epochs 3 --teacher one --teacher two/weights/last.safetensors --out taught
err_has "taught by 2 models"
gives 0 train digits --recipe mlp --epochs 3 --out alone --quiet
cmp -s taught/weights/last.safetensors alone/weights/last.safetensors && fail "$said: the teachers changed nothing"

# A finished run goes on to nothing, but only with its own teachers.
gives 0 train --resume taught
err_has "taught by 2 models"
cp one/weights/last.safetensors two/weights/last.safetensors
gives 3 train --resume taught
err_has "a teacher has changed since the run began"

gives 2 train --resume taught --teacher one
err_has "--teacher"
gives 4 train digits --recipe mlp --teacher nobody --out none
lines=$(printf 'two\nlines')
mkdir "$lines"
cp one/weights/last.safetensors "$lines"
gives 2 train digits --recipe mlp --epochs 1 --teacher "$lines/last.safetensors" --out none
err_has "a path with a line feed in it cannot be kept for --resume"
gives 0 data make "$lines" --count 50 --quiet
gives 2 train digits "$lines/train.csv" --recipe mlp --epochs 1 --out none
err_has "a path with a line feed in it cannot be kept for --resume"
has_no none
gives 3 train digits --recipe mlp --teacher digits/train.csv --out none

# What a recipe has no words for is told too: by the report, and by compare; also of a run that went on.
gives 0 train digits --recipe mlp --epochs 1 --weights one --freeze body --out tuned --quiet
gives 0 train --resume tuned --quiet
grep -q "<th>first weights</th><td>$dir/one<" tuned/report.html || fail "the report does not tell the first weights"
grep -q "<th>teachers</th><td>$dir/one" taught/report.html || fail "the report does not tell the teachers"
gives 0 compare alone tuned taught --quiet
grep -q "^  weights  *- | $dir/one | -$" out || fail "$said: the first weights are not told"
grep -q "^  freeze  *- | body | -$" out || fail "$said: what is frozen is not told"
grep -q "^  teachers  *- | - | $dir/one.*, $dir/two" out || fail "$said: the teachers are not told"

# An ensemble's folder stands for all its nets.
gives 0 train digits --recipe mlp --members 2 --epochs 1 --out both --quiet
gives 0 train digits --recipe mlp --epochs 1 --teacher both --out pupil
err_has "taught by 2 models"

# In a cross-validation each fold is taught by the net that has not seen its rows, and by no other.
gives 0 train digits --recipe mlp --folds 2 --epochs 1 --out cv --quiet
gives 0 train digits --recipe mlp --folds 2 --epochs 2 --teacher cv --out cv2
err_has "taught by 1 model"
[ "$(grep -c "taught by 1 model" err)" -eq 2 ] || fail "$said: not each fold has its teacher"
gives 2 train digits --recipe mlp --folds 3 --epochs 1 --teacher cv --out cv3
err_has "cannot teach these folds"
gives 2 train digits --recipe mlp --folds 2 --seed 7 --epochs 1 --teacher cv --out cv3 --force
err_has "cannot teach these folds"

# Nets that had not been begun when a run of several was stopped have their teachers all the same.
gives 0 train digits --recipe mlp --members 2 --epochs 2 --teacher one --out whole --quiet
python3 - whole half <<'END' || exit 77
import json, math, shutil, struct, sys
shutil.copytree(sys.argv[1], sys.argv[2])
name = sys.argv[2] + "/members.ink"
data = bytearray(open(name, "rb").read())
data[-48:-40] = struct.pack("<d", math.nan)  # the second net's row begins: not done
open(name, "wb").write(data)
shutil.rmtree(sys.argv[2] + "/members/02")
END
gives 0 train --resume half --quiet
cmp half/members/02/weights/last.safetensors whole/members/02/weights/last.safetensors || fail "$said: other weights"
