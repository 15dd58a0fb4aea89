/* tests/files/table.c: what the tests of this room feed their readers with.
 * Of readers it knows only what one makes of such a table. */
#define _GNU_SOURCE
#include "table.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void piece_add(piece *p, const void *bytes, size_t size) {
    if (p->size + size + 1 > p->room) {
        p->room = (p->size + size + 1) * 2;
        p->bytes = realloc(p->bytes, p->room);
        assert_non_null(p->bytes);
    }
    if (size > 0) memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
    p->bytes[p->size] = '\0';
}

void piece_print(piece *p, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof text - 1);
    piece_add(p, text, (size_t)n);
}

void piece_free(piece *p) {
    free(p->bytes);
    memset(p, 0, sizeof *p);
}

unsigned pixel_at(unsigned row, unsigned k) {
    /* Mostly paper, all lengths of numbers, all values over the rows. */
    unsigned v = row * 31 + k * 7;
    return v % 3 != 0 ? 0 : v % 256;
}

void table_make(piece *p, const table_form *form) {
    const char *end = form->end != NULL ? form->end : "\n";
    unsigned fields = form->unlabelled ? 784 : 785;
    for (unsigned k = 0; form->header && k < fields; k++) {
        if (k > 0) piece_add(p, ",", 1);
        if (fields == 785 && k == 0)
            piece_print(p, "label");
        else
            piece_print(p, "pixel%u", k - (fields == 785));
    }
    if (form->header) piece_print(p, "%s", end);
    for (unsigned r = 0; r < form->rows; r++) {
        for (unsigned k = 0; k < fields; k++) {
            if (k > 0) piece_add(p, ",", 1);
            if (form->edit != NULL && form->edit_row == r + 1 && form->edit_at == k + 1) {
                piece_add(p, form->edit, form->edit_size > 0 ? form->edit_size : strlen(form->edit));
            } else if (fields == 785 && k == 0) {
                piece_print(p, "%u", r % 10);
            } else {
                piece_print(p, "%u", pixel_at(r, k - (fields == 785)));
            }
        }
        piece_print(p, "%s", end);
    }
}

void gzip_add(piece *p, const void *bytes, size_t size) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
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

static char folder_path[64];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_folder(void) {
    (void)nftw(folder_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *folder(void) {
    if (folder_path[0] == '\0') {
        strcpy(folder_path, "/tmp/inkling-test-XX"
                            "XX"
                            "XX");
        assert_non_null(mkdtemp(folder_path));
        atexit(remove_folder);
    }
    return folder_path;
}

unsigned folder_count(void) {
    unsigned n = 0;
    DIR *dir = opendir(folder());
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(dir);
    return n;
}

const char *file_with(const char *name, const void *bytes, size_t size) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

uint64_t random_next(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void table_is(const ink_images *images, unsigned rows, bool labelled) {
    assert_int_equal(images->count, rows);
    assert_int_equal(images->labels != NULL, labelled);
    const unsigned wide = images->height * images->width;
    assert_int_equal(wide, 784);
    for (unsigned r = 0; r < rows; r++) {
        for (unsigned k = 0; k < wide; k++) assert_int_equal(images->pixels[r * wide + k], pixel_at(r, k));
        if (labelled) assert_int_equal(images->labels[r], r % 10);
    }
}
