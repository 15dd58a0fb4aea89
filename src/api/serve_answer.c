/* api/serve_answer.c: from the bodies of requests to images, through the net in one run, to the bodies of answers.
 * Which bodies make sense is told in serve_body.c, how a picture becomes a digit in data/. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/serve_service.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "data/digit_files.h"
#include "read/page.h"
#include "report/json.h"

#define SURE  0.6 /* below it the answer says that it is not sure */
#define FAINT 10  /* as the normaliser: what is not darker than this is no ink */

/* One question on its way. */
typedef struct asked {
    ink_question *question;
    const uint8_t *images; /* [n][784], borrowed from the question or own */
    uint8_t *own;
    uint32_t n;
    bool one;      /* the answer is one digit, not a list */
    ink_page page; /* segment=1: its digits, already read; n is 0 */
    ink_complaint why;
} asked;

void ink_json_put_string(ink_text *out, const char *string) {
    json_t *value = ink_json_text(string);
    char *dump = json_dumps(value, JSON_ENCODE_ANY);
    ink_text_add(out, dump != NULL ? dump : "\"?\"");
    free(dump);
    json_decref(value);
}

void ink_complaint_put(const ink_complaint *complaint, ink_text *out) {
    ink_text_format(out, "\"error\":{\"code\":\"%s\",\"message\":", complaint->word);
    ink_json_put_string(out, complaint->message);
    ink_text_format(out, ",\"pointer\":\"%s\"}", complaint->pointer);
}

char *ink_service_error_json(const char *code, const char *message, const char *pointer) {
    ink_text out = {0};
    ink_complaint complaint;
    ink_complain(&complaint, 400, code, pointer, "%s", message);
    ink_text_add(&out, "{");
    ink_complaint_put(&complaint, &out);
    ink_text_add(&out, "}\n");
    return ink_text_take(&out);
}

/* ---- bodies to images ---- */

static bool has_ink(const uint8_t *image) {
    for (int i = 0; i < INK_DIGIT_PIXELS; i++) {
        if (image[i] > FAINT) return true;
    }
    return false;
}

static bool blank(asked *a, const char *pointer) {
    return ink_complain(&a->why, 422, "no_digit", pointer, "there is no ink: nothing to read");
}

static bool decode(asked *a, ink_bitmap *picture) {
    static const ink_bitmap_limits limits = {.shrink = 1}; /* a stranger's small file must not cost seconds */
    ink_source *source = NULL;
    ink_error err;
    ink_status status = ink_source_open_memory(a->question->bytes, a->question->size, "the picture", &source, &err);
    if (status == INK_OK) status = ink_bitmap_read(source, &limits, picture, &err);
    ink_source_close(source);
    return status == INK_OK || ink_complain_of(&a->why, &err);
}

static bool read_picture(asked *a) {
    ink_bitmap picture = {0};
    a->own = ink_mem_new(1, INK_DIGIT_PIXELS);
    if (a->own == NULL) return ink_complain(&a->why, 500, "internal", NULL, "out of memory");
    a->images = a->own;
    a->n = 1;
    a->one = true;
    if (!decode(a, &picture)) return false;
    bool ink = ink_digit_of_bitmap(&picture, a->own);
    ink_bitmap_free(&picture);
    return ink || blank(a, NULL);
}

/* ink_page_net's read. */
static ink_status read_net(void *context, const uint8_t *images, size_t n, float *p, ink_error *err) {
    return ink_service_run(context, images, (uint32_t)n, p, err);
}

static bool read_page(ink_service *service, asked *a) {
    ink_bitmap picture = {0};
    ink_error err;
    ink_page_options options = {.net = {read_net, service}};
    if (!decode(a, &picture)) return false;
    ink_status status =
        ink_page_read(picture.grey, picture.width, picture.height, picture.width, &options, &a->page, &err);
    ink_bitmap_free(&picture);
    if (status != INK_OK) return ink_complain_of(&a->why, &err);
    if (a->page.count > 0) return true;
    const char *doubt = ink_page_doubt_text(&a->page);
    return ink_complain(&a->why, 422, "no_digit", NULL, "no digits found: %s",
                        doubt != NULL         ? doubt
                        : a->page.pieces == 0 ? "there is no ink as large as one"
                                              : "the ink looks like none");
}

