# tools/rules.awk: the rules for one C file, whose path comes as -v path=...; tools/rules runs it.
# Written for any awk: no interval expressions, no \< \>.
function breach(line, text) { print path ":" line ": " text }

# Room of a source file: "src/ops/cpu/pack.c" -> "ops"; "cli/main.c" -> "cli"; tests and benches have none.
function room_of(p, parts, n) {
    n = split(p, parts, "/")
    if (parts[1] == "src" && n > 2) return parts[2]
    if (parts[1] == "web" && parts[2] == "wasm") return "wasm"
    if (parts[1] == "cli" || parts[1] == "web") return "cli"
    return ""
}

function is_library(p) {
    return p ~ /^src\/(core|ops|nn)\// || p == "src/data/normaliser.c" || p ~ /^src\/files\/safetensors/ || p == "src/api/model.c"
}

function is_kernel(p) { return p ~ /^src\/ops\/cpu\/kern_/ || p ~ /^src\/files\/csv/ || p ~ /^src\/ops\/cuda\// }

BEGIN {
    # Who may include what; every room may include itself and inkling.h.
    may["core"] = ""
    may["ops"] = "core"
    may["files"] = "core"
    may["data"] = "files core"
    may["nn"] = "ops core"
    may["report"] = "nn data files ops core"
    may["read"] = may["report"]
    may["train"] = may["report"]
    may["api"] = "train read report nn data files ops core"
    may["cli"] = "api"
    may["wasm"] = "api data read core"
    room = room_of(path)
    code = path ~ /^(src|cli|web|include|examples)\//
    name = path
    sub(/^(src|include)\//, "", name)
}

{ sub(/\r$/, "") }

# The first two lines say what the file is and what it is not.
FNR == 1 && path !~ /\.inc$/ && index($0, "/* " name ": ") != 1 { breach(1, "does not begin with /* " name ": what it is") }
FNR == 2 && path ~ /\.c$/ && $0 !~ /^ \* ./ { breach(2, "the second line of a .c file says what the file is not") }
{
    columns = $0
    gsub(/[\200-\277]/, "", columns) # the second and later bytes of a UTF-8 character
    if (length(columns) > 120) breach(FNR, "longer than 120 columns")
}

/^[ \t]*#[ \t]*include[ \t]+"/ && code {
    included = $0
    sub(/^[^"]*"/, "", included)
    sub(/".*/, "", included)
    split(included, part, "/")
    target = part[1]
    if (included == "inkling.h" || path ~ /^examples\//) {
    } else if (included !~ /\//) {
        if (room != "cli") breach(FNR, "include \"" included "\" must name its room: \"room/file.h\"")
    } else if (room == "cli") {
        if (target != "cli" && included != "api/work.h") breach(FNR, "cli may include inkling.h and api/work.h, not " included)
    } else if (target != room && index(" " may[room] " ", " " target " ") == 0) {
        breach(FNR, room " may not include " included)
    } else if (included ~ /^ops\/.*\// && room != "ops") {
        breach(FNR, included " is inside ops: only ops/*.h are for others")
    }
}

/^[ \t]*#[ \t]*include[ \t]+<([a-z]*intrin|arm_neon|arm_sve)\.h>/ && !is_kernel(path) {
    breach(FNR, "intrinsics belong in ops/cpu/kern_* and files/csv*")
}

/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)/ && code {
    if ($0 ~ /CUDA/ && path !~ /^src\/ops\/cuda\//) breach(FNR, "CUDA is known in ops/cuda only")
    if ($0 ~ /__(AVX|SSE|FMA|F16C|BMI|ARM_NEON|ARM_FEATURE)/ && !is_kernel(path)) {
        breach(FNR, "instruction sets are known in ops/cpu/kern_* and files/csv* only")
    }
    if ($0 ~ /__(x86_64|i386|aarch64)/ && !is_kernel(path) && path !~ /^src\/(ops\/cpu\/(pick|kernels)|core\/pool)\.[ch]$/) {
        breach(FNR, "architectures are known in ops/cpu/pick.c, the kernels and core/pool.c only")
    }
}

# What the library must not do. Comments are cut off as far as they stand on one line.
is_library(path) {
    text = $0
    gsub(/\/\*[^*]*\*\//, "", text)
    sub(/\/\*.*/, "", text)
    sub(/^ \*.*/, "", text)
    gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
    if (text ~ /(^|[^a-z_])(printf|fprintf|puts|putchar|perror|exit|_exit|abort|system|setlocale|strtok|rand|srand)[ ]*\(/) {
        breach(FNR, "the library does not print, exit or abort, and keeps no state of libc's")
    }
    if (text ~ /(^|[^a-z_])(secure_)?getenv[ ]*\(/ && path != "src/ops/cpu/pick.c") breach(FNR, "the library reads no environment (ops/cpu/pick.c: INK_ISA)")
    if (text ~ /(^|[^a-z_])(malloc|calloc|realloc|free|strdup)[ ]*\(/ && path != "src/core/mem.c") breach(FNR, "allocations go through core/mem.h")
}

# Functions: from the line of their name to the brace in the first column.
path ~ /\.(c|cu|inc)$/ && /^[A-Za-z_]/ && !/^[a-z_0-9]+:$/ && !/^(default|public):/ { began = FNR }
path ~ /\.(c|cu|inc)$/ && /^}$/ && began {
    if (FNR - began + 1 > 80) breach(began, "a function of " (FNR - began + 1) " lines; at most 80")
    began = 0
}

END { if (FNR > 600) breach(FNR, "a file of " FNR " lines; at most 600") }
