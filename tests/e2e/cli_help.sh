#!/bin/sh
# tests/e2e/cli_help.sh: help, manual and completions: complete, narrow enough, and loved by the programs that read them.
. "$INK_SOURCE/tests/e2e/cli_setup"

# narrow <columns> <file>
narrow() { awk -v most="$1" 'length($0) > most { print; bad = 1 } END { exit bad }' "$2" || fail "$said: lines over $1 columns"; }

for words in --help -h help; do
    gives 0 "$words"
    err_empty
    narrow 80 out
    out_has "Exit codes:"
done
for words in --version -V; do
    gives 0 "$words"
    err_empty
    [ "$(wc -l <out)" -eq 1 ] || fail "$words: more than a line"
    grep -qE '^inkling [0-9]+\.[0-9]+\.[0-9]+$' out || fail "$words: no version"
done

verbs >list
[ "$(wc -l <list)" -ge 10 ] || fail "the list of verbs is short: $(cat list)"
"$INKLING" help --man >manual || fail "help --man"
for shell in bash zsh fish; do "$INKLING" help --completion $shell >completion.$shell || fail "completion $shell"; done

while read -r first second; do
    # shellcheck disable=SC2086 # a verb has one word or two
    set -- $first $second
    gives 0 "$@" --help
    err_empty
    narrow 80 out
    out_has "usage: inkling $*"
    cp out first
    gives 0 help "$@"
    cmp -s first out || fail "inkling help $* differs from inkling $* --help"
    grep -qxF ".Cm $*" manual || fail "the manual lacks $*"
    # Every option of the help stands in the manual and in each completion.
    sed -n 's/^  \(-[a-zA-Z], \|    \)--\(\[no-\]\)\{0,1\}\([a-z0-9-]*\).*/\3/p' out >options
    [ -s options ] || fail "$*: no options"
    while read -r option; do
        # mdoc writes the dashes of a name as \-
        sed 's/\\-/-/g' manual | grep -qE -e "Fl -(\[no-\])?$option( |\$)" || fail "the manual lacks --$option"
        for shell in bash zsh; do grep -qF -e "--$option" completion.$shell || fail "$shell: no --$option"; done
        grep -qE -e "-l $option( |\$)" completion.fish || fail "fish: no --$option"
    done <options
done <list
for family in data recipe bench; do
    gives 0 $family --help
    out_has "$family "
    gives 0 help $family
done
gives 2 help banana
gives 2 help --completion tcsh

if command -v mandoc >/dev/null; then
    mandoc -T lint -W style manual >lint || :
    [ ! -s lint ] || fail "mandoc -T lint: $(cat lint)"
fi
if command -v zsh >/dev/null; then zsh -n completion.zsh || fail "zsh does not read its completion"; fi
if command -v fish >/dev/null; then
    HOME=$dir fish -c 'source completion.fish; complete -C "inkling train --prec"' >out 2>err || fail "fish"
    grep -q '^--precision' out || fail "fish: completing train --prec"
fi

# bash: what Tab offers.
command -v bash >/dev/null || exit 0
cat >tab <<'END'
. ./completion.bash
PATH=$1:$PATH
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_inkling
printf '%s\n' "${COMPREPLY[@]}"
END
here=$(dirname "$INKLING")
# offers <word> <typed>...: Tab behind the typed words offers it.
offers() {
    wanted=$1
    shift
    bash tab "$here" inkling "$@" >out 2>err || fail "bash: completing \"$*\""
    [ ! -s err ] || fail "bash: completing \"$*\" complains"
    grep -qxF -e "$wanted" out || fail "bash: completing \"$*\" does not offer $wanted"
}
offers train tr
offers show data ''
offers --recipe train --re
offers --no-shuffle train --no-
offers bf16 train --precision ''
offers bf16 train --precision = b
offers v3 train --recipe ''
offers --held-out eval --held
offers resnet18 train --net ''
offers digits eval ''
touch dig.csv
offers dig.csv eval di
offers lenet info ''
offers v3 recipe show ''
