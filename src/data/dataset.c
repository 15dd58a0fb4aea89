/* data/dataset.c: reads what data/places.c found, checks it, and says what it is.
 * It knows no format: files/ does. */
#include "data/dataset.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "data/places.h"
#include "files/csv.h"
#include "files/idx.h"

#define LINES_MAX 16

/* ---- lines ---- */

static void add_line(ink_dataset *set, const char **lines, uint32_t *count, const char *format, va_list args) {
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    if (*count == LINES_MAX) return;
    char *copy = ink_arena_string(&set->memory, text, strlen(text));
    if (copy != NULL) lines[(*count)++] = copy; /* a line lost for want of memory is not worth failing for */
}

static void found(ink_dataset *set, const char *format, ...) INK_PRINTF(2, 3);
static void warn(ink_dataset *set, const char *format, ...) INK_PRINTF(2, 3);

static void found(ink_dataset *set, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(set, set->found, &set->n_found, format, args);
    va_end(args);
}

static void warn(ink_dataset *set, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(set, set->warnings, &set->n_warnings, format, args);
    va_end(args);
}

static const char *plural(uint32_t n) {
    return n == 1 ? "" : "s";
}

/* ---- reading ---- */

static ink_status keep_name(ink_dataset *set, const ink_source *source, const char **name, ink_error *err) {
    const char *text = ink_source_name(source);
    *name = ink_arena_string(&set->memory, text, strlen(text));
    return *name != NULL ? INK_OK : ink_fail_memory(err, strlen(text), "a file name");
}

/* A picture may come through a pipe, where no name says what it is; and other formats under any name. */
static ink_status refuse_picture(ink_source *source, ink_error *err) {
    const uint8_t *bytes;
    size_t got;
    ink_status status = ink_source_peek(source, &bytes, &got, err);
    if (status != INK_OK) return status;
    const char *other = ink_bitmap_other(bytes, got);
    if (other != NULL) {
        ink_fail(err, INK_E_DATA, "%s: this is %s; PNG and JPEG are read", ink_source_name(source), other);
        ink_hint(err, "a table such as Kaggle's train.csv is read too");
        return INK_E_DATA;
    }
    if (!ink_bitmap_is(bytes, got)) return INK_OK;
    ink_fail(err, INK_E_DATA, "%s: this is a picture, expected a table", ink_source_name(source));
    ink_hint(err, "inkling predict takes pictures by name; inkling read - reads one from standard input");
    return INK_E_DATA;
}

static ink_status read_csv(ink_dataset *set, const ink_place *place, ink_csv_kind kind, ink_pool *pool,
                           ink_images *images, const char **name, ink_error *err) {
    ink_opened opened;
    ink_status status = ink_place_open(place, &opened, err);
    if (status == INK_OK) status = keep_name(set, opened.source, name, err);
    if (status == INK_OK) status = refuse_picture(opened.source, err);
    if (status == INK_OK) status = ink_csv_read(opened.source, kind, pool, images, err);
    if (status == INK_E_DATA && err != NULL && err->line <= 1 && err->hint[0] == '\0') {
        ink_hint(err, "a table such as Kaggle's train.csv: a header, then a line of numbers for each image");
    }
    ink_opened_close(&opened);
    return status;
}

static ink_status read_idx(ink_dataset *set, const ink_place *images_at, const ink_place *labels_at, bool transposed,
                           ink_images *images, const char **name, ink_error *err) {
    ink_opened opened = {0}, labels = {0};
    ink_status status = ink_place_open(images_at, &opened, err);
    if (status == INK_OK) status = keep_name(set, opened.source, name, err);
    if (status == INK_OK && ink_place_there(labels_at)) {
        status = ink_place_open(labels_at, &labels, err);
        if (status == INK_OK) status = ink_idx_read_pair(opened.source, labels.source, images, err);
    } else if (status == INK_OK) {
        status = ink_idx_read_images(opened.source, images, err);
    }
    if (status == INK_OK && transposed) status = ink_images_transpose(images, err);
    ink_opened_close(&labels);
    ink_opened_close(&opened);
    return status;
}

