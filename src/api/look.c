/* api/look.c: `inkling show`: what a model has learned and what it makes of one image.
 * Layout is report/tiles.h's, digits of a data set are data.c's. */
#include <stdio.h>
#include <string.h>

#include "api/models.h"
#include "api/predict.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "report/terminal.h"
#include "report/tiles.h"

#define TILES_OF_LAYER 32u /* feature maps that are drawn of each layer */
#define FILTERS_MOST   256u
#define LAYERS_MOST    24u
#define PATCH          5   /* side of the square that is erased, odd */
#define SIDE_MOST      64u /* of an image whose pixels are erased one by one */

typedef struct look {
    const ink_look_options *options;
    ink_machine machine;
    ink_models models;
    ink_dataset set;
    uint8_t *image;   /* the one that is looked at; in set */
    int label;        /* of it; -1: it has none */
    const char *file; /* it came from; NULL: it is a row */
    uint8_t *bytes;   /* of all tiles */
    ink_tiles_row rows[LAYERS_MOST + 1];
    char titles[LAYERS_MOST + 1][96];
    uint32_t n_rows;
    char **text;
} look;

/* ---- the image ---- */

static ink_status find_image(look *l, const ink_watch *watch, ink_error *err) {
    uint32_t i = l->options->image;
    ink_dataset_options data = {.path = l->options->data, .use = INK_USE_SHOW, .pool = l->machine.pool};
    ink_status status = ink_dataset_find(&data, &l->set, err);
    if (status != INK_OK) return status;
    for (uint32_t k = 0; k < l->set.n_found; k++) ink_watch_say(watch, INK_SAY_INFO, "%s", l->set.found[k]);
    const ink_images *images = l->set.train.count > 0 ? &l->set.train : &l->set.test;
    const ink_modelfile *file = &l->models.files[0];
    if (i >= images->count) {
        return ink_fail(err, INK_E_USAGE, "--image is %u, %s has the images 0 to %u", i, l->options->data,
                        images->count - 1);
    }
    if ((int32_t)images->height != file->height || (int32_t)images->width != file->width) {
        return ink_fail(err, INK_E_DATA, "the images are %ux%u, the model wants %dx%d", images->height, images->width,
                        (int)file->height, (int)file->width);
    }
    l->image = images->pixels + (size_t)i * images->height * images->width;
    l->label = images->labels != NULL ? images->labels[i] : -1;
    const ink_digit_file *files = l->set.train.count > 0 ? l->set.train_files : l->set.test_files;
    if (files != NULL) {
        const char *slash = strrchr(files[i].path, '/');
        l->file = slash != NULL ? slash + 1 : files[i].path;
    }
    return INK_OK;
}

/* "image 19208, labelled 3, read as 5 (64.2 %)" or "five.png, read as ...". */
static void name_image(const look *l, const ink_predictions *own, char *text, size_t size) {
    char what[48], labelled[24] = "", percent[48];
    snprintf(what, sizeof what, "image %u", l->options->image);
    if (l->label >= 0) snprintf(labelled, sizeof labelled, ", labelled %d", l->label);
    ink_fixed_put(percent, sizeof percent, 100 * (double)own->p[own->digits[0]], 1);
    snprintf(text, size, "%.40s%s, read as %u (%.8s %%)", l->file != NULL ? l->file : what, labelled, own->digits[0],
             percent);
}

/* ---- filters ---- */

/* Weights [count][channels][size]: summed over the channels (a grey picture is given to each), then scaled so that 0 is
 * the middle grey. */
static void fold_weights(const float *weights, uint32_t count, uint32_t channels, size_t size, float *folded,
                         uint8_t *bytes) {
    float most = 0;
    for (uint32_t k = 0; k < count; k++) {
        for (size_t i = 0; i < size; i++) {
            float sum = 0;
            for (uint32_t c = 0; c < channels; c++) sum += weights[((size_t)k * channels + c) * size + i];
            folded[(size_t)k * size + i] = sum;
            if (sum > most) most = sum;
            if (-sum > most) most = -sum;
        }
    }
    ink_tiles_scale(folded, count * size, -most, most, bytes);
}

