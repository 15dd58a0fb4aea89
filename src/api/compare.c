/* api/compare.c: `inkling compare`: runs side by side, and whether they differ by more than luck.
 * It reads run folders alone: no data, no model. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "api/members.h"
#include "api/plot.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "report/confusion.h"
#include "report/mcnemar.h"
#include "report/predictions.h"
#include "report/runfolder.h"

#define RUNS_MOST INK_COMPARE_MOST
_Static_assert(INK_COMPARE_PAIRED <= INK_PLOT_LINES, "a line each");
#define VALUE 4096 /* letters of a setting, of which so many are shown: */
#define SHOWN 160

typedef struct one_run {
    const char *folder, *name;
    char plain[256]; /* the name, without control characters */
    ink_epoch *epochs;
    uint32_t n_epochs, nets; /* of several nets, the means of their epochs */
    ink_prediction *rows;    /* NULL: the run held nothing out, or left no predictions */
    uint32_t n_rows, errors;
    double low, high, seconds; /* all of the training, of all nets; NaN: no epoch */
    char *settings;            /* args.conf */
    char sha256[65];           /* of the data; "" when it is not said */
} one_run;

/* What the shared held-out rows of two runs say. */
typedef struct pair {
    uint32_t a, b;
    bool same_data;
    ink_pairing counts;
    uint64_t shared;
    ink_mcnemar p;
} pair;

typedef struct table {
    one_run runs[RUNS_MOST];
    uint32_t n;
    pair pairs[INK_COMPARE_PAIRED * (INK_COMPARE_PAIRED - 1) / 2];
    uint32_t n_pairs;
    ink_spread spread; /* of the accuracies of runs with rows */
} table;

/* ---- reading ---- */

static ink_status read_file(const char *run, const char *name, char **text, ink_error *err) {
    char path[INK_PATH_SIZE];
    size_t size;
    *text = NULL;
    ink_status status = ink_folder_path(run, name, path, sizeof path, err);
    return status == INK_OK ? ink_run_read(path, text, &size, err) : status;
}

static ink_status time_run(one_run *run, ink_error *err) {
    ink_members members = {.n = 0};
    run->seconds = run->n_epochs > 0 ? run->epochs[run->n_epochs - 1].time_s : (double)NAN;
    if (run->n_epochs == 0 || !ink_members_are(run->folder)) return INK_OK;
    ink_status status = ink_members_load(run->folder, &members, err);
    run->seconds = 0;
    for (uint32_t k = 0; k < members.n; k++) run->seconds += members.member[k].done ? members.member[k].seconds : 0;
    ink_tensors_free(&members.file);
    return status;
}

static ink_status read_run(const char *folder, one_run *run, ink_error *err) {
    char path[INK_PATH_SIZE];
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    run->folder = folder;
    run->name = folder;
    for (size_t i = 0; i + 1 < length; i++) {
        if (folder[i] == '/') run->name = folder + i + 1;
    }
    if (!ink_run_is(folder)) {
        ink_fail(err, INK_E_FILE, "%s is no run: no args.conf, status.json or metrics.csv in it", folder);
        ink_hint(err, "a run is the folder that 'inkling train' leaves");
        return INK_E_FILE;
    }
    ink_status status = ink_members_epochs(folder, &run->epochs, &run->n_epochs, &run->nets, err);
    if (status == INK_OK) status = time_run(run, err);
    if (status == INK_OK) status = read_file(folder, "args.conf", &run->settings, err);
    if (status == INK_OK) status = ink_run_data(folder, run->sha256, err);
    if (status == INK_OK) status = ink_folder_path(folder, "predictions.csv", path, sizeof path, err);
    if (status != INK_OK) return status;
    FILE *there = fopen(path, "rb");
    if (there != NULL) {
        fclose(there);
        status = ink_predictions_load(path, &run->rows, &run->n_rows, err);
    }
    if (run->n_rows == 0) { /* a header alone says no more than no file */
        ink_mem_free(run->rows);
        run->rows = NULL;
    }
    for (uint32_t i = 0; i < run->n_rows; i++) run->errors += run->rows[i].label != run->rows[i].guess;
    ink_wilson(run->n_rows - run->errors, run->n_rows, &run->low, &run->high);
    return status;
}

static void clear(table *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        ink_mem_free(t->runs[i].epochs);
        ink_mem_free(t->runs[i].rows);
        ink_mem_free(t->runs[i].settings);
    }
}