static ink_status read_pictures(ink_dataset *set, const ink_places *p, const ink_digit_files *list, ink_pool *pool,
                                ink_images *images, const char **name, ink_error *err) {
    *name = ink_arena_string(&set->memory, p->pictures, strlen(p->pictures));
    if (*name == NULL) return ink_fail_memory(err, strlen(p->pictures), "a file name");
    /* The list lives as long as the set: both are in its arena. */
    if (images == &set->test) set->test_files = list->files;
    if (images == &set->train) set->train_files = list->files;
    return ink_digit_files_read(list, pool, images, err);
}

/* The train file, CSV before IDX before pictures. */
static ink_status read_train(ink_dataset *set, const ink_places *p, ink_csv_kind kind, ink_pool *pool,
                             ink_images *images, const char **name, ink_error *err) {
    if (ink_place_there(&p->train)) return read_csv(set, &p->train, kind, pool, images, name, err);
    if (p->train_pictures.count > 0) return read_pictures(set, p, &p->train_pictures, pool, images, name, err);
    return read_idx(set, &p->train_images, &p->train_labels, p->transposed, images, name, err);
}

/* The test file, CSV before IDX before pictures. */
static ink_status read_test(ink_dataset *set, const ink_places *p, ink_pool *pool, ink_error *err) {
    if (ink_place_there(&p->test)) {
        return read_csv(set, &p->test, INK_CSV_TEST, pool, &set->test, &set->test_name, err);
    }
    if (p->test_pictures.count > 0) {
        return read_pictures(set, p, &p->test_pictures, pool, &set->test, &set->test_name, err);
    }
    return read_idx(set, &p->test_images, &p->test_image_labels, p->transposed, &set->test, &set->test_name, err);
}

/* sample_submission.csv, which must ask for as many ids as there are test images. */
static ink_status read_sample(ink_dataset *set, const ink_place *place, ink_error *err) {
    ink_opened opened;
    ink_status status = ink_place_open(place, &opened, err);
    if (status == INK_OK) status = keep_name(set, opened.source, &set->sample_name, err);
    if (status == INK_OK) status = ink_submission_read(opened.source, &set->sample, err);
    if (status == INK_OK) status = ink_submission_match(&set->sample, set->sample_name, set->test.count, err);
    ink_opened_close(&opened);
    return status;
}

/* test_labels.csv (ImageId,Label) gives the test images their labels. */
static ink_status read_test_labels(ink_dataset *set, const ink_place *place, ink_error *err) {
    ink_opened opened;
    ink_submission answers = {0};
    ink_status status = ink_place_open(place, &opened, err);
    if (status == INK_OK) status = ink_submission_read(opened.source, &answers, err);
    if (status == INK_OK) {
        status = ink_submission_match(&answers, ink_source_name(opened.source), set->test.count, err);
    }
    if (status == INK_OK) {
        set->test.labels = ink_mem_new(set->test.count, 1);
        if (set->test.labels == NULL) status = ink_fail_memory(err, set->test.count, "labels");
    }
    for (uint32_t i = 0; status == INK_OK && i < answers.count; i++) {
        set->test.labels[answers.ids[i] - 1] = answers.labels[i];
    }
    ink_submission_free(&answers);
    ink_opened_close(&opened);
    return status;
}

/* ---- which files a use needs ---- */

static bool has_train(const ink_places *p) {
    return ink_place_there(&p->train) || ink_place_there(&p->train_images) || p->train_pictures.count > 0;
}

static bool has_test(const ink_places *p) {
    return ink_place_there(&p->test) || ink_place_there(&p->test_images) || p->test_pictures.count > 0;
}

/* May the test file have labels? A CSV's own label column is only known when it is read. */
static bool may_have_test_labels(const ink_places *p) {
    return ink_place_there(&p->test) || p->test_pictures.count > 0 ||
           (ink_place_there(&p->test_images) && ink_place_there(&p->test_image_labels));
}