static ink_status make_filters(look *l, const ink_graph *g, ink_error *err) {
    const ink_modelfile *file = &l->models.files[0];
    const ink_node *first = NULL;
    for (int32_t i = 0; i < g->n_nodes && first == NULL; i++) {
        const ink_op op = g->nodes[i].op;
        if (op == INK_OP_CONV2D || op == INK_OP_DEPTHWISE || op == INK_OP_LINEAR) first = &g->nodes[i];
    }
    if (first == NULL) return ink_fail(err, INK_E_DATA, "%s has no layer with weights", file->name);
    const ink_value *w = &g->values[first->in[1]];
    const ink_tensor *tensor = ink_tensors_find(&file->tensors, w->name);
    bool conv = first->op != INK_OP_LINEAR;
    uint32_t channels = first->op == INK_OP_DEPTHWISE ? 1 : (uint32_t)file->normalise.channels,
             count = (uint32_t)w->dim[0];
    uint32_t wide = (uint32_t)(conv ? w->dim[3] : file->width), high = (uint32_t)(conv ? w->dim[2] : file->height);
    size_t size = (size_t)wide * high;
    uint32_t shown = count < FILTERS_MOST ? count : FILTERS_MOST;
    if (tensor == NULL || tensor->count != (uint64_t)count * channels * size) {
        return ink_fail(err, INK_E_DATA, "%s: the weights of its first layer are no pictures", file->name);
    }
    float *weights = ink_mem_new(tensor->count + (size_t)shown * size, sizeof *weights);
    l->bytes = ink_mem_new(shown, size);
    if (weights == NULL || l->bytes == NULL) {
        ink_mem_free(weights);
        return ink_fail_memory(err, tensor->count * sizeof *weights, "filters");
    }
    ink_status status = ink_tensor_weights(&file->tensors, tensor, file->name, weights, err);
    if (status == INK_OK) fold_weights(weights, shown, channels, size, weights + tensor->count, l->bytes);
    ink_mem_free(weights);
    if (status != INK_OK) return status;
    snprintf(l->titles[0], sizeof l->titles[0], "%.60s: %u filters of %ux%u%s", w->name, count, high, wide,
             shown < count ? ", the first 256" : "");
    l->rows[0] =
        (ink_tiles_row){.title = l->titles[0], .pixels = l->bytes, .count = shown, .width = wide, .height = high};
    l->n_rows = 1;
    return INK_OK;
}

/* ---- feature maps ---- */

/* What is worth a row: what comes out of an activation and still is a picture, or of a convolution if there is none. */
static uint32_t find_layers(ink_graph *g, ink_id layers[LAYERS_MOST]) {
    uint32_t n = 0;
    for (int pass = 0; pass < 2 && n == 0; pass++) {
        for (int32_t i = 0; i < g->n_nodes && n < LAYERS_MOST; i++) {
            const ink_op op = g->nodes[i].op;
            const bool wanted = pass == 0 ? op == INK_OP_ACTIVATION : op == INK_OP_CONV2D || op == INK_OP_DEPTHWISE;
            ink_id out = g->nodes[i].out[0];
            if (wanted && g->values[out].dim[1] * g->values[out].dim[2] > 1) layers[n++] = out;
        }
    }
    return n;
}

/* One layer's maps, dark where the layer answers most. */
static ink_status read_layer(look *l, const ink_graph *g, ink_program *program, ink_id layer, uint8_t *bytes,
                             ink_error *err) {
    const ink_value *v = &g->values[layer];
    size_t count = ink_graph_elements(g, layer), size = (size_t)v->dim[1] * (size_t)v->dim[2];
    uint32_t channels = (uint32_t)v->dim[0], shown = channels < TILES_OF_LAYER ? channels : TILES_OF_LAYER;
    float most = 0, *maps = ink_mem_new(count, sizeof *maps);
    if (maps == NULL) return ink_fail_memory(err, count * sizeof *maps, "feature maps");
    ink_status status = l->machine.backend->read(program, layer, maps, count, err);
    for (size_t i = 0; i < count; i++) most = maps[i] > most ? maps[i] : most;
    ink_tiles_scale(maps, shown * size, 0, most, bytes);
    ink_mem_free(maps);
    snprintf(l->titles[l->n_rows], sizeof l->titles[0], "layer %u: %u maps of %dx%d%s", l->n_rows, channels,
             (int)v->dim[1], (int)v->dim[2], shown < channels ? ", the first 32" : "");
    l->rows[l->n_rows] = (ink_tiles_row){.title = l->titles[l->n_rows],
                                         .pixels = bytes,
                                         .count = shown,
                                         .width = (uint32_t)v->dim[2],
                                         .height = (uint32_t)v->dim[1]};
    l->n_rows++;
    return status;
}

