# tests/e2e/browser.sh: the page to draw on in headless Chromium: what stands in tests/e2e/browser/page.py.
# Skipped where Chromium, its driver, Python or the page's WebAssembly is missing.
set -eu
page=$INK_BUILD/inkling-draw.html
for command in python3 chromedriver; do
    command -v $command >/dev/null || { echo "skipped: no $command"; exit 77; }
done
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    { echo "skipped: no chromium"; exit 77; }
[ -e "$page" ] || { echo "skipped: no $page (clang and lld make it)"; exit 77; }
exec python3 -B "$INK_SOURCE/tests/e2e/browser/page.py" "$INKLING" "$page" "$INK_SOURCE"