/* The test file that the user named, as test and nothing else. */
static ink_status name_test(const char *path, ink_dataset *set, ink_places *p, ink_error *err) {
    ink_status status = ink_places_find(path, &set->memory, p, err);
    if (status != INK_OK) return status;
    if (p->single && ink_place_there(&p->train)) {
        p->test = p->train; /* also where it is called train.csv, and a test.csv stands beside it */
    } else if (ink_place_there(&p->test)) {
        /* a folder's or zip's own */
    } else if (p->train_pictures.count > 0 && p->test_pictures.count == 0) {
        p->test_pictures = p->train_pictures;
    } else if (p->train_pictures.count == 0 && (p->single || ink_place_there(&p->train_images))) {
        if (!ink_place_there(&p->test_images) || p->single) {
            p->test_images = p->train_images;
            p->test_image_labels = p->train_labels;
        }
    } else if (!has_test(p)) {
        return ink_fail(err, INK_E_DATA, "%s holds no test file", path);
    }
    p->train = p->train_images = (ink_place){0};
    p->train_pictures = (ink_digit_files){0};
    return INK_OK;
}

static ink_status no_labels(const char *name, ink_use use, ink_error *err) {
    ink_status status = ink_fail(err, INK_E_DATA, "%s has no labels: it can be predicted, not %s", name,
                                 use == INK_USE_TRAIN ? "trained on" : "scored");
    ink_hint(err, "%s",
             use == INK_USE_TRAIN ? "training needs a label column, the labels file of IDX images, or class folders"
                                  : "scoring needs a label column, test_labels.csv, IDX labels, or class folders");
    return status;
}

/* Reads the test set of p, with its labels and sample where they are wanted; what cannot be scored needs none. */
static ink_status take_test(ink_dataset *set, const ink_places *p, bool named, ink_use use, ink_pool *pool,
                            ink_error *err) {
    ink_status status = read_test(set, p, pool, err);
    bool csv = ink_place_there(&p->test);
    if (status == INK_OK && csv && !named && use != INK_USE_PREDICT && ink_place_there(&p->test_labels) &&
        set->test.labels == NULL) {
        status = read_test_labels(set, &p->test_labels, err);
    }
    bool sample = csv && !named && ink_place_there(&p->sample) && (use != INK_USE_EVAL || set->test.labels != NULL);
    if (status == INK_OK && sample) status = read_sample(set, &p->sample, err);
    return status;
}

static ink_status take_for_training(ink_dataset *set, const ink_dataset_options *o, const ink_places *p,
                                    const ink_places *named, ink_error *err) {
    bool show = o->use == INK_USE_SHOW || o->use == INK_USE_CHECK;
    if (!has_train(p) && !show) {
        ink_status status = ink_fail(err, INK_E_DATA, "%s holds a test file but no train file", o->path);
        ink_hint(err, "training needs labelled images: train.csv, or train-images-idx3-ubyte with its labels");
        return status;
    }
    ink_status status = INK_OK;
    if (has_train(p)) {
        status = read_train(set, p, show ? INK_CSV_ANY : INK_CSV_TRAIN, o->pool, &set->train, &set->train_name, err);
        if (status == INK_OK && !show && set->train.labels == NULL) {
            status = no_labels(set->train_name, o->use, err);
        }
        if (status == INK_OK && o->use == INK_USE_SHOW) return INK_OK;
    }
    if (status == INK_OK && o->test != NULL) return take_test(set, named, true, o->use, o->pool, err);
    if (status == INK_OK && has_test(p)) return take_test(set, p, false, o->use, o->pool, err);
    return status;
}