static ink_status make_maps(look *l, ink_graph *g, ink_error *err) {
    const ink_modelfile *file = &l->models.files[0];
    ink_id layers[LAYERS_MOST];
    ink_program *program = NULL;
    uint32_t n = find_layers(g, layers), high = (uint32_t)file->height, wide = (uint32_t)file->width;
    size_t bytes = (size_t)high * wide, at = bytes;
    ink_images one = {.pixels = l->image, .count = 1, .height = high, .width = wide};
    ink_predictions own = {0};
    if (n == 0) return ink_fail(err, INK_E_DATA, "%s has no layer whose answer is a picture", file->name);
    for (uint32_t i = 0; i < n; i++) {
        ink_graph_output(g, layers[i]);
        bytes += ink_graph_elements(g, layers[i]);
    }
    l->bytes = ink_mem_new(bytes, 1);
    if (l->bytes == NULL) return ink_fail_memory(err, bytes, "feature maps");
    ink_status status = ink_models_predict(&l->models, &one, NULL, &own, err);
    if (status != INK_OK) return status;
    memcpy(l->bytes, l->image, at);
    name_image(l, &own, l->titles[0], sizeof l->titles[0]);
    l->rows[l->n_rows++] =
        (ink_tiles_row){.title = l->titles[0], .pixels = l->bytes, .count = 1, .width = wide, .height = high};
    ink_predictions_free(&own);
    ink_compile_options options = {.max_batch = 1, .precision = l->machine.precision, .pool = l->machine.pool};
    ink_batch batch = {.n = 1, .images = l->image};
    status = l->machine.backend->compile(g, &options, &program, err);
    if (status == INK_OK) status = ink_modelfile_load(file, g, l->machine.backend, program, err);
    if (status == INK_OK) status = l->machine.backend->run(program, &batch, err);
    for (uint32_t i = 0; i < n && status == INK_OK; i++) {
        status = read_layer(l, g, program, layers[i], l->bytes + at, err);
        at += ink_graph_elements(g, layers[i]);
    }
    if (program != NULL) l->machine.backend->free(program);
    return status;
}

/* ---- saliency ---- */

/* The image, and behind it one copy for each pixel with a square of paper laid around it. */
static void erase(const uint8_t *image, int height, int width, uint8_t *copies) {
    size_t size = (size_t)height * (size_t)width;
    memcpy(copies, image, size);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            uint8_t *copy = copies + ((size_t)y * (size_t)width + (size_t)x + 1) * size;
            memcpy(copy, image, size);
            for (int v = y - PATCH / 2; v <= y + PATCH / 2; v++) {
                for (int u = x - PATCH / 2; u <= x + PATCH / 2; u++) {
                    if (v >= 0 && v < height && u >= 0 && u < width) copy[v * width + u] = 0;
                }
            }
        }
    }
}

/* How much the loss of `winner` rises, on average, when a square that covers the pixel is erased. */
static void spread(const double *losses, int height, int width, float *heat) {
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            double sum = 0;
            int n = 0;
            for (int v = y - PATCH / 2; v <= y + PATCH / 2; v++) {
                for (int u = x - PATCH / 2; u <= x + PATCH / 2; u++) {
                    if (v < 0 || v >= height || u < 0 || u >= width) continue;
                    sum += losses[v * width + u + 1] - losses[0];
                    n++;
                }
            }
            heat[y * width + x] = (float)(sum / n);
        }
    }
}

/* Rows: the digit, what speaks for the winner, what against it. */
static void lay_saliency(look *l, const float *heat, size_t size, float *scratch) {
    float most = 0;
    memcpy(l->bytes, l->image, size);
    for (size_t i = 0; i < size; i++) {
        float strength = heat[i] < 0 ? -heat[i] : heat[i];
        if (strength > most) most = strength;
    }
    ink_tiles_scale(heat, size, 0, most, l->bytes + size);
    for (size_t i = 0; i < size; i++) scratch[i] = -heat[i];
    ink_tiles_scale(scratch, size, 0, most, l->bytes + 2 * size);
}

static ink_status make_saliency(look *l, ink_error *err) {
    static const char *const captions[] = {"the digit", "for", "against"};
    const ink_modelfile *file = &l->models.files[0];
    size_t size = (size_t)file->height * (size_t)file->width;
    uint32_t n = (uint32_t)size + 1;
    ink_predictions own = {0}, erased = {0};
    ink_images one = {.pixels = l->image, .count = 1, .height = (uint32_t)file->height, .width = (uint32_t)file->width};
    if (one.height > SIDE_MOST || one.width > SIDE_MOST) {
        return ink_fail(err, INK_E_DATA, "images of %ux%u are too large for this, expected at most %ux%u", one.width,
                        one.height, SIDE_MOST, SIDE_MOST);
    }
    uint8_t *copies = ink_mem_new(n, size), *labels = ink_mem_new(n, 1);
    float *heat = ink_mem_new(size, 2 * sizeof *heat);
    l->bytes = ink_mem_new(3, size);
    ink_status status = copies != NULL && labels != NULL && heat != NULL && l->bytes != NULL
                            ? ink_models_predict(&l->models, &one, NULL, &own, err)
                            : ink_fail_memory(err, (n + 3) * size, "a saliency map");
    if (status != INK_OK) goto done;
    uint8_t winner = own.digits[0];
    erase(l->image, file->height, file->width, copies);
    memset(labels, winner, n);
    ink_images many = {.pixels = copies, .labels = labels, .count = n, .height = one.height, .width = one.width};
    status = ink_models_predict(&l->models, &many, NULL, &erased, err);
    if (status != INK_OK) goto done;
    spread(erased.losses, file->height, file->width, heat);
    lay_saliency(l, heat, size, heat + size);
    name_image(l, &own, l->titles[0], sizeof l->titles[0]);
    l->rows[0] = (ink_tiles_row){.title = l->titles[0],
                                 .pixels = l->bytes,
                                 .count = 3,
                                 .width = one.width,
                                 .height = one.height,
                                 .captions = captions};
    l->n_rows = 1;
done:
    ink_predictions_free(&own);
    ink_predictions_free(&erased);
    ink_mem_free(copies);
    ink_mem_free(labels);
    ink_mem_free(heat);
    return status;
}

