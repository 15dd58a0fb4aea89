#!/bin/sh
# web/join.sh: makes one HTML file of the page's parts: styles, scripts, and, when given, WebAssembly and a model, gzipped
# and as base64. The policy in it (Content-Security-Policy) allows these scripts and styles by their sums, and no others.
#   join.sh SOURCE OUT [SIMD.wasm SCALAR.wasm MODEL.safetensors]
set -eu
source=$1 out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

cat "$source/page.css" >"$work/style"
cd "$source"
cat paper.js groups.js engine.js answer.js layers.js pictures.js grid.js samples.js page.js >"$work/script"
cd - >/dev/null

# The SHA-256 of a file as base64: three hexadecimal digits are two of its letters.
sum_of() {
    sha256sum "$1" | cut -c 1-64 | awk '
    BEGIN { letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" }
    {
        for (i = 1; i <= length($0); i += 3) {
            n = 0
            for (k = 0; k < 3; k++) n = n * 16 + (i + k > length($0) ? 0 : index("0123456789abcdef", substr($0, i + k, 1)) - 1)
            text = text substr(letters, int(n / 64) + 1, 1) substr(letters, n % 64 + 1, 1)
        }
        print substr(text, 1, 43) "="
    }'
}
{
    printf '%s' "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; "
    printf '%s' "script-src 'sha256-$(sum_of "$work/script")' 'wasm-unsafe-eval'; "
    printf '%s' "style-src 'sha256-$(sum_of "$work/style")'; img-src 'self' data: blob:; "
    printf '%s\n' "object-src 'none'; base-uri 'none'; form-action 'none'\">"
} >"$work/policy"

# A data block: browsers run nothing of this type.
block() {
    printf '<script type="text/plain" id="%s"%s>' "$1" "$3"
    gzip -9nc "$2" | base64 -w 0
    printf '</script>\n'
}
: >"$work/data"
if [ $# -eq 5 ]; then
    {
        block wasm-simd "$3" ""
        block wasm-scalar "$4" ""
        name=$(basename "$5" .safetensors)
        block model "$5" " data-name=\"$name\" data-sha256=\"$(sha256sum "$5" | cut -c 1-64)\""
    } >"$work/data"
fi

awk -v work="$work" '
function put(file, line) { while ((getline line < (work "/" file)) > 0) print line; close(work "/" file) }
$0 == "@policy@" { put("policy"); next }
$0 == "@style@" { printf "<style>"; put("style"); print "</style>"; next }
$0 == "@script@" { printf "<script type=\"module\">"; put("script"); print "</script>"; next }
$0 == "@data@" { put("data"); next }
{ print }' "$source/page.html" >"$out.new"
mv "$out.new" "$out"
