/* core/embedded.h: files that the build compiled into the program (cmake/InkEmbed.cmake).
 * A table ends with an entry whose name is NULL. Everything is static: nothing to free. */
#ifndef INK_CORE_EMBEDDED_H
#define INK_CORE_EMBEDDED_H

#include <stddef.h>

typedef struct ink_embedded {
    const char *name;           /* of the file, without its folder: "v3.txt"; some tables leave the ending out too */
    const unsigned char *bytes; /* size_bytes of them, then a NUL, so that a text is a string */
    size_t size_bytes;
} ink_embedded;

#endif
