# The page to draw on, joined into one HTML file. It is web/index.html of the build folder, compiled into the program
# as the table ink_web_files (core/embedded.h; web_files is its source), and, when it can read by itself,
# inkling-draw.html, which works from the disk without a server. The target ink_page makes the files alone.
include(InkWasm)
set(INK_PAGE_MODEL "" CACHE FILEPATH "The model in the page; empty: models/digits.safetensors")
set(page_model ${INK_PAGE_MODEL})
if(NOT page_model)
  set(page_model ${PROJECT_SOURCE_DIR}/models/digits.safetensors)
endif()

set(page ${PROJECT_BINARY_DIR}/web/index.html)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/web)
file(GLOB page_parts CONFIGURE_DEPENDS web/*.html web/*.css web/*.js web/join.sh)
set(page_data)
set(page_offline)
if(ink_wasm_modules AND EXISTS ${page_model})
  set(page_data ${ink_wasm_modules} ${page_model})
  set(page_offline ${PROJECT_BINARY_DIR}/inkling-draw.html)
  add_custom_command(
    OUTPUT ${page_offline} COMMAND ${CMAKE_COMMAND} -E copy ${page} ${page_offline} DEPENDS ${page} VERBATIM)
elseif(INK_WASM STREQUAL "ON")
  message(FATAL_ERROR "INK_WASM=ON, but there is no ${page_model}: -DINK_PAGE_MODEL=FILE names another")
endif()
add_custom_command(
  OUTPUT ${page}
  COMMAND sh ${PROJECT_SOURCE_DIR}/web/join.sh ${PROJECT_SOURCE_DIR}/web ${page} ${page_data}
  DEPENDS ${page_parts} ${page_data}
  COMMENT "The page to draw on" VERBATIM)
add_custom_target(ink_page ALL DEPENDS ${page} ${page_offline})

set(web_files ${PROJECT_BINARY_DIR}/generated/ink_web_files.c)
add_custom_command(
  OUTPUT ${web_files}
  COMMAND ${CMAKE_COMMAND} -DOUT=${web_files} -DSYMBOL=ink_web_files "-DFILES=${page}"
          -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${page} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "Embedding the page" VERBATIM)
