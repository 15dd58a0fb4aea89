#!/bin/sh
# tests/e2e/cli_read.sh: pages drawn, read, annotated and scored from the command line; bad pictures; JSON; same bits.
. "$INK_SOURCE/tests/e2e/cli_setup"

gives 0 data make digits --count 2000 --seed 3 --quiet
gives 0 train digits --recipe mlp --epochs 2 --out run --quiet
model=$dir/run

# ---- pages ----
gives 0 data pages pages --count 3 --empty 2 --severity 1 --seed 4 --quiet
err_empty
out_has "pages/labels.json"
for n in 1 2 3 4 5; do has pages/page-000$n.jpg; done
gives 2 data pages pages --count 3
err_has "--force"
gives 4 read pages --quiet
err_has "hint: its pictures are named one by one: inkling read pages/*"
mkdir own
echo mine >own/page-0002.png
gives 2 data pages own --count 3
err_has "own/page-0002.png is there already"
gives 0 data pages own --count 1 --quiet
grep -q mine own/page-0002.png || fail "$said: the picture is lost"
gives 0 data pages again --count 3 --empty 2 --severity 1 --seed 4 --quiet --threads 1
cmp -s pages/labels.json again/labels.json || fail "the same seed drew other labels"
cmp -s pages/page-0002.jpg again/page-0002.jpg || fail "the same seed drew another page"
gives 0 data pages clean --count 1 --quiet
has clean/page-0001.png
gives 2 data pages other --held-out run
err_has "needs the DATA"
gives 2 data pages other --severity 6
gives 0 data pages forms --forms --count 3 --seed 5 --quiet
gives 0 eval --pages forms --quiet
out_has "digits right"
gives 0 data pages held digits --held-out run --count 1 --quiet

# ---- read ----
gives 0 read --model "$model" pages/page-0001.jpg --quiet
err_empty
[ -s out ] || fail "$said: nothing was read"
grep -qv '^[0-9? ]*$' out && fail "$said: other things than digits"
cp out first
gives 0 read --model "$model" pages/page-0001.jpg pages/page-0002.jpg pages/page-0003.jpg --threads 2 --quiet
cut -f1 out | sort -u | wc -l | grep -q 3 || fail "$said: not three names"
grep "^pages/page-0001.jpg$(printf '\t')" out | cut -f2 | cmp -s - first || fail "$said: another text with two threads"
gives 0 read --model "$model" pages/page-0004.jpg
out_empty
err_has "no digits found"
gives 0 read --model "$model" clean/page-0001.png --annotate seen.png --save-steps steps --quiet
has seen.png
for step in 1-grey 2-flat 3-ink 4-without-rules 5-pieces 6-digits; do has steps/$step.png; done
gives 2 read --model "$model" pages/page-0001.jpg pages/page-0002.jpg --annotate seen.png
err_has "--annotate draws one picture"
gives 0 predict "$model" clean/page-0001.png
err_has "for 'inkling read'"
cp clean/page-0001.png mine.png
gives 2 read --model "$model" mine.png --annotate ./mine.png
err_has "would be lost"
cmp -s clean/page-0001.png mine.png || fail "$said: the picture was written over"
mkdir one other
cp clean/page-0001.png one/page.png
cp clean/page-0001.png other/page.png
gives 0 read --model "$model" one/page.png other/page.png --save-steps both --quiet
has both/page.png/3-ink.png
has both/page.png-2/3-ink.png
gives 4 read --model "$model" "$(printf 'gone-\377.png')" --json --quiet
out_has '"error"'
gives 2 read --model "$model" pages/page-0001.jpg --annotate seen.jpg
err_has "--annotate writes PNG"
gives 0 read --model "$model" --json pages/page-0001.jpg pages/page-0004.jpg --quiet
if command -v python3 >/dev/null; then
    python3 -c '
import json, sys
read, labels = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
assert read["schema"] == "inkling/read/1"
page, empty = read["pages"]
assert all(p["doubt"] is None or len(p["doubt"]) > 20 for p in (page, empty))
assert page["doubt"] is None or all(not d["sure"] for d in page["digits"])
assert empty["digits"] == [] and empty["lines"] == []
for digit in page["digits"]:
    x, y, width, height = digit["box"]
    assert width > 0 and height > 0 and x + width <= 1600 and y + height <= 1600
    assert digit["sure"] == (digit["digit"] is not None) and digit["best"] in range(10)
    assert digit["confidence"] == max(digit["probabilities"]) == digit["probabilities"][digit["best"]]
    assert digit["digit"] in (None, digit["best"])
    assert abs(sum(digit["probabilities"]) - 1) < 1e-4 and len(digit["probabilities"]) == 10
wanted = len(labels["pages"][0]["digits"])
assert 0.8 * wanted <= len(page["digits"]) <= 1.2 * wanted, (wanted, len(page["digits"]))
assert "".join(page["lines"]).replace(" ", "") == "".join("?" if d["digit"] is None else str(d["digit"]) for d in page["digits"])
' out pages/labels.json || fail "$said: the JSON is not as it should be"
fi

# ---- bad pictures: one line each, the others are read ----
printf 'GIF89a nothing more' >a.gif
head -c 2000 pages/page-0001.jpg >cut.jpg
printf '\211PNG\r\n\032\n\0\0\0\015IHDR\377\377\377\377\377\377\377\377\010\0\0\0\0' >huge.png
gives 3 read --model "$model" a.gif cut.jpg huge.png absent.png pages/page-0001.jpg --quiet
[ "$(grep -c '^inkling: error: ' err)" -eq 4 ] || fail "$said: not one line for each bad picture"
err_has "a.gif"
err_has "GIF"
err_has "cut.jpg"
err_has "absent.png"
cut -f2 out | cmp -s - first || fail "$said: the good picture was not read"
gives 4 read --model "$model" absent.png --quiet
out_empty
gives 2 read
err_has "FILE"

# ---- eval --pages ----
gives 0 eval --pages pages "$model" --quiet
out_has "digits right"
out_has "3 pages with"
gives 0 eval --pages pages "$model" --json --quiet
out_has '"inkling/eval-pages/1"'
# A folder far down is read as any other, and one too far is told; no other folder is opened instead.
deep=$(printf 'd%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)
deep=$deep$deep$deep$deep$deep$deep$deep$deep
deep=$deep/$deep/$deep/$deep/$deep
mkdir -p "$deep" && cp pages/* "$deep" || fail "no deep folder"
gives 0 eval --pages "$deep" "$model" --quiet
for far in "$deep/./././" "$deep/././././././."; do
    gives 2 eval --pages "$far" "$model" --quiet
    err_has "is too long"
done
gives 0 eval --pages pages --quiet
out_has "numbers right"
gives 8 eval --pages pages "$model" --min-accuracy 1 --quiet
gives 2 eval --pages pages "$model" --held-out
err_has "do not go with --pages"
mkdir none
gives 4 eval --pages none "$model"
printf '{"pages": [{"file": "../x", "digits": []}]}' >none/labels.json
gives 3 eval --pages none "$model"
err_has "labels.json"