/* ---- shown ---- */

typedef struct view {
    const char *what, *title, *note;
    double tile;
} view;

static const view views[] = {
    [INK_LOOK_FILTERS] = {"filters", "First-layer filters",
                          "dark: positive weights, light: negative, middle grey: none", 56},
    [INK_LOOK_MAPS] = {"maps", "Feature maps", "dark where a layer answers; each layer on its own scale", 56},
    [INK_LOOK_SALIENCY] = {"saliency", "What the answer hangs on",
                           "dark where erasing 5x5 pixels makes the answer less (for) or more (against) probable", 168},
};

/* Tiles of a few pixels are enlarged, so that the terminal shows more than specks. */
static ink_status show_text(const look *l, ink_error *err) {
    const ink_tiles_row *row = &l->rows[l->options->what == INK_LOOK_MAPS]; /* the image itself is known */
    uint32_t longer = row->width > row->height ? row->width : row->height;
    uint32_t scale = longer > 0 && longer < 14 ? 14 / longer : 1;
    uint32_t count = row->count < 10 ? row->count : 10, wide = row->width * scale, high = row->height * scale;
    uint8_t *large = ink_mem_new((size_t)count * wide, high);
    if (large == NULL) return ink_fail_memory(err, (uint64_t)count * wide * high, "text");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t y = 0; y < high; y++) {
            for (uint32_t x = 0; x < wide; x++) {
                large[((size_t)i * high + y) * wide + x] =
                    row->pixels[((size_t)i * row->height + y / scale) * row->width + x / scale];
            }
        }
    }
    ink_status status = ink_terminal_digits(large, count, wide, high, row->captions, l->options->columns,
                                            l->options->utf8, l->text, err);
    ink_mem_free(large);
    return status;
}

static ink_status show(look *l, ink_error *err) {
    const view *v = &views[l->options->what];
    char own[64];
    ink_picture *picture = NULL;
    snprintf(own, sizeof own, "%s.png", v->what);
    const char *out = l->options->out != NULL ? l->options->out : own;
    ink_status status = ink_file_spare(out, l->options->data, err);
    if (status == INK_OK) status = ink_file_spare(out, l->options->model, err);
    if (status == INK_OK) status = ink_tiles_draw(v->title, v->note, v->tile, l->rows, l->n_rows, &picture, err);
    if (status == INK_OK) status = ink_picture_save(picture, out, err);
    ink_picture_free(picture);
    return status == INK_OK ? show_text(l, err) : status;
}

ink_status ink_work_look(const ink_look_options *options, const ink_watch *watch, char **text, ink_error *err) {
    look *l = ink_mem_new(1, sizeof *l);
    ink_graph g = {0};
    ink_net_ends ends;
    *text = NULL;
    if (l == NULL) return ink_fail_memory(err, sizeof *l, "a picture");
    l->options = options;
    l->text = text;
    ink_status status = ink_machine_open(&options->engine, &l->machine, err);
    if (status == INK_OK) {
        status = ink_models_open(&options->model, options->model != NULL ? 1 : 0, &l->machine, 256, &l->models, err);
    }
    if (status == INK_OK && options->what != INK_LOOK_FILTERS) status = find_image(l, watch, err);
    if (status == INK_OK) {
        const ink_modelfile *file = &l->models.files[0];
        ink_net_plan plan = {.height = file->height, .width = file->width, .normalise = file->normalise};
        status = ink_net_build(file->net, &plan, &g, &ends, err);
    }
    if (status == INK_OK) {
        status = options->what == INK_LOOK_FILTERS ? make_filters(l, &g, err)
                 : options->what == INK_LOOK_MAPS  ? make_maps(l, &g, err)
                                                   : make_saliency(l, err);
    }
    if (status == INK_OK) status = show(l, err);
    ink_graph_clear(&g);
    ink_mem_free(l->bytes);
    ink_dataset_clear(&l->set);
    ink_models_close(&l->models);
    ink_machine_close(&l->machine);
    ink_mem_free(l);
    return status;
}