/* Both lists ascend by index. A row whose labels differ is no row in common. */
static void match_pair(table *t, uint32_t a, uint32_t b) {
    const one_run *x = &t->runs[a], *y = &t->runs[b];
    pair p = {.a = a, .b = b, .same_data = x->sha256[0] != '\0' && strcmp(x->sha256, y->sha256) == 0};
    for (uint32_t i = 0, k = 0; p.same_data && i < x->n_rows && k < y->n_rows;) {
        if (x->rows[i].index < y->rows[k].index) {
            i++;
        } else if (x->rows[i].index > y->rows[k].index) {
            k++;
        } else {
            bool first = x->rows[i].guess == x->rows[i].label, second = y->rows[k].guess == y->rows[k].label;
            if (x->rows[i].label == y->rows[k].label) {
                p.shared++;
                *(first    ? second ? &p.counts.both : &p.counts.first
                  : second ? &p.counts.second
                           : &p.counts.neither) += 1;
            }
            i++;
            k++;
        }
    }
    p.p = ink_mcnemar_test(&p.counts);
    t->pairs[t->n_pairs++] = p;
}

/* The value of a key in args.conf, up to its net; "" when it is not there. */
static void setting_of(const char *settings, const char *key, char value[VALUE]) {
    size_t key_length = strlen(key);
    value[0] = '\0';
    for (const char *line = settings; line != NULL && *line != '\0' && *line != '[';) {
        size_t length = strcspn(line, "\n");
        const char *equals = memchr(line, '=', length);
        size_t name = strcspn(line, " =\n");
        if (equals != NULL && name == key_length && memcmp(line, key, name) == 0) {
            const char *from = equals + 1 + strspn(equals + 1, " ");
            snprintf(value, VALUE, "%.*s", (int)(line + length - from < VALUE ? line + length - from : VALUE - 1),
                     from);
            return;
        }
        line += length + (line[length] == '\n');
    }
}

static const char *net_of(const one_run *run) {
    const char *net = run->settings != NULL ? strstr(run->settings, "[net]") : NULL;
    return net != NULL ? net : "";
}

/* ---- as text ---- */

static void add_percent(ink_text *text, double share, int decimals) {
    ink_text_fixed(text, 100 * share, decimals);
    ink_text_add(text, " %");
}

/* "0.0312", "below 0.0001". */
static void add_chance(ink_text *text, double p) {
    if (p < 0.0001) {
        ink_text_add(text, "below 0.0001");
    } else {
        ink_text_fixed(text, p, 4);
    }
}

static void add_run(ink_text *text, const one_run *run, size_t width) {
    size_t start = text->length;
    char number[48];
    ink_text_add(text, run->name);
    ink_text_pad(text, start, width + 2);
    if (run->n_epochs > 0) {
        ink_text_format(text, "%6u  ", run->n_epochs);
    } else {
        ink_text_format(text, "%6s  ", "-"); /* none measured */
    }
    ink_fixed_put(number, sizeof number, run->seconds, 1);
    ink_text_format(text, "%8s  ", run->n_epochs > 0 ? number : "-");
    if (run->rows == NULL) {
        ink_text_add(text, "nothing held out, or nothing in predictions.csv\n");
        return;
    }
    ink_fixed_put(number, sizeof number, 100 * (1 - (double)run->errors / run->n_rows), 2);
    ink_text_format(text, "%6s %%  ", number);
    start = text->length;
    add_percent(text, run->low, 2);
    ink_text_add(text, " to ");
    add_percent(text, run->high, 2);
    ink_text_pad(text, start, 20);
    ink_text_format(text, "  %u of %u\n", run->errors, run->n_rows);
}

static void add_pair(ink_text *text, const table *t, const pair *p) {
    const char *a = t->runs[p->a].name, *b = t->runs[p->b].name;
    if (!p->same_data) {
        ink_text_format(text, "\n%s and %s learned from different data: their rows cannot be paired\n", a, b);
        return;
    }
    if (p->shared == 0) {
        ink_text_format(text, "\n%s and %s held no row out together: there is nothing to pair\n", a, b);
        return;
    }
    ink_text_format(text,
                    "\n%s against %s, on the %llu digits that both held out:\n"
                    "  both right %llu, only %s %llu, only %s %llu, both wrong %llu\n  McNemar p = ",
                    a, b, (unsigned long long)p->shared, (unsigned long long)p->counts.both, a,
                    (unsigned long long)p->counts.first, b, (unsigned long long)p->counts.second,
                    (unsigned long long)p->counts.neither);
    add_chance(text, p->p.exact);
    ink_text_add(text, " exact, ");
    add_chance(text, p->p.mid);
    ink_text_format(text, " mid-p: %s\n",
                    p->p.mid < 0.05 ? "luck alone would seldom do this" : "luck alone would do as much");
}

