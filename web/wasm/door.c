/* web/wasm/door.c: what WebAssembly exports of libinkling to the page.
 * It draws nothing and knows no JavaScript: numbers and addresses in, numbers and addresses out (docs/page.md). */
#include <stdlib.h>

#include "api/model.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/normaliser.h"
#include "inkling.h"
#include "read/page.h"

#define EXPORT(name) __attribute__((export_name(#name), used)) name

static ink_error fault;
static const uint8_t *model_bytes; /* kept: a second program is compiled when somebody looks into the layers */
static size_t model_size;
static ink_model *model, *looking;
static uint8_t *maps;
static float probabilities[INK_CLASSES];

/* The page that was read last. */
static ink_page page;
static char *page_text;

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
        if (maps == NULL) {
            (void)ink_fail_memory(&fault, looking->layers.bytes, "what the layers see");
            ink_model_free(looking);
            looking = NULL;
            return NULL;
        }
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

/* ---- several digits ---- */

/* ink_page_net's read. */
static ink_status read_net(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    ink_status status = INK_OK;
    (void)context;
    for (size_t i = 0; i < n && status == INK_OK; i++) {
        status = ink_model_run(model, images + i * INK_DIGIT_PIXELS, 1, NULL, p + i * INK_CLASSES, err);
    }
    return status;
}

/* Reads a grey picture, a photo, scan or drawing, 0 black .. 255 white, as read/page.h says; the memory stays the
 * caller's. Returns how many digits there are; -1: see why. */
int EXPORT(read_page)(const uint8_t *grey, uint32_t width, uint32_t height) {
    ink_page_options options = {.net = {.read = read_net}};
    ink_page_clear(&page);
    ink_mem_free(page_text);
    page_text = NULL;
    ink_status status = ink_page_read(grey, width, height, width, &options, &page, &fault);
    if (status == INK_OK) status = ink_page_text(&page, &page_text, &fault);
    return status == INK_OK ? (int)page.count : -1;
}

/* What the page says, in lines. */
const char *EXPORT(text)(void) {
    return page_text;
}

/* Of digit i of the page, in reading order: left, top, width, height in pixels of the picture; its 28x28; its ten
 * probabilities; and whether it is sure. */
const uint32_t *EXPORT(digit_box)(uint32_t i) {
    return &page.digits[i].x;
}

const uint8_t *EXPORT(digit_image)(uint32_t i) {
    return page.digits[i].image;
}

const float *EXPORT(digit_p)(uint32_t i) {
    return page.digits[i].p;
}

int EXPORT(digit_sure)(uint32_t i) {
    return page.digits[i].digit != INK_PAGE_UNSURE;
}
