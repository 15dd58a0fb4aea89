# Run by ink_embed: writes FILES as byte arrays and one table SYMBOL into OUT.
set(arrays "")
set(rows "")
set(number 0)
foreach(path ${FILES})
  get_filename_component(name ${path} NAME)
  file(SIZE ${path} size)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(....................................................................................................)"
         "\\1\n    " bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file${number}[] = { /* ${name} */\n    ${bytes}0x00};\n")
  string(APPEND rows "    {\"${name}\", file${number}, ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT}.new "/* Made by cmake/embed.cmake: edit the files that it names. */\n#include \"core/embedded.h\"\n\n"
     "extern const ink_embedded ${SYMBOL}[];\n${arrays}const ink_embedded ${SYMBOL}[] = {\n${rows}    {0}};\n")
file(RENAME ${OUT}.new ${OUT})
