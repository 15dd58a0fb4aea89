#!/bin/sh
# tests/e2e/cli_words.sh: wrong words on the command line are told apart, named, and answered with exit code 2; nothing
# of it goes to stdout.
. "$INK_SOURCE/tests/e2e/cli_setup"

# no <text on stderr> <word>...: a usage error, in two lines.
no() {
    text=$1
    shift
    gives 2 "$@"
    out_empty
    err_has "$text"
    [ "$(wc -l <"$dir/err")" -eq 2 ] || fail "$said: not one line and its hint"
    [ "$(grep -c '^inkling: error: ' "$dir/err")" -eq 1 ] || fail "$said: no error line"
    [ "$(grep -c '^hint: ' "$dir/err")" -eq 1 ] || fail "$said: no hint"
}

gives 2
out_empty
[ "$(wc -l <err)" -le 15 ] || fail "inkling alone: more than 15 lines"
[ "$(grep -c '^  inkling ' err)" -eq 3 ] || fail "inkling alone: not three examples"

no "unknown verb 'trian' (did you mean 'train'?)" trian
no "unknown verb 'val' (did you mean 'eval'?)" val x
no "unknown verb 'banana'" banana
no "unknown verb 'data shwo' (did you mean 'data show'?)" data shwo x
no "the first word is a verb, not '--quiet'" --quiet train x
gives 2 data
err_has "data show"
out_empty

no "unknown option '--epoch' (did you mean '--epochs'?)" train x --epoch 3
no "unknown option '--epoch' (did you mean '--epochs'?)" train x --epoch=3
no "unknown option '--no-shufle' (did you mean '--no-shuffle'?)" train x --no-shufle
no "unknown option '-out' (did you mean '--out'?)" train x -out y
no "option '--no-shuffle' takes no value (seen: '3')" train x --no-shuffle=3
no "unknown option '-z'" train x -z
no "option '--threads' is '0', expected a whole number 1..256" train x --threads 0
no "option '--precision' is 'bf17', expected auto|f32|bf16|tf32 (did you mean 'bf16'?)" train x --precision bf17
no "option '--out' needs a value: DIR" train x --out
no "option '--force' takes no value (seen: '1')" train x --force=1
no "train needs DATA" train
no "train: one of its words is empty: ''" train ''
no "tiny is a model: name the data too" eval tiny --quiet
no "tiny is a model: name the data too" predict digits tiny --quiet
gives 2 train x --epochs 0 --quiet
err_has 'error: --epochs is "0", expected a whole number 1..100000'
no 'unknown device "gpu:1"' bench train --device gpu:1 --quiet
err_has 'did you mean "cuda:1"?'
no "one word too many: 'y'" info x y
no "one word too many: 'epochs=3' (did you mean '--epochs=3'?)" train x epochs=3
no "'--epochs' cannot be changed" train --resume x --epochs 3
no "predict needs DATA" predict
no "--held-out needs a run" eval x --held-out
no "recipe show needs the name of a recipe" recipe show
no "data get needs what to get" data get mnist
no "one word too many" version x
no "data make writes a folder: '-' is none" data make -
no "data pages writes a folder" data pages - digits
no "data get writes a folder" data get mnist -

# A name with control characters is shown, not obeyed.
gives 2 "$(printf 'a\033[31mb')"
is_plain err
err_has 'a\x1b[31mb'

# Behind -- nothing is an option.
gives 4 train -- --epochs
err_has "epochs"

# A value of several words, its quotes forgotten.
no "'stratified' is no DATA: a value of several words stands in quotes" train x --val 0.1 stratified
no "'12' is no DATA" train x --augment rotate 12
