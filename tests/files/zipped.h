/* tests/files/zipped.h: zip files made byte by byte, so that any byte can be wrong. For archives and .pth. */
#ifndef INK_TESTS_FILES_ZIPPED_H
#define INK_TESTS_FILES_ZIPPED_H

#include "table.h"

/* One entry as it will be written; a zero field is filled in rightly. */
typedef struct zip_part {
    const char *name;
    size_t name_size; /* 0: strlen */
    const void *bytes;
    size_t size;
    int deflated;
    /* What the central directory says instead. */
    uint32_t fake_crc, fake_size, fake_packed;
    uint16_t fake_method, flags;
    const char *fake_name; /* as long as name */
    uint32_t attributes;   /* external; << 16 is the Unix mode */
    uint32_t offset_plus;  /* added to the local header's offset */
} zip_part;

void zip_make(piece *p, const zip_part *parts, size_t n);
/* The same with a comment behind the end record, and wrong numbers in it. */
typedef struct zip_end {
    const char *comment;
    size_t comment_size;
    uint16_t disk;
    uint32_t directory_plus;
    int count_plus;
} zip_end;
void zip_make_with(piece *p, const zip_part *parts, size_t n, const zip_end *end);

#endif
