#!/bin/sh
# tests/e2e/install.sh: installs into an empty folder, then builds and runs examples/embed.c from there: as C17 and as
# C++17, shared and static, found by pkg-config and by CMake. The installed tree is moved first: it must not mind.
set -eu
grep -q '^INK_SANITIZE:[A-Z]*=$' "$INK_BUILD/CMakeCache.txt" || exit 77 # a sanitized library needs a sanitized user
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cmake --install "$INK_BUILD" --prefix "$dir/first" >"$dir/install.log"
mv "$dir/first" "$dir/installed"
PKG_CONFIG_PATH=$(dirname "$(find "$dir/installed" -name inkling.pc)")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH LD_LIBRARY_PATH

wanted="inkling $(pkg-config --modversion inkling)"
# check <program>: it says its version and reads the one that it draws.
check() {
    said=$("$1")
    case $said in
    "$wanted"*"1 with probability "*) ;;
    *)
        echo "$1 said \"$said\", expected \"$wanted ... 1 with probability ...\"" >&2
        exit 1
        ;;
    esac
}

strict="-Wall -Wextra -Wpedantic -Werror"
cp "$INK_SOURCE/examples/embed.c" "$dir/embed.c"
cp "$INK_SOURCE/examples/embed.c" "$dir/embed.cpp"
# shellcheck disable=SC2046,SC2086 # lists of flags
{
    cc -std=c17 $strict "$dir/embed.c" $(pkg-config --cflags --libs inkling) -o "$dir/shared"
    cc -std=c17 $strict "$dir/embed.c" $(pkg-config --cflags inkling) "$LD_LIBRARY_PATH/libinkling.a" -lm -pthread \
        -o "$dir/static"
    c++ -std=c++17 $strict "$dir/embed.cpp" $(pkg-config --cflags --libs inkling) -o "$dir/shared++"
}
for program in shared static shared++; do check "$dir/$program"; done

cat >"$dir/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(embedder C CXX)
set(CMAKE_C_STANDARD 17)
set(CMAKE_CXX_STANDARD 17)
find_package(Inkling 0.1 REQUIRED)
add_executable(cmake_shared embed.c)
target_link_libraries(cmake_shared PRIVATE Inkling::inkling)
add_executable(cmake_static++ embed.cpp)
target_link_libraries(cmake_static++ PRIVATE Inkling::inkling_static)
END
cmake -S "$dir" -B "$dir/build" -DCMAKE_PREFIX_PATH="$dir/installed" >"$dir/cmake.log"
cmake --build "$dir/build" >>"$dir/cmake.log"
for program in cmake_shared cmake_static++; do check "$dir/build/$program"; done

# Only inkling.h's names leave the library, and it leans on libc alone.
library=$(find "$dir/installed" -name 'libinkling.so.*.*.*')
if nm -D --defined-only "$library" | grep -v ' ink_' >&2; then
    echo "names without ink_ leave the library" >&2
    exit 1
fi
if readelf -d "$library" | grep NEEDED | grep -vE 'lib(m|c|pthread)\.so' >&2; then
    echo "the library needs more than libc" >&2
    exit 1
fi
strip -o "$dir/stripped" "$library"
echo "the library, stripped: $(wc -c <"$dir/stripped") bytes"
