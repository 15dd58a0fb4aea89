/* api/data_check.c: `inkling data check`: what is odd about a data set, with a picture of each oddity.
 * How near copies are found and digits measured stands in data/lookalike.h. It changes nothing. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/engine.h"
#include "api/json.h"
#include "api/predict.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/lookalike.h"
#include "files/folder.h"
#include "files/write.h"
#include "report/sheet.h"

#define DISTANCE      0.03 /* the nearest two of MNIST's 42,000 training images are 0.035 apart */
#define SHOWN         60   /* images, or pairs, on one sheet */
#define UNEVEN        2.0
#define DARK_CORNERS  160u
#define LINES_IN_TEXT 5

/* One kind of oddity. */
typedef struct kind {
    const char *key;   /* of JSON, and name of its picture */
    const char *title; /* "Exact copies within train.csv" */
    bool paired;
    uint32_t count;             /* in all */
    uint32_t contradictions;    /* pairs with two labels */
    ink_lookalike shown[SHOWN]; /* pairs; of single images b counts */
    char detail[SHOWN][48];     /* below each */
    const ink_images *first, *second;
} kind;

enum { COPIES, NEAR, ACROSS_COPIES, ACROSS_NEAR, BLANK, ODD, KINDS };

typedef struct check {
    const ink_check_options *options;
    ink_dataset set;
    const ink_images *images; /* those that are looked at one by one: train, or the only ones */
    const char *name, *test_name;
    kind kinds[KINDS];
    uint32_t classes[10];
    uint32_t inverted; /* images with dark corners */
} check;

/* ---- looking ---- */

static bool with_two_labels(const kind *k, const ink_lookalike *pair) {
    return k->first->labels != NULL && k->second->labels != NULL &&
           k->first->labels[pair->a] != k->second->labels[pair->b];
}

static void keep(kind *k, const ink_lookalike *pair, const char *detail) {
    if (k->count < SHOWN) {
        k->shown[k->count] = *pair;
        snprintf(k->detail[k->count], sizeof k->detail[0], "%s", detail);
    }
    k->count++;
    if (k->paired && with_two_labels(k, pair)) k->contradictions++;
}

static int by_distance(const void *a, const void *b) {
    const ink_lookalike *x = a, *y = b;
    if (x->distance < y->distance) return -1;
    if (x->distance > y->distance) return 1;
    return (x->b > y->b) - (x->b < y->b);
}

/* Copies of one image in `first` for each of `second` (NULL: within first): those with two labels, then the others,
 * the nearest first. */
static ink_status look_for_copies(check *c, const ink_images *first, const ink_images *second, kind *exact, kind *near,
                                  const ink_watch *watch, ink_pool *pool, ink_error *err) {
    ink_lookalike *pairs = NULL;
    uint32_t n = 0;
    exact->first = near->first = first;
    exact->second = near->second = second != NULL ? second : first;
    double most = c->options->distance > 0 ? c->options->distance : DISTANCE;
    ink_status status = ink_lookalikes_find(first, second, most, pool, watch != NULL ? watch->stop : NULL,
                                            watch != NULL ? watch->context : NULL, &pairs, &n, err);
    if (status != INK_OK) return status;
    qsort(pairs, n, sizeof *pairs, by_distance);
    /* Two labels for one image are worth more than a harmless copy: they come first. */
    for (int harmless = 0; harmless < 2; harmless++) {
        for (uint32_t i = 0; i < n; i++) {
            const ink_lookalike *pair = &pairs[i];
            char detail[48] = "", number[48];
            if (with_two_labels(near, pair) == harmless) continue;
            if (pair->distance > 0) {
                ink_fixed_put(number, sizeof number, pair->distance, 3);
                snprintf(detail, sizeof detail, "distance %.8s", number);
            }
            keep(pair->distance > 0 ? near : exact, pair, detail);
        }
    }
    ink_mem_free(pairs);
    return INK_OK;
}

/* What is wrong with a digit's place or ink, in a few words. */
static void say_odd(const ink_digit_facts *f, char *text, size_t size) {
    char x[48], y[48];
    uint32_t longest = f->wide > f->high ? f->wide : f->high;
    if (f->most < 200) {
        snprintf(text, size, "brightest %u", f->most);
    } else if (longest < 19 || longest > 20) {
        snprintf(text, size, "%u x %u pixels", f->wide, f->high);
    } else {
        ink_fixed_put(x, sizeof x, f->centre_x, 1);
        ink_fixed_put(y, sizeof y, f->centre_y, 1);
        snprintf(text, size, "centre %.6s, %.6s", x, y);
    }
}

