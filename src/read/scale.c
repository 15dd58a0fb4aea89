/* read/scale.c: planes, and a large picture made smaller by area averaging.
 * Small pictures stay as they are: nothing is enlarged here. */
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "read/stages.h"

ink_status ink_plane_new(uint32_t width, uint32_t height, ink_plane *out, ink_error *err) {
    *out = (ink_plane){.at = ink_mem_new(width, height), .width = width, .height = height};
    if (out->at != NULL) return INK_OK;
    *out = (ink_plane){0};
    return ink_fail_memory(err, (uint64_t)width * height, "a picture");
}

void ink_plane_free(ink_plane *plane) {
    ink_mem_free(plane->at);
    *plane = (ink_plane){0};
}

/* Output pixel i of `to` covers source pixels i * from / to .. (i + 1) * from / to: the first and last of them, and
 * their shares of 256. Those between count whole. */
typedef struct span {
    uint32_t first, last;
    uint32_t first_share, last_share, sum;
} span;

static span span_of(uint32_t i, uint32_t from, uint32_t to) {
    uint64_t a = (uint64_t)i * from * 256 / to, b = (uint64_t)(i + 1) * from * 256 / to;
    span s = {.first = (uint32_t)(a >> 8), .last = (uint32_t)((b - 1) >> 8), .sum = (uint32_t)(b - a)};
    s.first_share = s.first == s.last ? (uint32_t)(b - a) : 256 - (uint32_t)(a & 255);
    s.last_share = (uint32_t)(b - ((uint64_t)s.last << 8));
    return s;
}

static void add_row(uint32_t *sum, const uint8_t *row, uint32_t width, uint32_t share) {
    for (uint32_t x = 0; x < width; x++) sum[x] += share * row[x];
}

static void narrow(const uint32_t *sum, uint32_t width, const span *down, uint8_t *out, uint32_t out_width) {
    for (uint32_t x = 0; x < out_width; x++) {
        span s = span_of(x, width, out_width);
        uint64_t v = (uint64_t)s.first_share * sum[s.first];
        for (uint32_t k = s.first + 1; k < s.last; k++) v += (uint64_t)256 * sum[k];
        if (s.last > s.first) v += (uint64_t)s.last_share * sum[s.last];
        uint64_t whole = (uint64_t)s.sum * down->sum;
        out[x] = (uint8_t)((v + whole / 2) / whole);
    }
}

ink_status ink_plane_scale(const uint8_t *grey, uint32_t width, uint32_t height, size_t stride_bytes, ink_plane *out,
                           ink_error *err) {
    uint32_t longer = width > height ? width : height, w = width, h = height;
    if (longer > INK_SHEET_SIDE_MAX) {
        w = (uint32_t)(((uint64_t)width * INK_SHEET_SIDE_MAX + longer / 2) / longer);
        h = (uint32_t)(((uint64_t)height * INK_SHEET_SIDE_MAX + longer / 2) / longer);
        if (w == 0) w = 1;
        if (h == 0) h = 1;
    }
    ink_status status = ink_plane_new(w, h, out, err);
    if (status != INK_OK) return status;
    if (w == width && h == height) {
        for (uint32_t y = 0; y < h; y++) memcpy(out->at + (size_t)y * w, grey + y * stride_bytes, w);
        return INK_OK;
    }
    uint32_t *sum = ink_mem_new(width, sizeof *sum);
    if (sum == NULL) {
        ink_plane_free(out);
        return ink_fail_memory(err, (uint64_t)width * sizeof *sum, "a row");
    }
    for (uint32_t y = 0; y < h; y++) {
        span s = span_of(y, height, h);
        memset(sum, 0, width * sizeof *sum);
        add_row(sum, grey + s.first * stride_bytes, width, s.first_share);
        for (uint32_t k = s.first + 1; k < s.last; k++) add_row(sum, grey + k * stride_bytes, width, 256);
        if (s.last > s.first) add_row(sum, grey + s.last * stride_bytes, width, s.last_share);
        narrow(sum, width, &s, out->at + (size_t)y * w, w);
    }
    ink_mem_free(sum);
    return INK_OK;
}
