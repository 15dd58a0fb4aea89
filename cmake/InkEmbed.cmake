# Files compiled into the program as a table of core/embedded.h.
# ink_embed(<variable> <symbol> <glob>...): the C file to compile, which defines `const ink_embedded <symbol>[]`.
function(ink_embed out symbol)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  set(generated ${PROJECT_BINARY_DIR}/generated/${symbol}.c)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DSYMBOL=${symbol} "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${symbol}" VERBATIM)
  set(${out} ${generated} PARENT_SCOPE)
endfunction()
