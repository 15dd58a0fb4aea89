/* tests/files/zipped.c: local headers, a central directory and an end record, right or wrong as told.
 * It reads nothing. Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16. */
#include "zipped.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void add16(piece *p, unsigned v) {
    const unsigned char bytes[2] = {(unsigned char)v, (unsigned char)(v >> 8)};
    piece_add(p, bytes, 2);
}

static void add32(piece *p, uint32_t v) {
    add16(p, v & 0xffff);
    add16(p, v >> 16);
}

static void deflate_into(piece *p, const void *bytes, size_t size) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uLong bound = deflateBound(&z, (uLong)size) + 64;
    unsigned char *out = malloc(bound);
    assert_non_null(out);
    z.next_in = (unsigned char *)(uintptr_t)bytes;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    piece_add(p, out, bound - z.avail_out);
    deflateEnd(&z);
    free(out);
}

void zip_make_with(piece *p, const zip_part *parts, size_t n, const zip_end *end) {
    piece central = {0};
    for (size_t i = 0; i < n; i++) {
        const zip_part *e = &parts[i];
        piece packed = {0};
        size_t name_size = e->name_size > 0 ? e->name_size : strlen(e->name);
        uint32_t crc = (uint32_t)crc32(0, e->bytes, (uInt)e->size), offset = (uint32_t)p->size;
        if (e->deflated)
            deflate_into(&packed, e->bytes, e->size);
        else
            piece_add(&packed, e->bytes, e->size);
        add32(p, 0x04034b50);
        add16(p, 20);
        add16(p, e->flags);
        add16(p, e->deflated ? 8 : 0);
        add32(p, 0x21 << 16); /* 1980-01-01 */
        add32(p, crc);
        add32(p, (uint32_t)packed.size);
        add32(p, (uint32_t)e->size);
        add16(p, (unsigned)name_size);
        add16(p, 0);
        piece_add(p, e->name, name_size);
        piece_add(p, packed.bytes, packed.size);
        add32(&central, 0x02014b50);
        add16(&central, 3 << 8 | 20);
        add16(&central, 20);
        add16(&central, e->flags);
        add16(&central, e->fake_method ? e->fake_method : e->deflated ? 8 : 0);
        add32(&central, 0x21 << 16);
        add32(&central, e->fake_crc ? e->fake_crc : crc);
        add32(&central, e->fake_packed ? e->fake_packed : (uint32_t)packed.size);
        add32(&central, e->fake_size ? e->fake_size : (uint32_t)e->size);
        add16(&central, (unsigned)name_size);
        add16(&central, 0);
        add16(&central, 0);
        add16(&central, 0);
        add16(&central, 0);
        add32(&central, e->attributes);
        add32(&central, offset + e->offset_plus);
        piece_add(&central, e->fake_name ? e->fake_name : e->name, name_size);
        piece_free(&packed);
    }
    uint32_t directory = (uint32_t)p->size;
    piece_add(p, central.bytes, central.size);
    add32(p, 0x06054b50);
    add16(p, end->disk);
    add16(p, end->disk);
    add16(p, (unsigned)((int)n + end->count_plus));
    add16(p, (unsigned)((int)n + end->count_plus));
    add32(p, (uint32_t)central.size);
    add32(p, directory + end->directory_plus);
    add16(p, (unsigned)end->comment_size);
    piece_add(p, end->comment, end->comment_size);
    piece_free(&central);
}

void zip_make(piece *p, const zip_part *parts, size_t n) {
    zip_make_with(p, parts, n, &(zip_end){0});
}
