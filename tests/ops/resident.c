/* tests/ops/resident.c: the same steps twice, on a resident set and on batches brought from the host's memory.
 * The trainer's choice between the two is tests/train's. */
#include "resident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/rng.h"
#include "data/augment.h"

#define ROWS  40u
#define MOST  9u  /* images of a batch, times a net's factor */
#define TIMES 16u /* the largest factor: more than a block of threads */
#define STEPS 11u
#define SEED  UINT64_C(0x123456789a)

static const struct {
    const char *net, *augment;
    uint32_t times;
} nets[] = {
    /* Images of whole sixteens of bytes, every part of a distortion. */
    {"9 img 28x28: warp, normalise 1, conv 6 3x3 s2, bn, relu, dropout, flatten, linear 10 bias, loss 0.1, "
     "adamw clip 1 average 0.9",
     "rotate 12 scale 0.12 stretch 0.1 shear 0.15 shift 0.08 shift-safe 1 squeeze 3 elastic 34 4 erase 4 normal", 1},
    {"9 img 20x16: warp, mark, normalise 1, add, maxpool 2x2 s2, flatten, linear 10 bias, loss 0, nesterov",
     "shift-px 2 shift-whole elastic 20 5 erase 3 erase-share 0.5 share 0.6", 1},
    /* Images of odd size, and without distortion. */
    {"9 img 9x7: warp, normalise 3, flatten, linear 10 bias, loss 0, sgd", "rotate 20 shift-safe 0.5", TIMES},
    {"9 img 5x5: normalise 1, flatten, linear 10, loss 0, adam", NULL, 3},
    /* Nothing that a step finds is given back. */
    {"9 img 12x12: warp, normalise 1, conv 4 3x3, relu, flatten, linear 10", "shift 0.1", 1},
};

/* How many images each step has, and how many steps a call: whole batches, short ones. The last step is no call
 * where a net learns: run and run_rows may take turns. */
static const uint32_t sizes[STEPS] = {9, 9, 9, 9, 4, 9, 7, 9, 9, 4, 9}, calls[] = {3, 2, 4, 1};

typedef struct trial {
    const ink_backend *backend;
    case_net net;
    case_data data; /* [ROWS] */
    ink_augment augment;
    bool distorted;
    uint32_t height, width, most;
    uint32_t rows[STEPS][MOST * TIMES];
    ink_batch step[STEPS];
    ink_program *program;
} trial;

static void must(ink_status status, const ink_error *err) {
    if (status != INK_OK) fail_msg("%s", err->text);
}

/* Paper around the ink, more in some images: what shift-safe looks at. */
static void clear_margins(trial *t) {
    for (uint32_t i = 0; i < ROWS; i++) {
        uint8_t *image = t->data.images + (size_t)i * t->height * t->width;
        for (uint32_t y = 0; y < t->height; y++) {
            for (uint32_t x = 0; x < t->width; x++) {
                if (x < i % 3 || y < i % 4 || x >= t->width - i % 2) image[y * t->width + x] = 0;
            }
        }
    }
}

static void begin(trial *t, const ink_backend *backend, size_t which) {
    ink_error err;
    *t = (trial){.backend = backend, .distorted = nets[which].augment != NULL, .most = MOST * nets[which].times};
    case_build(nets[which].net, &t->net);
    for (ink_id v = 0; v < t->net.g.n_values; v++) {
        if (t->net.g.values[v].role != INK_ROLE_IMAGES) continue;
        t->height = (uint32_t)t->net.g.values[v].dim[1];
        t->width = (uint32_t)t->net.g.values[v].dim[2];
    }
    if (t->distorted) must(ink_augment_parse(nets[which].augment, &t->augment, &err), &err);
    case_fill(&t->net, ROWS, 7, &t->data);
    clear_margins(t);
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t epoch = i < 5 ? 1 : 2, order[ROWS];
        ink_rng rng = ink_rng_at(SEED, INK_STREAM_SHUFFLE, epoch, 0);
        ink_rng_shuffle(&rng, order, ROWS);
        uint32_t n = sizes[i] * nets[which].times;
        for (uint32_t k = 0; k < n; k++) t->rows[i][k] = order[(i % 5 * 8 + k) % ROWS];
        t->step[i] = (ink_batch){
            .n = n, .rows = t->rows[i], .seed = SEED, .epoch = epoch, .step = i + 1, .lr = 0.01f * (float)(1 + i % 4)};
    }
    ink_compile_options options = {.max_batch = t->most, .precision = INK_PRECISION_F32};
    must(backend->compile(&t->net.g, &options, &t->program, &err), &err);
    case_write(backend, t->program, &t->net, t->most < ROWS ? t->most : ROWS, &t->data);
}

