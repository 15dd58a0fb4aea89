/* api/modelfile_write.c: a model file from weights.
 * Reading one back is modelfile.c. */
#include "api/modelfile_write.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/tensors_write.h"

#define NOTES_MOST 32 /* own ones, and as many of a card as there is room for */
#define NAME_BYTES (INK_NAME_SIZE + 24)

/* The metadata, with room for the numbers among them. */
typedef struct notes_text {
    ink_pair pairs[NOTES_MOST];
    size_t n;
    char format[8], input[32], normalise[160], epoch[16];
} notes_text;

static void note(notes_text *out, const char *key, const char *value) {
    if (value != NULL && out->n < NOTES_MOST) out->pairs[out->n++] = (ink_pair){key, value};
}

/* What the card says under keys that are not there yet. */
static void tell_on(notes_text *out, const ink_tensors *card) {
    static const char ours[] = "inkling.";
    for (size_t i = 0; i < card->n_metadata; i++) {
        bool is_new = strncmp(card->metadata[i].key, ours, sizeof ours - 1) == 0;
        for (size_t k = 0; k < out->n; k++) is_new = is_new && strcmp(out->pairs[k].key, card->metadata[i].key) != 0;
        if (is_new) note(out, card->metadata[i].key, card->metadata[i].value);
    }
}

static void fill_notes(notes_text *out, const ink_modelfile_notes *notes) {
    snprintf(out->format, sizeof out->format, "%d", INK_MODEL_FORMAT);
    snprintf(out->input, sizeof out->input, "%ux%u", notes->height, notes->width);
    snprintf(out->epoch, sizeof out->epoch, "%u", notes->epoch);
    ink_normalise_text(notes->normalise, out->normalise, sizeof out->normalise);
    note(out, "format", "pt");
    note(out, "inkling.format", out->format);
    note(out, "inkling.net", notes->net_text);
    note(out, "inkling.input", out->input);
    note(out, "inkling.normalise", out->normalise);
    note(out, "inkling.recipe", notes->recipe);
    note(out, "inkling.origin", notes->origin);
    note(out, "inkling.data_sha256", notes->data_sha256);
    note(out, "inkling.more_sha256", notes->more_sha256);
    note(out, "inkling.temperature", notes->temperature);
    note(out, "inkling.epoch", notes->epoch > 0 ? out->epoch : NULL);
    if (notes->card != NULL) tell_on(out, notes->card);
}

/* "bn1.running_mean" -> "bn1.num_batches_tracked" in name; false when the weight is no running mean. */
static bool count_name(const char *weight, char name[NAME_BYTES]) {
    static const char part[] = "running_mean";
    size_t length = strlen(weight), tail = sizeof part - 1;
    if (length < tail || strcmp(weight + length - tail, part) != 0) return false;
    snprintf(name, NAME_BYTES, "%.*s%s", (int)(length - tail), weight, "num_batches_tracked");
    return true;
}

ink_status ink_modelfile_write(const char *path, const ink_weights *weights, const ink_modelfile_notes *notes,
                               ink_error *err) {
    notes_text text = {.n = 0};
    uint8_t steps[8];
    for (int i = 0; i < 8; i++) steps[i] = (uint8_t)(notes->step >> (8 * i));
    ink_status status = ink_weights_check(weights, err);
    if (status != INK_OK) return status;
    fill_notes(&text, notes);
    ink_tensors tensors = {.items = ink_mem_new((size_t)weights->n * 2, sizeof *tensors.items),
                           .metadata = text.pairs,
                           .n_metadata = text.n};
    char(*names)[NAME_BYTES] = ink_mem_new(weights->n, sizeof *names);
    if (tensors.items == NULL || names == NULL) {
        status = ink_fail_memory(err, weights->n * (2 * sizeof *tensors.items + sizeof *names), "a model");
        goto done;
    }
    for (uint32_t i = 0; i < weights->n; i++) {
        const struct ink_weight *item = &weights->item[i];
        ink_tensor *tensor = &tensors.items[tensors.n++];
        *tensor = (ink_tensor){.name = item->name,
                               .dtype = INK_F32,
                               .rank = (uint32_t)item->rank,
                               .count = item->count,
                               .data = (const uint8_t *)item->data,
                               .bytes = item->count * sizeof *item->data};
        for (int k = 0; k < item->rank; k++) tensor->dim[k] = (uint64_t)item->dim[k];
        if (count_name(item->name, names[i])) {
            tensors.items[tensors.n++] =
                (ink_tensor){.name = names[i], .dtype = INK_I64, .count = 1, .data = steps, .bytes = sizeof steps};
        }
    }
    status = ink_tensors_write(path, &tensors, err);
done:
    ink_mem_free(names);
    ink_mem_free(tensors.items);
    return status;
}
