# The sources of a room, and the flags of those written for one instruction set.
# A file says its instruction set in its name (kern_avx2.c, csv_avx512.c); all others get the plain flags, so that
# the program starts on any processor of its architecture and picks at run time.
set(ink_flags_avx2 -mavx2 -mfma)
set(ink_flags_avx512 -march=skylake-avx512 -mprefer-vector-width=512)
set(ink_flags_avx512bf16 ${ink_flags_avx512} -mavx512bf16)
set(ink_flags_amx ${ink_flags_avx512bf16} -mamx-tile -mamx-bf16)
set(ink_flags_neon "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(ink_isas avx2 avx512 avx512bf16 amx)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(ink_isas neon)
else()
  set(ink_isas "")
endif()

# ink_room(<variable> <room>...): all .c files of src/<room>, without those of instruction sets that do not exist here.
function(ink_room out)
  set(kept)
  foreach(room ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.c)
    foreach(source ${found})
      if(source MATCHES "_(avx2|avx512|avx512bf16|amx|neon)(_[a-z0-9_]+)?\\.c$")
        set(isa ${CMAKE_MATCH_1})
        if(NOT isa IN_LIST ink_isas)
          continue()
        endif()
        # -fno-lto: link-time optimisation would inline across instruction sets.
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS ${ink_flags_${isa}} -fno-lto)
      endif()
      if(INK_SANITIZE AND source MATCHES "/kern_(generic|avx512|avx512bf16|amx)\\.c$")
        # An eighth of the time: a sanitizer's checks in unrolled loops take gcc minutes. AVX2's kernels, which most tests
        # run, are worth them.
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -O1)
      endif()
      list(APPEND kept ${source})
    endforeach()
  endforeach()
  set(${out} ${kept} PARENT_SCOPE)
endfunction()

# ink_pick(<variable> <file>...): those of the named files that are there, as full paths.
function(ink_pick out)
  set(kept)
  foreach(name ${ARGN})
    if(EXISTS ${PROJECT_SOURCE_DIR}/${name})
      list(APPEND kept ${PROJECT_SOURCE_DIR}/${name})
    endif()
  endforeach()
  set(${out} ${kept} PARENT_SCOPE)
endfunction()