/* Everything goes to set->test. */
static ink_status take_for_testing(ink_dataset *set, const ink_dataset_options *o, const ink_places *p,
                                   const ink_places *named, ink_error *err) {
    bool score = o->use == INK_USE_EVAL;
    ink_status status;
    if (o->test != NULL) {
        status = take_test(set, named, true, o->use, o->pool, err);
    } else if (!p->single && has_test(p) && (!score || may_have_test_labels(p) || !has_train(p))) {
        status = take_test(set, p, false, o->use, o->pool, err);
        if (status == INK_OK && score && set->test.labels == NULL && has_train(p)) {
            ink_images_free(&set->test);
            set->test_files = NULL;
            status = read_train(set, p, INK_CSV_ANY, o->pool, &set->test, &set->test_name, err);
        }
    } else {
        status = read_train(set, p, score ? INK_CSV_ANY : INK_CSV_TEST, o->pool, &set->test, &set->test_name, err);
        /* A lone test.csv's labels and sample stand beside it. */
        if (status == INK_OK && score && p->lone_test && set->test.labels == NULL && ink_place_there(&p->test_labels)) {
            status = read_test_labels(set, &p->test_labels, err);
        }
        if (status == INK_OK && p->lone_test && ink_place_there(&p->sample)) {
            status = read_sample(set, &p->sample, err);
        }
    }
    if (status == INK_OK && score && set->test.labels == NULL) return no_labels(set->test_name, o->use, err);
    return status;
}

/* ---- what there is to say ---- */

static void count_classes(const ink_images *images, uint32_t counts[10]) {
    for (uint32_t i = 0; images->labels != NULL && i < images->count; i++) counts[images->labels[i]]++;
}

static void describe(ink_dataset *set, const ink_images *images, const char *name) {
    uint32_t counts[10] = {0}, classes = 0;
    count_classes(images, counts);
    for (int c = 0; c < 10; c++) classes += counts[c] > 0;
    if (images->labels == NULL) {
        found(set, "%s: %u image%s of %ux%u, no labels", name, images->count, plural(images->count), images->width,
              images->height);
        return;
    }
    found(set, "%s: %u image%s of %ux%u, %u class%s: 0 %u, 1 %u, 2 %u, 3 %u, 4 %u, 5 %u, 6 %u, 7 %u, 8 %u, 9 %u", name,
          images->count, plural(images->count), images->width, images->height, classes, classes == 1 ? "" : "es",
          counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], counts[7], counts[8], counts[9]);
}

static void warn_of_classes(ink_dataset *set) {
    const uint32_t *counts = set->class_counts;
    char missing[64] = "";
    uint32_t classes = 0;
    size_t used = 0;
    for (int c = 0; c < 10; c++) {
        classes += counts[c] > 0;
        if (counts[c] == 0) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%d", used > 0 ? ", " : "", c);
        }
    }
    if (classes == 1) {
        warn(set, "%s holds one class only: there is nothing to tell apart", set->train_name);
    } else if (classes < 10) {
        warn(set, "%s holds no image of %s", set->train_name, missing);
    }
}

static void warn_of_pixels(ink_dataset *set, const ink_images *images, const char *name) {
    size_t bytes = (size_t)images->height * images->width;
    uint32_t constant = 0, first = 0;
    uint64_t border = 0, seen = 0;
    for (uint32_t i = 0; i < images->count; i++) {
        const uint8_t *image = images->pixels + i * bytes;
        if (bytes > 1 && memcmp(image, image + 1, bytes - 1) == 0 && constant++ == 0) first = i;
        if (i < 1000) {
            border += (uint64_t)image[0] + image[images->width - 1] + image[bytes - images->width] + image[bytes - 1];
            seen += 4;
        }
    }
    if (constant > 0) {
        warn(set, "%s: %u image%s of one shade all over (the first is row %u)", name, constant, plural(constant),
             first + 1);
    }
    if (border > 160 * seen) {
        warn(set, "%s: the corners are dark: inkling expects 0 for paper and 255 for ink; are the images inverted?",
             name);
    }
}

