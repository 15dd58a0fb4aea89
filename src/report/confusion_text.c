/* report/confusion_text.c: scores as a report for people, as JSON and as CSV.
 * The numbers come from confusion.c. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "report/confusion.h"
#include "report/json.h"

#define PAIRS_SHOWN 10

static void add_share(ink_text *text, double value) {
    size_t start = text->length;
    char number[48];
    ink_fixed_put(number, sizeof number, value, 4);
    ink_text_pad(text, start, 10 - strlen(number));
    ink_text_add(text, number);
}

/* A line of the table, the name set right in twelve characters, as scikit-learn does. */
static void add_line(ink_text *text, const char *name, const ink_digit_score *s) {
    ink_text_format(text, "%12s ", name);
    add_share(text, s->precision);
    add_share(text, s->recall);
    add_share(text, s->f1);
    ink_text_format(text, "%10llu\n", (unsigned long long)s->support);
}

static void add_summary(ink_text *text, const ink_scores *s) {
    ink_text_add(text, "accuracy  ");
    ink_text_fixed(text, 100 * s->accuracy, 2);
    ink_text_format(text, " %%   %llu of %llu wrong   95 %% interval ", (unsigned long long)s->errors,
                    (unsigned long long)s->rows);
    ink_text_fixed(text, 100 * s->low, 2);
    ink_text_add(text, " to ");
    ink_text_fixed(text, 100 * s->high, 2);
    ink_text_add(text, " %\nloss      ");
    ink_text_fixed(text, s->loss, 5);
    ink_text_add(text, "   calibration error (ECE) ");
    ink_text_fixed(text, 100 * s->ece, 2);
    ink_text_add(text, " %\n\n");
}

static void add_pairs(ink_text *text, const ink_confusion *c) {
    ink_confused_pair pairs[PAIRS_SHOWN];
    uint32_t n = ink_confusion_pairs(c, pairs, PAIRS_SHOWN);
    if (n == 0) return;
    ink_text_add(text, "\nmost confused:\n");
    for (uint32_t i = 0; i < n; i++) {
        ink_text_format(text, "%6u read as %u  %6u time%s\n", pairs[i].truth, pairs[i].guess, pairs[i].count,
                        pairs[i].count == 1 ? "" : "s");
    }
}

ink_status ink_confusion_report(const ink_confusion *c, char **out, ink_error *err) {
    ink_text text = {0};
    ink_scores s;
    ink_confusion_scores(c, &s);
    if (s.rows == 0) {
        ink_text_add(&text, "nothing was measured: no labelled digits\n");
        return ink_text_give(&text, "the report", out, err);
    }
    add_summary(&text, &s);
    ink_text_add(&text, "              precision    recall  f1-score   support\n\n");
    for (int k = 0; k < INK_CLASSES; k++) {
        char name[2] = {(char)('0' + k), '\0'};
        add_line(&text, name, &s.digit[k]);
    }
    ink_text_add(&text, "\n    accuracy                     ");
    add_share(&text, s.accuracy);
    ink_text_format(&text, "%10llu\n", (unsigned long long)s.rows);
    add_line(&text, "macro avg", &s.macro);
    add_line(&text, "weighted avg", &s.weighted);
    add_pairs(&text, c);
    return ink_text_give(&text, "the report", out, err);
}

static json_t *score_object(const ink_digit_score *s) {
    return json_pack("{s:f, s:f, s:f, s:I}", "precision", s->precision, "recall", s->recall, "f1-score", s->f1,
                     "support", (json_int_t)s->support);
}

static json_t *digits_object(const ink_scores *s) {
    json_t *digits = json_object();
    for (int k = 0; k < INK_CLASSES; k++) {
        char name[2] = {(char)('0' + k), '\0'};
        json_object_set_new(digits, name, score_object(&s->digit[k]));
    }
    return digits;
}

static json_t *matrix_array(const ink_confusion *c) {
    json_t *matrix = json_array();
    for (int t = 0; t < INK_CLASSES; t++) {
        json_t *row = json_array();
        for (int g = 0; g < INK_CLASSES; g++) json_array_append_new(row, json_integer(c->count[t][g]));
        json_array_append_new(matrix, row);
    }
    return matrix;
}

static json_t *pairs_array(const ink_confusion *c) {
    ink_confused_pair pairs[PAIRS_SHOWN];
    uint32_t n = ink_confusion_pairs(c, pairs, PAIRS_SHOWN);
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++) {
        json_array_append_new(array, json_pack("{s:i, s:i, s:I}", "true", pairs[i].truth, "pred", pairs[i].guess,
                                               "count", (json_int_t)pairs[i].count));
    }
    return array;
}

static json_t *calibration_array(const ink_confusion *c) {
    json_t *bins = json_array();
    for (int b = 0; b < INK_BINS; b++) {
        double rows = (double)c->bin_rows[b];
        json_array_append_new(bins, json_pack("{s:f, s:I, s:o, s:o}", "to", (b + 1) / (double)INK_BINS, "rows",
                                              (json_int_t)c->bin_rows[b], "confidence",
                                              ink_json_real(c->bin_confidence[b] / rows), "accuracy",
                                              ink_json_real((double)c->bin_correct[b] / rows)));
    }
    return bins;
}

ink_status ink_confusion_json(const ink_confusion *c, char **out, ink_error *err) {
    ink_scores s;
    ink_text text = {0};
    *out = NULL;
    ink_confusion_scores(c, &s);
    json_t *root = json_pack("{s:s, s:I, s:I, s:o, s:[f, f], s:o, s:o}", "schema", "inkling/eval/1", "rows",
                             (json_int_t)s.rows, "errors", (json_int_t)s.errors, "accuracy", ink_json_real(s.accuracy),
                             "interval", s.low, s.high, "loss", ink_json_real(s.loss), "ece", ink_json_real(s.ece));
    json_object_set_new(root, "digits", digits_object(&s));
    json_object_set_new(root, "macro avg", score_object(&s.macro));
    json_object_set_new(root, "weighted avg", score_object(&s.weighted));
    json_object_set_new(root, "confusion", matrix_array(c));
    json_object_set_new(root, "most_confused", pairs_array(c));
    json_object_set_new(root, "calibration", calibration_array(c));
    char *json = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (json == NULL) return ink_fail(err, INK_E_MEMORY, "out of memory (for the report)");
    ink_text_add(&text, json);
    ink_text_add(&text, "\n");
    free(json);
    return ink_text_give(&text, "the report", out, err);
}

ink_status ink_confusion_csv(const ink_confusion *c, char **out, ink_error *err) {
    ink_text text = {0};
    ink_text_add(&text, "truth");
    for (int g = 0; g < INK_CLASSES; g++) ink_text_format(&text, ",%d", g);
    ink_text_add(&text, ",support");
    for (int g = 0; g < INK_CLASSES; g++) ink_text_format(&text, ",percent_%d", g);
    ink_text_add(&text, "\n");
    for (int t = 0; t < INK_CLASSES; t++) {
        uint64_t support = 0;
        ink_text_format(&text, "%d", t);
        for (int g = 0; g < INK_CLASSES; g++) {
            support += c->count[t][g];
            ink_text_format(&text, ",%u", c->count[t][g]);
        }
        ink_text_format(&text, ",%llu", (unsigned long long)support);
        for (int g = 0; g < INK_CLASSES; g++) {
            ink_text_add(&text, ",");
            if (support > 0) ink_text_number(&text, 100.0 * c->count[t][g] / (double)support);
        }
        ink_text_add(&text, "\n");
    }
    return ink_text_give(&text, "the confusion matrix", out, err);
}