static void look_at_each(check *c) {
    const ink_images *images = c->images;
    size_t size = (size_t)images->height * images->width;
    kind *blank = &c->kinds[BLANK], *odd = &c->kinds[ODD];
    blank->first = blank->second = odd->first = odd->second = images;
    for (uint32_t i = 0; i < images->count; i++) {
        ink_digit_facts f;
        char detail[48];
        ink_lookalike one = {.a = i, .b = i};
        ink_digit_measure(images->pixels + i * size, images->height, images->width, &f);
        if (images->labels != NULL) c->classes[images->labels[i]]++;
        if (f.corners > DARK_CORNERS) c->inverted++;
        if (f.least == f.most) {
            snprintf(detail, sizeof detail, "%u all over", f.most);
            keep(blank, &one, detail);
        } else if (!ink_digit_is_normal(&f, images->height, images->width)) {
            say_odd(&f, detail, sizeof detail);
            keep(odd, &one, detail);
        }
    }
}

static ink_status look(check *c, const ink_watch *watch, ink_pool *pool, ink_error *err) {
    const ink_dataset *set = &c->set;
    bool train = set->train.count > 0, both = train && set->test.count > 0;
    c->images = train ? &set->train : &set->test;
    c->name = train ? set->train_name : set->test_name;
    c->test_name = set->test_name;
    look_at_each(c);
    ink_status status = look_for_copies(c, c->images, NULL, &c->kinds[COPIES], &c->kinds[NEAR], watch, pool, err);
    if (status == INK_OK && both) {
        status = look_for_copies(c, &set->train, &set->test, &c->kinds[ACROSS_COPIES], &c->kinds[ACROSS_NEAR], watch,
                                 pool, err);
    }
    return status;
}

/* ---- pictures ---- */

typedef struct caption {
    char text[40];
} caption;

static void write_caption(const ink_images *images, uint32_t i, caption *to) {
    if (images->labels != NULL) {
        snprintf(to->text, sizeof to->text, "#%u, a %u", i, images->labels[i]);
    } else {
        snprintf(to->text, sizeof to->text, "#%u", i);
    }
}

static ink_status path_of_kind(const check *c, const kind *k, char path[INK_PATH_SIZE], ink_error *err) {
    char name[32];
    snprintf(name, sizeof name, "%.24s.png", k->key);
    return ink_folder_path(c->options->out, name, path, INK_PATH_SIZE, err);
}

/* What an earlier check found and this one does not. */
static ink_status remove_kind(const check *c, const kind *k, ink_error *err) {
    char path[INK_PATH_SIZE];
    ink_status status = path_of_kind(c, k, path, err);
    if (status == INK_OK && unlink(path) != 0 && errno != ENOENT) status = ink_fail_errno(err, "remove", path);
    return status;
}

static ink_status draw_kind(const check *c, const kind *k, ink_error *err) {
    char path[INK_PATH_SIZE], note[200];
    uint32_t shown = k->count < SHOWN ? k->count : SHOWN, per = k->paired ? 2 : 1;
    size_t size = (size_t)k->first->height * k->first->width;
    ink_picture *picture = NULL;
    ink_sheet_digit *digits = ink_mem_new((size_t)shown * per, sizeof *digits);
    caption *captions = ink_mem_new((size_t)shown * per, sizeof *captions);
    ink_status status = INK_OK;
    if (digits == NULL || captions == NULL) {
        status = ink_fail_memory(err, (uint64_t)shown * per * (sizeof *digits + sizeof *captions), "a sheet");
    }
    for (uint32_t i = 0; i < shown && status == INK_OK; i++) {
        const ink_lookalike *pair = &k->shown[i];
        for (uint32_t side = 0; side < per; side++) {
            const ink_images *images = side + 1 == per ? k->second : k->first;
            uint32_t number = side + 1 == per ? pair->b : pair->a, at = i * per + side;
            write_caption(images, number, &captions[at]);
            digits[at] = (ink_sheet_digit){.pixels = images->pixels + number * size,
                                           .caption = captions[at].text,
                                           .detail = side + 1 == per && k->detail[i][0] != '\0' ? k->detail[i] : " ",
                                           .wrong = k->paired && with_two_labels(k, pair)};
        }
    }
    if (status == INK_OK) {
        snprintf(note, sizeof note, "%s%u of them%s", shown < k->count ? "the first " : "", shown,
                 k->paired ? "; left and right of each pair, image numbers from 0" : "; image numbers from 0");
        ink_sheet sheet = {.title = k->title,
                           .note = note,
                           .digits = digits,
                           .count = shown * per,
                           .columns = k->paired ? 8 : 10,
                           .width = k->first->width,
                           .height = k->first->height,
                           .digit_size = 70};
        status = ink_sheet_draw(&sheet, &picture, err);
    }
    if (status == INK_OK) status = path_of_kind(c, k, path, err);
    if (status == INK_OK) status = ink_picture_save(picture, path, err);
    ink_picture_free(picture);
    ink_mem_free(captions);
    ink_mem_free(digits);
    return status;
}

