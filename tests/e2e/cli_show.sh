#!/bin/sh
# tests/e2e/cli_show.sh: filters, feature maps and saliency of real models, drawn and printed.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 400 --seed 4 --quiet
cat >small.txt <<'NET'
conv 4 5x5 pad 2
relu
maxpool 2x2
conv 6 3x3 pad 1
relu
global-maxpool
linear 10
NET
gives 0 train digits --recipe mlp --epochs 1 --out conv --net small.txt --quiet
gives 0 train digits --epochs 1 --out flat --recipe v3 --quiet

gives 0 show filters conv --quiet
err_empty
out_has "picture: filters.png"
has filters.png
gives 0 show filters conv -o f.svg --quiet
grep -q '0.weight: 4 filters of 5x5' f.svg || fail "$said: not four filters of 5x5"
gives 0 show filters flat -o f.svg --quiet
grep -q '128 filters of 28x28' f.svg || fail "$said: not 128 filters of 28x28"

printf 'conv 2 1x15\nrelu\nglobal-maxpool\nlinear 10\n' >long.txt
gives 0 train digits --recipe mlp --epochs 1 --out long --net long.txt --quiet
gives 0 show filters long -o f.svg --quiet
grep -q '2 filters of 1x15' f.svg || fail "$said: not two filters of 1x15"

gives 0 show maps conv digits/train.csv --image 7 -o m.svg --quiet
err_empty
grep -q 'layer 1: 4 maps of 28x28' m.svg || fail "$said: not four maps of 28x28"
grep -q 'layer 2: 6 maps of 14x14' m.svg || fail "$said: not six maps of 14x14"
grep -q 'image 7, labelled' m.svg || fail "$said: which image?"
gives 3 show maps flat digits
err_has "no layer whose answer is a picture"

gives 0 show saliency conv digits --image 3 --quiet
err_empty
out_has "the digit"
has saliency.png
cp saliency.png one.png
gives 0 show saliency conv digits --image 3 --threads 1 --quiet
cmp -s one.png saliency.png || fail "$said: another picture with another number of threads"
gives 0 show saliency flat one.png -o s.svg --quiet
grep -q 'one.png, read as' s.svg || fail "$said: a picture as data"
gives 0 show maps conv one.png -o m.svg --quiet
grep -q 'one.png, read as' m.svg || fail "$said: neither the picture nor the answer"

gives 2 show saliency conv digits --image 400
err_has "the images 0 to 399"
gives 0 show saliency one.png --quiet
gives 0 show filters --quiet
gives 2 show maps
gives 4 show filters nowhere
gives 0 show digits digits --count 20 -o d.png --quiet
gives 0 show digits digits --count 20 --augment "rotate 12 elastic 34 4" -o bent.svg --quiet
grep -q "distorted: rotate 12 elastic 34 4" bent.svg || fail "bent.svg does not say how"
cp "$INK_SOURCE/recipes/cnn.txt" "my cnn.txt"
gives 0 show digits digits --count 20 --augment "my cnn.txt" -o as.svg --quiet
grep -q "as recipe my cnn.txt does" as.svg || fail "as.svg: the recipe's file was taken for words"
gives 2 show digits digits --augment "rotat 12"
err_has 'did you mean "rotate"'

# A net that begins with depthwise: its own filters are shown.
printf 'depthwise 3x3 pad 1\nrelu\nconv 4 3x3\nrelu\nlinear 10\n' >each.txt
gives 0 train digits --net each.txt --epochs 1 --out each --quiet
gives 0 show filters each -o each.svg --quiet
grep -q "0.weight: 1 filters of 3x3" each.svg || fail "each.svg: not the first layer"
has d.png
gives 2 show
gives 2 show filter conv
err_has "did you mean 'show filters'"
exit 0