static void end(trial *t) {
    t->backend->free(t->program);
    case_release(&t->net, &t->data);
    case_clear(&t->net);
}

/* A step on a batch as data/batch.c makes it. */
static void run_brought(trial *t, uint32_t i) {
    size_t bytes = (size_t)t->height * t->width;
    uint8_t *images = malloc(t->most * bytes), labels[MOST * TIMES];
    static ink_warp warps[MOST * TIMES];
    ink_batch *b = &t->step[i];
    ink_error err;
    assert_non_null(images);
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t row = b->rows[k];
        memcpy(images + k * bytes, t->data.images + row * bytes, bytes);
        labels[k] = t->data.labels[row];
        ink_augment_draw(&t->augment, b->seed, b->epoch, row, images + k * bytes, t->height, t->width, &warps[k]);
    }
    b->images = images;
    b->labels = labels;
    b->warps = warps;
    must(t->backend->run(t->program, b, &err), &err);
    free(images);
}

static void run_resident(trial *t) {
    ink_resident *set = NULL;
    ink_error err;
    ink_resident_source source = {.images = t->data.images,
                                  .labels = t->data.labels,
                                  .count = ROWS,
                                  .height = t->height,
                                  .width = t->width,
                                  .augment = t->distorted ? &t->augment : NULL};
    must(t->backend->bring(&source, &set, &err), &err);
    must(t->backend->attach(t->program, set, 5, &err), &err);
    for (uint32_t i = 0, call = 0; i + 1 < STEPS; i += calls[call++]) {
        must(t->backend->run_rows(t->program, &t->step[i], calls[call], &err), &err);
    }
    if (t->net.learns) {
        run_brought(t, STEPS - 1);
    } else {
        must(t->backend->run_rows(t->program, &t->step[STEPS - 2], 2, &err), &err); /* the last of them is seen */
    }
    t->backend->let_go(set);
}

static void compare(const trial *a, const trial *b, const char *where) {
    ink_error err;
    for (uint32_t i = 0; i < STEPS; i++) {
        if (a->step[i].loss_sum == b->step[i].loss_sum && a->step[i].correct == b->step[i].correct &&
            a->step[i].gradient_norm == b->step[i].gradient_norm)
            continue;
        fail_msg("%s: step %u lost %.9g (%u right, norm %.9g), on resident images %.9g (%u, %.9g)", where, i + 1,
                 a->step[i].loss_sum, a->step[i].correct, a->step[i].gradient_norm, b->step[i].loss_sum,
                 b->step[i].correct, b->step[i].gradient_norm);
    }
    for (ink_id v = 0; v < a->net.g.n_values; v++) {
        size_t count;
        if (!case_compares(&a->net, v, a->step[STEPS - 1].n, &count)) continue;
        float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
        assert_true(x != NULL && y != NULL);
        must(a->backend->read(a->program, v, x, count, &err), &err);
        must(b->backend->read(b->program, v, y, count, &err), &err);
        if (memcmp(x, y, count * sizeof *x) != 0) fail_msg("%s: %s differs", where, a->net.g.values[v].name);
        free(x);
        free(y);
    }
}

void resident_check(const ink_backend *backend, const char *where) {
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        trial brought, resident;
        begin(&brought, backend, i);
        begin(&resident, backend, i);
        for (uint32_t k = 0; k < STEPS; k++) run_brought(&brought, k);
        run_resident(&resident);
        compare(&brought, &resident, where);
        end(&brought);
        end(&resident);
    }
}