/* ---- words ---- */

static bool uneven(const check *c, uint32_t *least, uint32_t *most) {
    *least = UINT32_MAX;
    *most = 0;
    for (int d = 0; d < 10; d++) {
        if (c->classes[d] < *least) *least = c->classes[d];
        if (c->classes[d] > *most) *most = c->classes[d];
    }
    return *most > UNEVEN * *least;
}

static void add_kind(ink_text *text, const check *c, const kind *k) {
    if (k->first == NULL) return;
    if (k->count == 0) {
        ink_text_format(text, "ok    %s: none\n", k->title);
        return;
    }
    ink_text_format(text, "look  %s: %u", k->title, k->count);
    if (k->contradictions > 0) ink_text_format(text, ", %u with two different labels", k->contradictions);
    if (c->options->out != NULL) ink_text_format(text, " (%s/%s.png)", c->options->out, k->key);
    ink_text_add(text, "\n");
    for (uint32_t i = 0; i < k->count && i < LINES_IN_TEXT; i++) {
        const ink_lookalike *pair = &k->shown[i];
        ink_text_add(text, "        ");
        if (k->paired) {
            caption a, b;
            write_caption(k->first, pair->a, &a);
            write_caption(k->second, pair->b, &b);
            ink_text_format(text, "%s  and  %s", a.text, b.text);
        } else {
            caption a;
            write_caption(k->first, pair->b, &a);
            ink_text_format(text, "%s", a.text);
        }
        ink_text_format(text, "%s%s\n", k->detail[i][0] != '\0' ? "   " : "", k->detail[i]);
    }
    if (k->count > LINES_IN_TEXT) ink_text_format(text, "        ... and %u more\n", k->count - LINES_IN_TEXT);
}

static void add_classes(ink_text *text, const check *c) {
    uint32_t least, most;
    if (c->images->labels == NULL) return;
    bool look_at = uneven(c, &least, &most);
    ink_text_format(text, "%s  Classes:", look_at ? "look" : "ok  ");
    for (int d = 0; d < 10; d++) ink_text_format(text, " %d %u%s", d, c->classes[d], d < 9 ? "," : "");
    if (look_at && least == 0) ink_text_add(text, ": a digit is missing");
    if (look_at && least > 0) ink_text_format(text, ": the rarest has less than half of the most frequent");
    ink_text_add(text, "\n");
}

static void add_inverted(ink_text *text, const check *c) {
    if (c->inverted == 0) return;
    ink_text_format(text, "look  Dark corners: %u of %u; 0 is paper and 255 is ink: are they inverted?\n", c->inverted,
                    c->images->count);
}

static uint32_t faults_of(const check *c) {
    uint32_t faults = 0, least, most;
    for (int k = 0; k < KINDS; k++) faults += c->kinds[k].count > 0;
    return faults + (c->inverted > 0) + (c->images->labels != NULL && uneven(c, &least, &most));
}

static ink_status give_text(const check *c, char **out, ink_error *err) {
    ink_text text = {0};
    ink_text_format(&text, "%s: %u images of %ux%u", c->name, c->images->count, c->images->width, c->images->height);
    if (c->set.train.count > 0 && c->set.test.count > 0) {
        ink_text_format(&text, ", %s: %u", c->test_name, c->set.test.count);
    }
    ink_text_add(&text, "\n");
    add_classes(&text, c);
    add_inverted(&text, c);
    for (int k = 0; k < KINDS; k++) add_kind(&text, c, &c->kinds[k]);
    return ink_text_tell(&text, "the check", out, err);
}

static json_t *kind_object(const kind *k) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < k->count && i < SHOWN; i++) {
        const ink_lookalike *pair = &k->shown[i];
        json_array_append_new(
            list, k->paired ? json_pack("{s:I, s:I, s:f, s:b}", "a", (json_int_t)pair->a, "b", (json_int_t)pair->b,
                                        "distance", pair->distance, "two_labels", with_two_labels(k, pair))
                            : json_pack("{s:I, s:s}", "index", (json_int_t)pair->b, "what", k->detail[i]));
    }
    return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)k->count, "with_two_labels", (json_int_t)k->contradictions,
                     "first", list);
}

