# Tests, all found by their place.
#   tests/<room>/test_<what>.c   one CTest test <room>/<what>, linked with cmocka, the whole program and the reference;
#                                other .c files of that folder are linked into each of its tests; 77: skipped
#   tests/e2e/<what>.sh          run with the program's path in INKLING, the sources in INK_SOURCE
#   tests/fuzz/fuzz_<what>.c     run over tests/fuzz/corpus/<what>; a libFuzzer program when INK_FUZZ is on

# Out of memory is a status here, not a crash: the sanitizers' allocators must say NULL as libc's does.
set(test_environment
  "ASAN_OPTIONS=allocator_may_return_null=1:strict_string_checks=1:detect_stack_use_after_return=1"
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tools/lsan.txt:print_suppressions=0"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=allocator_may_return_null=1:halt_on_error=1")

set(test_rooms core ops nn)
set(test_libraries ink_cuda_host ink_ptx ink_ref inkling_static Ink::cmocka)
if(NOT INK_LIBRARY_ONLY)
  list(APPEND test_rooms files data train report read api cli)
  list(PREPEND test_libraries ink_program)
else()
  add_library(ink_augment STATIC src/data/augment.c) # the program's: ops' tests compare a device's distortions with it
  target_include_directories(ink_augment PUBLIC include src)
  target_link_libraries(ink_augment PUBLIC inkling_static)
  list(PREPEND test_libraries ink_augment)
endif()
if(TARGET ink_cli)
  list(PREPEND test_libraries ink_cli)
endif()

# Until a test counts as stuck: a test is no stopwatch, and sanitizers and emulators are slow on a busy machine.
set(test_most_s 600)
if(INK_SANITIZE OR CMAKE_CROSSCOMPILING)
  set(test_most_s 1800)
endif()
set(test_speed)
if(CMAKE_CROSSCOMPILING)
  set(test_speed INK_TEST_EMULATED) # tests/ops/cases.h
endif()

foreach(room ${test_rooms})
  file(GLOB tests CONFIGURE_DEPENDS tests/${room}/test_*.c)
  file(GLOB support CONFIGURE_DEPENDS tests/${room}/*.c)
  if(tests)
    list(REMOVE_ITEM support ${tests})
  endif()
  foreach(source ${tests})
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE "test_" "" what ${name})
    set(target test_${room}_${what})
    add_executable(${target} ${source} ${support})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_compile_definitions(${target} PRIVATE
      INK_TEST_SOURCE="${PROJECT_SOURCE_DIR}" INK_TEST_VERSION="${PROJECT_VERSION}" ${test_speed})
    target_include_directories(${target} PRIVATE include src)
    target_link_libraries(${target} PRIVATE ${test_libraries})
    add_test(NAME ${room}/${what} COMMAND ${target})
    set_tests_properties(${room}/${what} PROPERTIES TIMEOUT ${test_most_s} SKIP_RETURN_CODE 77 ENVIRONMENT "${test_environment}")
  endforeach()
endforeach()

set(harnesses)
if(NOT INK_LIBRARY_ONLY)
  file(GLOB harnesses CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
endif()
foreach(source ${harnesses})
  get_filename_component(target ${source} NAME_WE)
  string(REPLACE "fuzz_" "" what ${target})
  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  target_link_libraries(${target} PRIVATE ink_program)
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${what})
  if(INK_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz/${what} COMMAND ${target} -runs=0 ${corpus})
  else()
    target_sources(${target} PRIVATE tests/fuzz/replay.c)
    add_test(NAME fuzz/${what} COMMAND ${target} ${corpus})
  endif()
  set_tests_properties(fuzz/${what} PROPERTIES TIMEOUT ${test_most_s} ENVIRONMENT "${test_environment}")
endforeach()

if(TARGET ink_command)
  file(GLOB scripts CONFIGURE_DEPENDS tests/e2e/*.sh)
  foreach(script ${scripts})
    get_filename_component(what ${script} NAME_WE)
    add_test(NAME e2e/${what} COMMAND sh ${script})
    set_tests_properties(e2e/${what} PROPERTIES TIMEOUT ${test_most_s} SKIP_RETURN_CODE 77
      ENVIRONMENT "${test_environment};INKLING=$<TARGET_FILE:ink_command>;INK_SOURCE=${PROJECT_SOURCE_DIR};INK_BUILD=${PROJECT_BINARY_DIR}")
  endforeach()
endif()

if(NOT CMAKE_CROSSCOMPILING)
  add_test(NAME rules COMMAND ${PROJECT_SOURCE_DIR}/tools/rules)
endif()