static bool read_pixels(asked *a) {
    size_t size = a->question->size;
    if (size == 0 || size % INK_DIGIT_PIXELS != 0) {
        return ink_complain(&a->why, 400, "bad_size", NULL, "%zu bytes, expected 784 for each image", size);
    }
    a->images = a->question->bytes;
    a->n = (uint32_t)(size / INK_DIGIT_PIXELS);
    a->one = a->n == 1;
    return !a->one || has_ink(a->images) || blank(a, NULL);
}

static bool read_body(ink_service *service, asked *a) {
    if (a->question->segment) return read_page(service, a);
    switch (a->question->body) {
    case INK_BODY_PIXELS: return read_pixels(a);
    case INK_BODY_PICTURE: return read_picture(a);
    case INK_BODY_JSON: break;
    }
    bool fine = ink_body_images(a->question->bytes, a->question->size, &a->own, &a->n, &a->why);
    a->images = a->own;
    return fine;
}

static bool read_question(ink_service *service, asked *a) {
    if (a->question->segment && a->question->body != INK_BODY_PICTURE) {
        return ink_complain(&a->why, 400, "bad_query", NULL, "segment=1 is for pictures");
    }
    if (!read_body(service, a)) return false;
    if (!a->question->layers || a->one) return true;
    return ink_complain(&a->why, 400, "bad_query", NULL, "layers=1 is for one image");
}

/* ---- answers ---- */

static int best_of(const float *p) {
    int best = 0;
    for (int c = 1; c < INK_CLASSES; c++) {
        if (p[c] > p[best]) best = c;
    }
    return best;
}

static void put_digit(const float *p, bool sure, ink_text *out) {
    int best = best_of(p);
    ink_text_format(out, "\"digit\":%d,\"confidence\":", best);
    ink_text_number(out, (double)p[best]);
    ink_text_format(out, ",\"sure\":%s,\"probabilities\":[", sure ? "true" : "false");
    for (int c = 0; c < INK_CLASSES; c++) {
        if (c > 0) ink_text_add(out, ",");
        ink_text_number(out, (double)p[c]);
    }
    ink_text_add(out, "]");
}

static void put_image(const uint8_t *image, ink_text *out) {
    ink_text_add(out, ",\"image\":\"");
    ink_text_base64(out, image, INK_DIGIT_PIXELS);
    ink_text_add(out, "\"");
}

/* segment=1: the text, and the digits in reading order. */
static bool put_page(const ink_page *page, ink_text *out, ink_complaint *why) {
    char *text = NULL;
    ink_error err;
    if (ink_page_text(page, &text, &err) != INK_OK) return ink_complain_of(why, &err);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
    ink_text_add(out, "\"text\":");
    ink_json_put_string(out, text);
    ink_mem_free(text);
    ink_text_add(out, ",\"doubt\":");
    ink_json_put_string(out, ink_page_doubt_text(page));
    ink_text_add(out, ",\"digits\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        const ink_page_digit *d = &page->digits[i];
        ink_text_add(out, i > 0 ? ",{" : "{");
        put_digit(d->p, d->digit != INK_PAGE_UNSURE, out);
        ink_text_format(out, ",\"box\":[%u,%u,%u,%u]", d->x, d->y, d->width, d->height);
        put_image(d->image, out);
        ink_text_add(out, "}");
    }
    ink_text_add(out, "]");
    return true;
}