/* A line for what differs; false: nothing does. */
static bool add_setting(ink_text *text, const table *t, const char *name, char value[RUNS_MOST][VALUE], bool first) {
    bool differ = false;
    for (uint32_t i = 1; i < t->n; i++) differ = differ || strcmp(value[i], value[0]) != 0;
    if (!differ) return false;
    ink_text_format(text, "%s  %-16s", first ? "\nsettings that differ:\n" : "", name);
    for (uint32_t i = 0; i < t->n; i++) {
        char shown[SHOWN + 8];
        ink_escape(shown, sizeof shown, value[i], strlen(value[i]), SHOWN);
        ink_text_format(text, " %s%s", value[i][0] != '\0' ? shown : "-", i + 1 < t->n ? " |" : "\n");
    }
    return true;
}

/* Of the recipe, of what else the runs were given, and of the net. */
static ink_status add_settings(ink_text *text, const table *t, ink_error *err) {
    static const char *const given[] = {"more", "weights", "freeze", "teachers"};
    char(*value)[VALUE] = ink_mem_new(RUNS_MOST, sizeof *value);
    size_t n_keys;
    const ink_recipe_key *keys = ink_work_recipe_keys(&n_keys);
    bool any = false, differ = false;
    if (value == NULL) return ink_fail_memory(err, RUNS_MOST * sizeof *value, "settings");
    ink_status status = INK_OK;
    for (size_t k = 0; k < n_keys; k++) {
        for (uint32_t i = 0; i < t->n; i++) setting_of(t->runs[i].settings, keys[k].key, value[i]);
        any = add_setting(text, t, keys[k].key, value, !any) || any;
    }
    for (size_t k = 0; k < sizeof given / sizeof *given && status == INK_OK; k++) {
        for (uint32_t i = 0; i < t->n && status == INK_OK; i++) {
            status = ink_run_says(t->runs[i].folder, "env.json", given[k], value[i], VALUE, err);
        }
        any = (status == INK_OK && add_setting(text, t, given[k], value, !any)) || any;
    }
    ink_mem_free(value);
    for (uint32_t i = 1; i < t->n; i++) differ = differ || strcmp(net_of(&t->runs[i]), net_of(t->runs)) != 0;
    if (differ) {
        ink_text_format(text, "%s  net (inkling info RUN shows it)\n", any ? "" : "\nsettings that differ:\n");
    }
    return status;
}

static ink_status give_text(const table *t, char **out, ink_error *err) {
    ink_text text = {0};
    size_t width = 3;
    for (uint32_t i = 0; i < t->n; i++) {
        if (strlen(t->runs[i].name) > width) width = strlen(t->runs[i].name);
    }
    ink_text_add(&text, "run");
    ink_text_pad(&text, 0, width + 2);
    ink_text_add(&text, "epochs   seconds  accuracy  95 % interval         wrong\n");
    for (uint32_t i = 0; i < t->n; i++) add_run(&text, &t->runs[i], width);
    if (t->spread.n > 2) {
        size_t start = text.length;
        ink_text_add(&text, "mean");
        ink_text_pad(&text, start, width + 20);
        add_percent(&text, t->spread.mean, 2);
        ink_text_add(&text, ", standard deviation ");
        ink_text_fixed(&text, 100 * ink_spread_deviation(&t->spread), 2);
        ink_text_format(&text, " over %u runs\n", t->spread.n);
    }
    for (uint32_t i = 0; i < t->n_pairs; i++) add_pair(&text, t, &t->pairs[i]);
    ink_status status = add_settings(&text, t, err);
    if (status == INK_OK) return ink_text_tell(&text, "the comparison", out, err);
    ink_text_clear(&text);
    return status;
}

/* ---- as JSON ---- */

static json_t *run_object(const one_run *run) {
    json_t *object = json_pack("{s:o, s:I, s:o}", "run", ink_json_text(run->folder), "epochs",
                               (json_int_t)run->n_epochs, "seconds", ink_json_real(run->seconds));
    if (run->rows == NULL || object == NULL) return object;
    json_object_set_new(object, "rows", json_integer(run->n_rows));
    json_object_set_new(object, "errors", json_integer(run->errors));
    json_object_set_new(object, "accuracy", json_real(1 - (double)run->errors / run->n_rows));
    json_object_set_new(object, "interval", json_pack("[f, f]", run->low, run->high));
    return object;
}