static ink_status give_json(const check *c, char **out, ink_error *err) {
    json_t *classes = json_array();
    for (int d = 0; d < 10 && c->images->labels != NULL; d++)
        json_array_append_new(classes, json_integer(c->classes[d]));
    json_t *root = json_pack("{s:s, s:o, s:I, s:I, s:o, s:I, s:I}", "schema", "inkling/data-check/1", "data",
                             ink_json_text(c->name), "images", (json_int_t)c->images->count, "test_images",
                             (json_int_t)(c->set.train.count > 0 ? c->set.test.count : 0), "classes", classes,
                             "dark_corners", (json_int_t)c->inverted, "findings", (json_int_t)faults_of(c));
    for (int k = 0; k < KINDS && root != NULL; k++) {
        if (c->kinds[k].first != NULL) json_object_set_new(root, c->kinds[k].key, kind_object(&c->kinds[k]));
    }
    return ink_json_give(root, out, err);
}

/* ---- the verb ---- */

static ink_status spare_folder(const char *out, ink_error *err) {
    static const char *const files[] = {"check.json",    "check.txt", "copies.png",       "near.png", "test_copies.png",
                                        "test_near.png", "blank.png", "unnormalised.png", NULL};
    return ink_json_spare(out, "check.json", "inkling/data-check/1", files, err);
}

static ink_status write_folder(const check *c, ink_error *err) {
    char path[INK_PATH_SIZE], *text = NULL;
    const char *out = c->options->out;
    ink_status status = ink_folder_make(out, err);
    for (int json = 1; json >= 0 && status == INK_OK; json--) {
        status = ink_folder_path(out, json ? "check.json" : "check.txt", path, sizeof path, err);
        if (status == INK_OK) status = json ? give_json(c, &text, err) : give_text(c, &text, err);
        if (status == INK_OK) status = ink_file_write_all(path, text, strlen(text), err);
        ink_mem_free(text);
        text = NULL;
    }
    for (int k = 0; k < KINDS && status == INK_OK; k++) {
        status = c->kinds[k].count > 0 ? draw_kind(c, &c->kinds[k], err) : remove_kind(c, &c->kinds[k], err);
    }
    return status;
}

static void begin(check *c, const ink_check_options *options) {
    static const char *const keys[KINDS] = {"copies", "near", "test_copies", "test_near", "blank", "unnormalised"};
    static const char *const titles[KINDS] = {"Exact copies of an earlier image",
                                              "Near copies of an earlier image",
                                              "Test images that are copies of a training image",
                                              "Test images that nearly are a training image",
                                              "Blank images, one shade all over",
                                              "Not normalised as MNIST's digits are"};
    c->options = options;
    for (int k = 0; k < KINDS; k++) {
        c->kinds[k].key = keys[k];
        c->kinds[k].title = titles[k];
        c->kinds[k].paired = k < BLANK;
    }
}

ink_status ink_work_data_check(const ink_check_options *options, const ink_watch *watch, ink_check_result *result,
                               ink_error *err) {
    ink_pool *pool = NULL;
    *result = (ink_check_result){0};
    check *c = ink_mem_new(1, sizeof *c);
    if (c == NULL) return ink_fail_memory(err, sizeof *c, "the check");
    begin(c, options);
    ink_status status = options->out != NULL ? spare_folder(options->out, err) : INK_OK;
    if (status == INK_OK) status = ink_pool_new(options->threads, &pool, err);
    if (status != INK_OK) goto done;
    ink_dataset_options data = {.path = options->data, .test = options->test, .use = INK_USE_CHECK, .pool = pool};
    status = ink_dataset_find(&data, &c->set, err);
    if (status != INK_OK) goto done;
    for (uint32_t i = 0; i < c->set.n_found; i++) ink_watch_say(watch, INK_SAY_INFO, "%s", c->set.found[i]);
    status = look(c, watch, pool, err);
    if (status == INK_OK && options->out != NULL) status = write_folder(c, err);
    if (status == INK_OK) status = give_text(c, &result->text, err);
    if (status == INK_OK) status = give_json(c, &result->json, err);
    if (status == INK_OK) result->findings = faults_of(c);
    if (status != INK_OK) {
        ink_mem_free(result->text);
        *result = (ink_check_result){0};
    }
done:
    ink_dataset_clear(&c->set);
    ink_pool_free(pool);
    ink_mem_free(c);
    return status;
}