static void warn_of_duplicates(ink_dataset *set) {
    const ink_duplicates *d = &set->duplicates;
    const char *train = set->train_name, *test = set->test_name;
    if (d->across > 0 && d->across == set->test.count) {
        warn(set, "%s: every image is an exact copy of one in %s: a score on it says nothing about unseen digits", test,
             train);
    } else if (d->across > 0) {
        warn(set,
             "%u of %u images of %s are exact copies of images in %s (row %u is a copy of row %u): a score on them is "
             "memory",
             d->across, set->test.count, test, train, d->first_b + 1, d->first_a + 1);
    }
    if (d->within > 0) {
        warn(set, "%u image%s of %s repeat%s an earlier one exactly; a held-out copy of a trained image is no test",
             d->within, plural(d->within), train, d->within == 1 ? "s" : "");
    }
    if (d->contradictions > 0) {
        warn(set, "%u of them carr%s another label than the earlier one", d->contradictions,
             d->contradictions == 1 ? "ies" : "y");
    }
}

static ink_status look_at(ink_dataset *set, const ink_dataset_options *o, ink_error *err) {
    ink_status status = INK_OK;
    bool train = set->train.count > 0, test = set->test.count > 0;
    if (train && test && (set->train.height != set->test.height || set->train.width != set->test.width)) {
        return ink_fail(err, INK_E_DATA, "%s has images of %ux%u, %s of %ux%u", set->train_name, set->train.width,
                        set->train.height, set->test_name, set->test.width, set->test.height);
    }
    if (train) status = ink_images_sha256(&set->train, o->pool, set->train_sha256, err);
    if (status == INK_OK && test) status = ink_images_sha256(&set->test, o->pool, set->test_sha256, err);
    if (status == INK_OK && train && o->use != INK_USE_CHECK) {
        status = ink_duplicates_find(&set->train, test ? &set->test : NULL, o->pool, &set->duplicates, err);
    }
    if (status != INK_OK) return status;

    count_classes(train ? &set->train : &set->test, set->class_counts);
    if (train) describe(set, &set->train, set->train_name);
    if (test) describe(set, &set->test, set->test_name);
    if (set->sample.count > 0) found(set, "%s: %u ids", set->sample_name, set->sample.count);
    if (train && set->train.labels != NULL) warn_of_classes(set);
    if (train) warn_of_pixels(set, &set->train, set->train_name);
    if (test) warn_of_pixels(set, &set->test, set->test_name);
    if (train) warn_of_duplicates(set);
    return INK_OK;
}

ink_status ink_dataset_find(const ink_dataset_options *options, ink_dataset *out, ink_error *err) {
    *out = (ink_dataset){0};
    if (options->path == NULL) return ink_fail(err, INK_E_USAGE, "no data was named");
    ink_dataset set = {0};
    ink_places places = {0}, named = {0};
    set.found = ink_arena_new(&set.memory, LINES_MAX, sizeof *set.found);
    set.warnings = ink_arena_new(&set.memory, LINES_MAX, sizeof *set.warnings);
    ink_status status = INK_OK;
    if (set.found == NULL || set.warnings == NULL) {
        status = ink_fail_memory(err, 2 * LINES_MAX * sizeof *set.found, "messages");
        goto done;
    }
    status = ink_places_find(options->path, &set.memory, &places, err);
    if (status == INK_OK && options->test != NULL) status = name_test(options->test, &set, &named, err);
    if (status != INK_OK) goto done;
    if (options->use == INK_USE_TRAIN || options->use == INK_USE_SHOW || options->use == INK_USE_CHECK) {
        status = take_for_training(&set, options, &places, &named, err);
    } else {
        status = take_for_testing(&set, options, &places, &named, err);
    }
    if (status == INK_OK) status = look_at(&set, options, err);

done:
    ink_places_close(&named);
    ink_places_close(&places);
    if (status == INK_OK)
        *out = set;
    else
        ink_dataset_clear(&set);
    return status;
}

void ink_dataset_clear(ink_dataset *set) {
    ink_images_free(&set->train);
    ink_images_free(&set->test);
    ink_submission_free(&set->sample);
    ink_arena_clear(&set->memory);
    *set = (ink_dataset){0};
}