static json_t *pair_object(const table *t, const pair *p) {
    json_t *object =
        json_pack("{s:o, s:o, s:b, s:I}", "first", ink_json_text(t->runs[p->a].folder), "second",
                  ink_json_text(t->runs[p->b].folder), "same_data", p->same_data, "shared_rows", (json_int_t)p->shared);
    if (p->shared == 0 || object == NULL) return object;
    json_object_set_new(object, "both_right", json_integer((json_int_t)p->counts.both));
    json_object_set_new(object, "only_first_right", json_integer((json_int_t)p->counts.first));
    json_object_set_new(object, "only_second_right", json_integer((json_int_t)p->counts.second));
    json_object_set_new(object, "both_wrong", json_integer((json_int_t)p->counts.neither));
    json_object_set_new(object, "p_exact", json_real(p->p.exact));
    json_object_set_new(object, "p_mid", json_real(p->p.mid));
    return object;
}

static ink_status give_json(const table *t, char **out, ink_error *err) {
    json_t *runs = json_array(), *pairs = json_array();
    for (uint32_t i = 0; i < t->n; i++) json_array_append_new(runs, run_object(&t->runs[i]));
    for (uint32_t i = 0; i < t->n_pairs; i++) json_array_append_new(pairs, pair_object(t, &t->pairs[i]));
    json_t *root = json_pack("{s:s, s:o, s:o}", "schema", "inkling/compare/1", "runs", runs, "pairs", pairs);
    if (root != NULL && t->spread.n > 2) {
        json_object_set_new(root, "mean_accuracy", json_real(t->spread.mean));
        json_object_set_new(root, "deviation_accuracy", json_real(ink_spread_deviation(&t->spread)));
    }
    return ink_json_give(root, out, err);
}

/* ---- the verb ---- */

static ink_status draw(const ink_compare_options *o, const table *t, const ink_column *column, const ink_column *axis,
                       ink_error *err) {
    ink_plot_line lines[INK_COMPARE_PAIRED];
    ink_picture *picture = NULL;
    for (uint32_t i = 0; i < t->n; i++) {
        lines[i] = (ink_plot_line){t->runs[i].name, column, t->runs[i].epochs, t->runs[i].n_epochs};
    }
    ink_status status = ink_plot_lines(lines, t->n, column->title, axis, &picture, err);
    if (status == INK_OK) status = ink_plot_save(picture, o->out != NULL ? o->out : "compare", err);
    ink_picture_free(picture);
    return status;
}

/* Runs of one name in different folders are told by their folders; a name makes no line of its own. */
static void tell_apart(table *t) {
    bool shared[RUNS_MOST] = {false};
    for (uint32_t a = 0; a < t->n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if (strcmp(t->runs[a].name, t->runs[b].name) == 0) shared[a] = shared[b] = true;
        }
    }
    for (uint32_t i = 0; i < t->n; i++) {
        one_run *run = &t->runs[i];
        if (shared[i]) run->name = run->folder;
        ink_escape(run->plain, sizeof run->plain, run->name, strlen(run->name), sizeof run->plain);
        run->name = run->plain;
    }
}

static void average(table *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        const one_run *run = &t->runs[i];
        if (run->rows != NULL) ink_spread_add(&t->spread, 1 - (double)run->errors / run->n_rows);
    }
}

ink_status ink_work_compare(const ink_compare_options *o, bool json, char **text, ink_error *err) {
    table t = {.n = 0};
    const ink_column *column = NULL, *axis = NULL;
    *text = NULL;
    if (o->n_runs < 2 || o->n_runs > RUNS_MOST) {
        return ink_fail(err, INK_E_USAGE, "%zu runs to compare, expected 2 to %d", o->n_runs, RUNS_MOST);
    }
    ink_status status = ink_plot_column(o->column != NULL ? o->column : "val_acc", &column, err);
    if (status == INK_OK) status = ink_plot_axis(o->axis, &axis, err);
    for (size_t i = 0; i < o->n_runs && status == INK_OK; i++) status = read_run(o->runs[i], &t.runs[t.n++], err);
    if (status == INK_OK) {
        tell_apart(&t);
        average(&t);
    }
    bool paired = t.n <= INK_COMPARE_PAIRED;
    for (uint32_t a = 0; a < t.n && status == INK_OK && paired; a++) {
        for (uint32_t b = a + 1; b < t.n; b++) {
            if (t.runs[a].rows != NULL && t.runs[b].rows != NULL) match_pair(&t, a, b);
        }
    }
    if (status == INK_OK) status = json ? give_json(&t, text, err) : give_text(&t, text, err);
    if (status == INK_OK && paired) status = draw(o, &t, column, axis, err);
    clear(&t);
    return status;
}
