#!/bin/sh
# tests/e2e/cli_get.sh: data get: mirrors first, each failure told, nothing kept that is not what was wanted. The sums of
# downloads that succeed are tested in tests/files; here every place fails, and none is outside this machine.
. "$INK_SOURCE/tests/e2e/cli_setup"
command -v python3 >/dev/null || exit 77

# Whatever is not on loopback ends at a proxy that is not there.
export https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1
mkdir served
echo "not what was wanted" >served/train-images-idx3-ubyte.gz
python3 -u -m http.server --bind 127.0.0.1 --directory served 0 >port 2>log &
server=$!
trap 'kill $server; rm -rf "$dir"' EXIT
tries=0
until grep -q ' port [0-9]' port; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || exit 77 # no loopback here
    sleep 0.1
done
port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' port)

gives 6 data get mnist got --mirror "http://127.0.0.1:$port" --mirror "http://127.0.0.1:$port/nowhere/"
out_empty
is_plain err
err_has "train-images-idx3-ubyte.gz"
grep -q 'GET /train-images-idx3-ubyte.gz' log || fail "$said: the first mirror was not asked"
grep -q 'GET /nowhere/train-images-idx3-ubyte.gz' log || fail "$said: the second mirror was not asked"
[ "$(grep -n 'GET /' log | head -n 1 | grep -c nowhere)" -eq 0 ] || fail "$said: the mirrors' order"
[ ! -e got/train-images-idx3-ubyte.gz ] || fail "$said: kept what is not what was wanted"

gives 2 data get mnst got
err_has "mnist"
gives 6 data get mnist got --quiet
