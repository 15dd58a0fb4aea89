/* web/wasm/door.c: what WebAssembly exports of libinkling to the page.
 * It draws nothing and knows no JavaScript: numbers and addresses in, numbers and addresses out (docs/page.md). */
#include <stdlib.h>
#include <string.h>

#include "api/model.h"
#include "data/normaliser.h"
#include "inkling.h"
#include "wasm/groups.h"

#define EXPORT(name) __attribute__((export_name(#name), used)) name

static ink_error fault;
static const uint8_t *model_bytes; /* kept: a second program is compiled when somebody looks into the layers */
static size_t model_size;
static ink_model *model, *looking;
static uint8_t *maps;
static float probabilities[INK_CLASSES];

/* The drawing that was cut last. */
static ink_group groups[INK_GROUPS_MAX];
static const uint8_t *drawing;
static uint32_t drawing_width;
static uint8_t *owner;  /* [height][width] */
static uint32_t *stack; /* [height][width] */
static size_t owner_room;

/* Memory that the page fills: a picture, a model. 0: there is none left. */
void *EXPORT(memory_new)(size_t size) {
    return malloc(size);
}

void EXPORT(memory_free)(void *p) {
    free(p);
}

/* The line that says why open, predict or look failed. */
const char *EXPORT(why)(void) {
    return fault.text;
}

static int open_model(bool layers, ink_model **out) {
    ink_tensors tensors = {0};
    ink_modelfile file = {0};
    ink_status status = ink_tensors_read(model_bytes, model_size, "the model", &tensors, &fault);
    if (status == INK_OK) status = ink_modelfile_take(&tensors, "the model", &file, &fault);
    if (status == INK_OK) {
        ink_model_setup setup = {
            .backend = &ink_backend_cpu, .precision = INK_PRECISION_F32, .max_batch = 1, .layers = layers};
        status = ink_model_build(&file, &setup, out, &fault);
    }
    ink_modelfile_free(&file);
    return (int)status;
}

/* Opens a model file of these bytes, in place of any other; the memory now belongs here. Returns an ink_status. */
int EXPORT(open)(uint8_t *bytes, size_t size) {
    ink_model_free(model);
    ink_model_free(looking);
    free((void *)(uintptr_t)model_bytes);
    model = looking = NULL;
    model_bytes = bytes;
    model_size = size;
    return open_model(false, &model);
}

/* A grey picture of one digit, 0 paper .. 255 ink, to the 28x28 at `image` (784 bytes). 0: no ink in it. */
int EXPORT(prepare)(const uint8_t *grey, uint32_t width, uint32_t height, uint32_t stride, uint8_t *image) {
    return ink_digit_normalise(grey, width, height, stride, image);
}

/* Ten probabilities for the 28x28 at `image`, as floats; 0: see why. */
const float *EXPORT(predict)(const uint8_t *image) {
    return ink_model_run(model, image, 1, NULL, probabilities, &fault) == INK_OK ? probabilities : NULL;
}

/* What the layers see in the 28x28 at `image`: bytes, described by layer_*; 0: see why. */
const uint8_t *EXPORT(look)(const uint8_t *image) {
    if (looking == NULL) {
        if (open_model(true, &looking) != INK_OK) return NULL;
        free(maps);
        maps = malloc(looking->layers.bytes);
        if (maps == NULL) return NULL;
    }
    ink_status status = ink_model_run(looking, image, 1, NULL, NULL, &fault);
    if (status == INK_OK) {
        status = ink_layers_read(&looking->layers, looking->backend, looking->program, maps, &fault);
    }
    return status == INK_OK ? maps : NULL;
}

/* After look: how many layers there are, and of each: kind (text), channels, height, width, where its maps begin. */
uint32_t EXPORT(layers)(void) {
    return looking != NULL ? looking->layers.n : 0;
}

const char *EXPORT(layer_kind)(uint32_t i) {
    return looking->layers.items[i].kind;
}

uint32_t EXPORT(layer_shape)(uint32_t i, uint32_t axis) {
    const ink_layer_maps *item = &looking->layers.items[i];
    return axis == 0 ? item->channels : axis == 1 ? item->height : item->width;
}

size_t EXPORT(layer_at)(uint32_t i) {
    return looking->layers.items[i].at;
}

/* Cuts a drawing, height rows of width bytes, into digits; returns how many. The picture stays the caller's and must
 * stay as it is until the last of them was prepared. At most 32; 0 also when memory ran out. */
uint32_t EXPORT(cut)(const uint8_t *grey, uint32_t width, uint32_t height) {
    size_t size = (size_t)width * height;
    if (width > INK_GREY_SIDE_MAX || height > INK_GREY_SIDE_MAX) return 0;
    if (size > owner_room) {
        free(owner);
        free(stack);
        owner = malloc(size);
        stack = malloc(size * sizeof *stack);
        owner_room = owner != NULL && stack != NULL ? size : 0;
        if (owner_room == 0) return 0;
    }
    drawing = grey;
    drawing_width = width;
    return ink_groups_find(grey, width, height, owner, stack, groups);
}

/* Four numbers of digit i of the drawing: left, top, width, height. */
const uint32_t *EXPORT(box)(uint32_t i) {
    return &groups[i].left;
}

/* Digit i of the drawing alone, to the 28x28 at `image`. 0: no ink, or no memory. */
int EXPORT(prepare_part)(uint32_t i, uint8_t *image) {
    const ink_group *g = &groups[i];
    uint8_t *alone = malloc((size_t)g->width * g->height);
    if (alone == NULL) return 0;
    for (uint32_t y = 0; y < g->height; y++) {
        size_t at = (size_t)(g->top + y) * drawing_width + g->left;
        for (uint32_t x = 0; x < g->width; x++) {
            alone[y * g->width + x] = owner[at + x] == i + 1 ? drawing[at + x] : 0;
        }
    }
    int ink = ink_digit_normalise(alone, g->width, g->height, g->width, image);
    free(alone);
    return ink;
}
