# libinkling and web/wasm as WebAssembly, by clang and wasm-ld alone: no SDK, no libc but web/wasm's own.
# Sets ink_wasm_modules to the two modules (128-bit vectors, and plain for browsers without), or to nothing when the
# tools are not there: then the page asks its server for each answer.
set(INK_WASM AUTO CACHE STRING "WebAssembly for the page: AUTO (when clang and wasm-ld are there), ON, OFF")
set(ink_wasm_modules "")
if(INK_WASM STREQUAL "OFF" OR (INK_WASM STREQUAL "AUTO" AND (INK_SANITIZE OR INK_FUZZ OR CMAKE_CROSSCOMPILING)))
  return()
endif()

set(versions 22 21 20 19 18 17 16 15 14)
list(TRANSFORM versions PREPEND clang- OUTPUT_VARIABLE clangs)
list(TRANSFORM versions PREPEND wasm-ld- OUTPUT_VARIABLE linkers)
find_program(INK_WASM_CLANG NAMES clang ${clangs} DOC "clang that knows the target wasm32")
find_program(INK_WASM_LD NAMES wasm-ld ${linkers} DOC "lld's linker for WebAssembly")
set(wasm_works 1)
if(INK_WASM_CLANG AND INK_WASM_LD)
  execute_process(
    COMMAND ${INK_WASM_CLANG} --target=wasm32 -msimd128 -ffreestanding -nostdlibinc -include stdint.h -x c -c /dev/null
            -o ${PROJECT_BINARY_DIR}/CMakeFiles/try.wasm
    RESULT_VARIABLE wasm_works OUTPUT_QUIET ERROR_QUIET)
endif()
if(NOT wasm_works EQUAL 0)
  if(INK_WASM STREQUAL "ON")
    message(FATAL_ERROR "INK_WASM=ON, but no clang with wasm-ld was found (Debian: apt install clang lld)")
  endif()
  message(STATUS "No clang with wasm-ld: the page will ask its server for each answer")
  return()
endif()

# The library but threads, clocks and files, the reader of pages, and the page's own door to them.
file(GLOB wasm_sources CONFIGURE_DEPENDS web/wasm/*.c)
ink_room(read_sources read)
list(APPEND wasm_sources ${core_sources} ${ops_sources} ${nn_sources} ${door_sources} ${read_sources})
list(FILTER wasm_sources EXCLUDE REGEX
     "/src/(core/(pool|clock)|files/safetensors_open|api/model|ops/cpu/kern_(avx.*|amx|neon.*))\\.c$")

set(wasm_flags --target=wasm32 -std=c17 -ffreestanding -nostdlibinc -fvisibility=hidden -ffp-contract=off -DNDEBUG
    -isystem ${PROJECT_SOURCE_DIR}/web/wasm/libc -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src
    -I${PROJECT_SOURCE_DIR}/web -Wall -Wextra -Wshadow -Wconversion -Wno-pass-failed)
set(wasm_link_flags --no-entry --gc-sections --strip-all -z stack-size=262144)

# ink_wasm_module(<name> <flag>...): one module in web/<name>.wasm of the build folder.
function(ink_wasm_module name)
  set(objects)
  foreach(source ${wasm_sources})
    file(RELATIVE_PATH place ${PROJECT_SOURCE_DIR} ${source})
    set(object ${PROJECT_BINARY_DIR}/web/${name}/${place}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(own -Oz)
    if(place MATCHES "kern_" AND ARGN)
      set(own -O2) # without vectors the same unrolled loops are long, and no faster
    elseif(place STREQUAL "web/wasm/libc.c")
      set(own -O2 -fno-builtin)
    endif()
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${INK_WASM_CLANG} ${wasm_flags} ${ARGN} ${own} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d
      COMMENT "WebAssembly (${name}) ${place}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(module ${PROJECT_BINARY_DIR}/web/${name}.wasm)
  add_custom_command(
    OUTPUT ${module}
    COMMAND ${INK_WASM_LD} ${wasm_link_flags} ${objects} -o ${module}
    DEPENDS ${objects}
    COMMENT "WebAssembly ${name}.wasm" VERBATIM)
  list(APPEND ink_wasm_modules ${module})
  set(ink_wasm_modules ${ink_wasm_modules} PARENT_SCOPE)
endfunction()
ink_wasm_module(simd -msimd128)
ink_wasm_module(scalar)