static void put_list(const asked *a, const float *p, ink_text *out) {
    ink_text_add(out, "\"results\":[");
    assert(p != NULL);
    for (uint32_t i = 0; i < a->n; i++) {
        const float *mine = p + (size_t)i * INK_CLASSES;
        char pointer[64];
        ink_text_add(out, i > 0 ? ",{" : "{");
        if (has_ink(a->images + (size_t)i * INK_DIGIT_PIXELS)) {
            put_digit(mine, (double)mine[best_of(mine)] >= SURE, out);
        } else {
            asked none = {.n = 0};
            snprintf(pointer, sizeof pointer, "/images/%u", i);
            blank(&none, pointer);
            ink_complaint_put(&none.why, out);
        }
        ink_text_add(out, "}");
    }
    ink_text_add(out, "]");
}

/* All but the braces. */
static void put_answer(ink_service *service, asked *a, const float *p, double ms, ink_text *out) {
    ink_error err;
    if (a->question->segment) {
        if (!put_page(&a->page, out, &a->why)) return;
    } else if (a->one) {
        assert(p != NULL); /* only a page is answered without */
        put_digit(p, (double)p[best_of(p)] >= SURE, out);
        put_image(a->images, out);
    } else {
        put_list(a, p, out);
    }
    if (a->question->layers && ink_service_look(service, a->images, out, &err) != INK_OK) {
        ink_complain_of(&a->why, &err);
        return;
    }
    ink_text_add(out, ",\"model\":");
    ink_json_put_string(out, service->name);
    ink_text_add(out, ",\"ms\":");
    ink_text_fixed(out, ms, 3);
}

static void answer_one(ink_service *service, asked *a, const float *p, double ms) {
    ink_question *q = a->question;
    ink_text out = {0};
    ink_text_add(&out, "{");
    if (a->why.code == 0) {
        q->code = 200;
        q->images = q->segment ? a->page.count : a->n;
        put_answer(service, a, p, ms, &out);
    }
    if (a->why.code != 0) {
        q->code = a->why.code;
        ink_text_clear(&out);
        ink_text_add(&out, "{");
        ink_complaint_put(&a->why, &out);
    }
    ink_text_add(&out, "}\n");
    q->answer = ink_text_take(&out);
    if (q->answer == NULL) q->code = 500;
}

/* All images side by side through the net. */
static ink_status run_all(ink_service *service, const asked *all, size_t n, size_t total, float **p, ink_error *err) {
    *p = ink_mem_new(total, INK_CLASSES * sizeof **p);
    uint8_t *images = ink_mem_new(total, INK_DIGIT_PIXELS);
    ink_status status = INK_OK;
    if (*p == NULL || images == NULL) {
        status = ink_fail_memory(err, total * INK_DIGIT_PIXELS, "images");
    } else {
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
            if (all[i].why.code != 0) continue;
            memcpy(images + at * INK_DIGIT_PIXELS, all[i].images, (size_t)all[i].n * INK_DIGIT_PIXELS);
            at += all[i].n;
        }
        status = ink_service_run(service, images, (uint32_t)total, *p, err);
    }
    ink_mem_free(images);
    return status;
}

void ink_service_answer(ink_service *service, ink_question *const *questions, size_t n) {
    double start = ink_clock_s();
    size_t total = 0, at = 0;
    float *p = NULL;
    ink_error err;
    ink_status status = INK_OK;
    asked *all = ink_mem_new(n, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        questions[i]->code = 500;
        questions[i]->answer = NULL;
        questions[i]->images = 0;
        if (all == NULL) continue;
        all[i].question = questions[i];
        if (read_question(service, &all[i])) total += all[i].n;
    }
    if (all == NULL) return;
    if (total > 0) status = run_all(service, all, n, total, &p, &err);
    double ms = 1000 * (ink_clock_s() - start);
    for (size_t i = 0; i < n; i++) {
        if (all[i].why.code == 0 && status != INK_OK) ink_complain_of(&all[i].why, &err);
        const float *mine = p != NULL ? p + at * INK_CLASSES : NULL;
        if (all[i].why.code == 0) at += all[i].n;
        answer_one(service, &all[i], mine, ms);
        ink_mem_free(all[i].own);
        ink_page_clear(&all[i].page);
    }
    ink_mem_free(p);
    ink_mem_free(all);
}
