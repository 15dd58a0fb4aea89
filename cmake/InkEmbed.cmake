# Files compiled into the program as a table of core/embedded.h.
# ink_embed(<variable> <symbol> [STEM] <glob>...): the C file to compile, which defines `const ink_embedded <symbol>[]`.
# STEM: the names in it are the files' without their endings.
function(ink_embed out symbol)
  cmake_parse_arguments(PARSE_ARGV 2 embed "STEM" "" "")
  set(ARGN ${embed_UNPARSED_ARGUMENTS})
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  set(generated ${PROJECT_BINARY_DIR}/generated/${symbol}.c)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DSYMBOL=${symbol} -DSTEM=${embed_STEM} "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${symbol}" VERBATIM)
  set(${out} ${generated} PARENT_SCOPE)
endfunction()
