/* data/digit_files.c: from a picture's bytes to the 784 of a digit, file by file on all threads.
 * Which files there are is digit_folder.c's business, how they are coded files/bitmap's. */
#include "data/digit_files.h"

#include <string.h>

#include "core/mem.h"
#include "core/status.h"

#define RUN_FILES     64u /* of one task */
#define LEAST_INK     32u
#define PAPER_MOST    16u /* of a picture that is MNIST's already */
#define SIDE_LEAST    14u
#define SIDE_MOST     21u
#define CENTRE        14.0
#define CENTRE_OFF    1.0
#define NOISE_TIMES   4u /* the median distance from paper is 0.67 standard deviations: this is 2.7 of them */
#define QUARTER(most) ((most) / 4)

/* ---- one picture ---- */

/* How often each shade stands in the outermost pixels; returns how many these are. */
static uint32_t count_border(const ink_bitmap *p, uint32_t shades[256]) {
    uint32_t n = 0;
    memset(shades, 0, 256 * sizeof *shades);
    for (uint32_t y = 0; y < p->height; y++) {
        bool whole = y == 0 || y == p->height - 1;
        uint32_t step = whole || p->width == 1 ? 1 : p->width - 1;
        for (uint32_t x = 0; x < p->width; x += step, n++) shades[p->grey[(size_t)y * p->width + x]]++;
    }
    return n;
}

/* The least value that at least half of the n counted ones do not exceed. */
static uint32_t median(const uint32_t counts[256], uint32_t n) {
    uint64_t seen = 0;
    uint32_t value = 0;
    while (value < 255 && (seen + counts[value]) * 2 < n) seen += counts[value++];
    return value;
}

/* Light ink on a dark page, as large and as centred as MNIST's own. */
static bool is_mnist(const ink_bitmap *p, uint32_t paper, uint32_t most) {
    if (p->width != INK_DIGIT_SIDE || p->height != INK_DIGIT_SIDE || paper > PAPER_MOST) return false;
    uint32_t left = p->width, right = 0, top = p->height, bottom = 0;
    double mass = 0, mass_x = 0, mass_y = 0;
    for (uint32_t y = 0; y < p->height; y++) {
        for (uint32_t x = 0; x < p->width; x++) {
            uint32_t v = p->grey[y * p->width + x];
            mass += v;
            mass_x += (double)v * x;
            mass_y += (double)v * y;
            if (v <= QUARTER(most)) continue;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (y < top) top = y;
            bottom = y + 1;
        }
    }
    uint32_t wide = right - left, high = bottom - top, longest = wide > high ? wide : high;
    double off_x = mass_x / mass - CENTRE, off_y = mass_y / mass - CENTRE;
    return longest >= SIDE_LEAST && longest <= SIDE_MOST && off_x >= -CENTRE_OFF && off_x <= CENTRE_OFF &&
           off_y >= -CENTRE_OFF && off_y <= CENTRE_OFF;
}

bool ink_digit_of_bitmap(ink_bitmap *p, uint8_t out[INK_DIGIT_PIXELS]) {
    uint32_t shades[256], away[256] = {0}, least = 255, most = 0;
    size_t size = (size_t)p->width * p->height;
    memset(out, 0, INK_DIGIT_PIXELS);
    uint32_t n = count_border(p, shades), paper = median(shades, n);
    for (size_t i = 0; i < size; i++) {
        if (p->grey[i] < least) least = p->grey[i];
        if (p->grey[i] > most) most = p->grey[i];
    }
    bool dark_ink = paper - least > most - paper;
    uint32_t strongest = dark_ink ? paper - least : most - paper;
    if (strongest < LEAST_INK) return false;
    if (!dark_ink && is_mnist(p, paper, most)) {
        memcpy(out, p->grey, INK_DIGIT_PIXELS);
        return true;
    }
    for (uint32_t v = 0; v < 256; v++) away[v > paper ? v - paper : paper - v] += shades[v];
    uint32_t noise = NOISE_TIMES * median(away, n);
    if (noise + LEAST_INK > strongest) return false;
    for (size_t i = 0; i < size; i++) {
        uint32_t v = p->grey[i], ink = dark_ink ? (v < paper ? paper - v : 0) : (v > paper ? v - paper : 0);
        uint32_t over = ink > noise ? (ink - noise) * 255 / (strongest - noise) : 0;
        p->grey[i] = (uint8_t)over;
    }
    return ink_digit_normalise(p->grey, p->width, p->height, p->width, out);
}

ink_status ink_digit_file_read(const char *path, uint8_t out[INK_DIGIT_PIXELS], bool *blank, ink_error *err) {
    ink_source *source = NULL;
    ink_bitmap picture = {0};
    *blank = true;
    memset(out, 0, INK_DIGIT_PIXELS);
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_bitmap_read(source, NULL, &picture, err);
    if (status == INK_OK) *blank = !ink_digit_of_bitmap(&picture, out);
    ink_bitmap_free(&picture);
    ink_source_close(source);
    return status;
}

/* ---- many ---- */

/* How the first fault of a task is kept. */
typedef struct fault {
    ink_status status;
    ink_error err;
} fault;

typedef struct work {
    const ink_digit_files *list;
    ink_images *out;
    fault *faults; /* [tasks] */
} work;

static void read_run(void *context, uint32_t task, uint32_t worker) {
    (void)worker;
    work *w = context;
    fault *f = &w->faults[task];
    uint32_t from = task * RUN_FILES, to = from + RUN_FILES < w->list->count ? from + RUN_FILES : w->list->count;
    for (uint32_t i = from; i < to && f->status == INK_OK; i++) {
        bool blank;
        uint8_t *digit = w->out->pixels + (size_t)i * INK_DIGIT_PIXELS;
        f->status = ink_digit_file_read(w->list->files[i].path, digit, &blank, &f->err);
        if (w->out->labels != NULL) w->out->labels[i] = w->list->files[i].label;
    }
}

ink_status ink_digit_files_read(const ink_digit_files *list, ink_pool *pool, ink_images *out, ink_error *err) {
    uint32_t n = list->count, tasks = (n + RUN_FILES - 1) / RUN_FILES;
    ink_status status = INK_OK;
    bool labelled = n > 0 && list->files[0].label != INK_NO_LABEL;
    ink_images made = {.count = n, .height = INK_DIGIT_SIDE, .width = INK_DIGIT_SIDE};
    *out = (ink_images){0};
    work w = {.list = list, .out = &made, .faults = ink_mem_new(tasks, sizeof *w.faults)};
    made.pixels = ink_mem_new(n, INK_DIGIT_PIXELS);
    made.labels = labelled ? ink_mem_new(n, 1) : NULL;
    if (w.faults == NULL || made.pixels == NULL || (labelled && made.labels == NULL)) {
        status = ink_fail_memory(err, (uint64_t)n * (INK_DIGIT_PIXELS + 1), "pictures");
        goto done;
    }
    if (pool != NULL && tasks > 1) {
        ink_pool_each(pool, tasks, read_run, &w);
    } else {
        for (uint32_t task = 0; task < tasks; task++) read_run(&w, task, 0);
    }
    for (uint32_t task = 0; task < tasks && status == INK_OK; task++) {
        status = w.faults[task].status;
        if (status != INK_OK && err != NULL) *err = w.faults[task].err;
    }
done:
    ink_mem_free(w.faults);
    if (status == INK_OK) {
        *out = made;
    } else {
        ink_images_free(&made);
    }
    return status;
}
