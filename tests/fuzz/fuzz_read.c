/* tests/fuzz/fuzz_read.c: any picture as a page: no crash, no leak, every box
 * inside it, as many lines as it says. The first two bytes are width and
 * height, the rest pixels; the net is a sum over what it is shown. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "read/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ink_status some_digit(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    (void)context;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        unsigned sum = 0;
        for (size_t k = 0; k < INK_DIGIT_PIXELS; k++) sum += images[i * INK_DIGIT_PIXELS + k] * (unsigned)(k % 7 + 1);
        for (unsigned d = 0; d < 10; d++) p[i * 10 + d] = 0.01f;
        p[i * 10 + sum % 10] = 0.1f + 0.008f * (float)(sum / 10 % 100);
    }
    return INK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t grey[256 * 256];
    const ink_page_options options = {.net = {some_digit, NULL}};
    ink_page page;
    char *text = NULL;
    uint32_t lines = 0;
    if (size < 3) return 0;
    uint32_t width = data[0] + 1u, height = data[1] + 1u;
    for (size_t i = 0; i < (size_t)width * height; i++) grey[i] = data[2 + i % (size - 2)];
    if (ink_page_read(grey, width, height, width, &options, &page, NULL) != INK_OK) abort();
    for (uint32_t i = 0; i < page.count; i++) {
        const ink_page_digit *d = &page.digits[i];
        if (d->width == 0 || d->height == 0 || d->x + d->width > width || d->y + d->height > height) abort();
        if (d->line >= page.lines || d->digit > 9 || d->digit < INK_PAGE_UNSURE) abort();
    }
    if (ink_page_text(&page, &text, NULL) != INK_OK) abort();
    for (const char *c = text; *c != '\0'; c++) lines += *c == '\n';
    if (lines != page.lines) abort();
    ink_mem_free(text);
    ink_page_clear(&page);
    return 0;
}
