/* train/recipe_keys.c: what each key of a recipe means, and how its value is read.
 * The file's form (lines, comments, [net]) is recipe.c's business. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/near.h"
#include "core/number.h"
#include "core/status.h"
#include "train/recipe.h"

#define WORDS_MOST 40

/* A value cut at blanks, with where it stood. */
typedef struct key_value {
    const char *key, *text, *where;
    char buffer[INK_RECIPE_VALUE_SIZE];
    char *word[WORDS_MOST];
    int n;
    ink_error *err;
} key_value;

static ink_status refuse(const key_value *v, const char *wanted) {
    bool option = strncmp(v->where, "--", 2) == 0 && strcmp(v->where + 2, v->key) == 0;
    return ink_fail(v->err, INK_E_USAGE, "%s%s%s is \"%s\", expected %s", v->where, option ? "" : ": ",
                    option ? "" : v->key, v->text, wanted);
}

static bool real_in(const char *text, double low, double high, double *out) {
    double value;
    if (!ink_number_real(text, &value) || value < low || value > high) return false;
    *out = value;
    return true;
}

/* A share of one, 0 .. high: 0.1, or 10%; percent: the sign stood apart and is gone already. */
static bool share_in(const char *text, bool percent, double high, double *out) {
    char number[INK_RECIPE_VALUE_SIZE];
    snprintf(number, sizeof number, "%s", text);
    size_t length = strlen(number);
    if (!percent && length > 0 && number[length - 1] == '%') {
        number[length - 1] = '\0';
        percent = true;
    }
    double whole = percent ? 100 : 1;
    if (!real_in(number, 0, high * whole, out)) return false;
    *out /= whole;
    return true;
}

static ink_status get_real(const key_value *v, double low, double high, double *out) {
    char wanted[80], from[24], to[24];
    if (v->n == 1 && real_in(v->word[0], low, high, out)) return INK_OK;
    ink_number_text(low, from, sizeof from);
    ink_number_text(high, to, sizeof to);
    snprintf(wanted, sizeof wanted, "a number from %s to %s", from, to);
    return refuse(v, wanted);
}

static ink_status get_float(const key_value *v, double low, double high, float *out) {
    double value = 0;
    ink_status status = get_real(v, low, high, &value);
    if (status == INK_OK) *out = (float)value;
    return status;
}

static ink_status get_whole(const key_value *v, uint64_t low, uint64_t high, uint64_t *out) {
    uint64_t value = 0;
    char wanted[80];
    if (v->n == 1 && ink_number_whole(v->word[0], high, &value) && value >= low) {
        *out = value;
        return INK_OK;
    }
    snprintf(wanted, sizeof wanted, "a whole number %llu..%llu", (unsigned long long)low, (unsigned long long)high);
    return refuse(v, wanted);
}

static ink_status get_u32(const key_value *v, uint32_t low, uint32_t high, uint32_t *out) {
    uint64_t value = 0;
    ink_status status = get_whole(v, low, high, &value);
    if (status == INK_OK) *out = (uint32_t)value;
    return status;
}

static ink_status get_bool(const key_value *v, bool *out) {
    if (v->n != 1 || (strcmp(v->word[0], "yes") != 0 && strcmp(v->word[0], "no") != 0)) return refuse(v, "yes or no");
    *out = strcmp(v->word[0], "yes") == 0;
    return INK_OK;
}

static bool is(const key_value *v, int n, const char *word) {
    return v->n == n && strcmp(v->word[0], word) == 0;
}

/* ---- one setter a key ---- */

static ink_status set_normalise(ink_recipe *r, const key_value *v) {
    double a = 0, b = 0;
    if (is(v, 1, "none")) {
        r->normalise = INK_NORMALISE_NONE;
    } else if (is(v, 1, "imagenet")) {
        r->normalise = INK_NORMALISE_IMAGENET;
    } else if (is(v, 2, "meanstd") && strcmp(v->word[1], "auto") == 0) {
        r->normalise = INK_NORMALISE_AUTO;
    } else if (is(v, 3, "range") && real_in(v->word[1], 1, 1e6, &a) && real_in(v->word[2], -1e3, 1e3, &b)) {
        r->normalise = INK_NORMALISE_RANGE;
    } else if (is(v, 3, "meanstd") && real_in(v->word[1], 0, 1, &a) && real_in(v->word[2], 1e-3, 10, &b)) {
        r->normalise = INK_NORMALISE_MEANSTD;
    } else {
        return refuse(v, "none, range DIVISOR OFFSET, meanstd auto, meanstd MEAN STD or imagenet");
    }
    r->normalise_a = a;
    r->normalise_b = b;
    return INK_OK;
}

static ink_status set_val(ink_recipe *r, const key_value *v) {
    static const char wanted[] = "0, FRACTION, FRACTION stratified or FRACTION random, a fraction below 0.9";
    double fraction = 0;
    ink_split_kind kind = INK_SPLIT_STRATIFIED;
    if (v->n < 1 || v->n > 2 || !share_in(v->word[0], false, 0.9, &fraction)) return refuse(v, wanted);
    if (v->n == 2 && strcmp(v->word[1], "random") == 0) {
        kind = INK_SPLIT_RANDOM;
    } else if (v->n == 2 && strcmp(v->word[1], "stratified") != 0) {
        return refuse(v, wanted);
    }
    r->val_kind = fraction > 0 ? kind : INK_SPLIT_NONE;
    r->val_fraction = fraction;
    return INK_OK;
}

static ink_status set_optimizer(ink_recipe *r, const key_value *v) {
    if (is(v, 1, "adam")) {
        r->optimizer.kind = INK_ADAM;
    } else if (is(v, 1, "adamw")) {
        r->optimizer.kind = INK_ADAMW;
    } else if (is(v, 1, "sgd")) {
        r->optimizer.kind = INK_SGD;
    } else if (is(v, 1, "muon")) {
        r->optimizer.kind = INK_MUON;
    } else {
        return refuse(v, "adam, adamw, sgd or muon");
    }
    return INK_OK;
}

static ink_status set_schedule(ink_recipe *r, const key_value *v) {
    double every = 0, factor = 1;
    if (is(v, 1, "constant")) {
        r->schedule.kind = INK_SCHEDULE_CONSTANT;
    } else if (is(v, 1, "cosine")) {
        r->schedule.kind = INK_SCHEDULE_COSINE;
    } else if (is(v, 1, "linear")) {
        r->schedule.kind = INK_SCHEDULE_LINEAR;
    } else if (is(v, 1, "one-cycle")) {
        r->schedule.kind = INK_SCHEDULE_ONE_CYCLE;
    } else if (is(v, 3, "step") && real_in(v->word[1], 1e-3, 1e6, &every) && real_in(v->word[2], 0, 1, &factor)) {
        r->schedule.kind = INK_SCHEDULE_STEP;
    } else {
        return refuse(v, "constant, step EPOCHS FACTOR, cosine, linear or one-cycle");
    }
    r->schedule.every = every;
    r->schedule.factor = factor;
    return INK_OK;
}

static ink_status set_members(ink_recipe *r, const key_value *v) {
    uint64_t n = 0;
    bool same = v->n == 2 && strcmp(v->word[1], "same") == 0;
    if (v->n < 1 || v->n > 2 || (v->n == 2 && !same) || !ink_number_whole(v->word[0], 99, &n) || n < 1) {
        return refuse(v, "a whole number 1..99, or such a number and \"same\"");
    }
    r->members = (uint32_t)n;
    r->members_same = same;
    return INK_OK;
}

static ink_status set_folds(ink_recipe *r, const key_value *v) {
    uint32_t n = 0;
    ink_status status = get_u32(v, 0, 99, &n);
    if (status == INK_OK && n == 1) return refuse(v, "0 or a whole number 2..99");
    if (status == INK_OK) r->folds = n;
    return status;
}

static ink_status set_seed(ink_recipe *r, const key_value *v) {
    return get_whole(v, 0, INT64_MAX, &r->seed); /* JSON's numbers have a sign */
}
static ink_status set_shuffle(ink_recipe *r, const key_value *v) {
    return get_bool(v, &r->shuffle);
}
static ink_status set_epochs(ink_recipe *r, const key_value *v) {
    return get_u32(v, 1, 100000, &r->epochs);
}
static ink_status set_batch_size(ink_recipe *r, const key_value *v) {
    return get_u32(v, 1, INK_RECIPE_BATCH_MOST, &r->batch_size);
}
static ink_status set_eval_batch_size(ink_recipe *r, const key_value *v) {
    return get_u32(v, 1, INK_RECIPE_BATCH_MOST, &r->eval_batch_size);
}
static ink_status set_workers(ink_recipe *r, const key_value *v) {
    return get_u32(v, 0, 64, &r->workers);
}
static ink_status set_lr(ink_recipe *r, const key_value *v) {
    return get_real(v, 0, 1000, &r->lr);
}
static ink_status set_muon_lr(ink_recipe *r, const key_value *v) {
    return get_real(v, 0, 1000, &r->muon_lr);
}
static ink_status set_body_lr(ink_recipe *r, const key_value *v) {
    return get_real(v, 1e-9, 1000, &r->body_lr_scale);
}
static ink_status set_momentum(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 0.9999, &r->optimizer.momentum);
}
static ink_status set_nesterov(ink_recipe *r, const key_value *v) {
    return get_bool(v, &r->optimizer.nesterov);
}
static ink_status set_beta1(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 0.99999, &r->optimizer.beta1);
}
static ink_status set_beta2(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 0.999999, &r->optimizer.beta2);
}
static ink_status set_eps(ink_recipe *r, const key_value *v) {
    return get_float(v, 1e-15, 1, &r->optimizer.eps);
}
static ink_status set_weight_decay(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 10, &r->optimizer.weight_decay);
}
static ink_status set_clip(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 1e6, &r->optimizer.clip_norm);
}
static ink_status set_ema(ink_recipe *r, const key_value *v) {
    return get_float(v, 0, 0.99999, &r->optimizer.average_decay);
}
static ink_status set_warmup(ink_recipe *r, const key_value *v) {
    return get_real(v, 0, 1e6, &r->schedule.warmup_epochs);
}
static ink_status set_label_smoothing(ink_recipe *r, const key_value *v) {
    return get_real(v, 0, 0.9, &r->label_smoothing);
}

static ink_status set_hard_share(ink_recipe *r, const key_value *v) {
    return get_real(v, 0.01, 1, &r->hard_share);
}
static ink_status set_distil_weight(ink_recipe *r, const key_value *v) {
    return get_real(v, 0, 1, &r->distil_weight);
}
static ink_status set_distil_temperature(ink_recipe *r, const key_value *v) {
    return get_real(v, 0.1, 100, &r->distil_temperature);
}

static ink_status set_temperature(ink_recipe *r, const key_value *v) {
    double value = 0;
    if (!is(v, 1, "fit") && (v->n != 1 || !real_in(v->word[0], 0.01, 100, &value))) {
        return refuse(v, "fit, or a number from 0.01 to 100");
    }
    r->temperature = value;
    return INK_OK;
}

/* "99.4%", "99.4 %" or "0.994". */
static ink_status set_until(ink_recipe *r, const key_value *v) {
    double value = 0;
    if (is(v, 1, "none")) {
        r->until = 0;
        return INK_OK;
    }
    if (v->n < 1 || v->n > 2 || (v->n == 2 && strcmp(v->word[1], "%") != 0)) return refuse(v, "99.4%, 0.994 or none");
    if (!share_in(v->word[0], v->n == 2, 1, &value) || value <= 0) return refuse(v, "99.4%, 0.994 or none");
    r->until = value;
    return INK_OK;
}

/* "90", "60s", "10m", "1.5h". */
static ink_status set_budget(ink_recipe *r, const key_value *v) {
    static const char units[] = "smh";
    static const double seconds[] = {1, 60, 3600};
    char number[INK_RECIPE_VALUE_SIZE];
    double value = 0, unit = 1;
    if (is(v, 1, "none")) {
        r->budget_s = 0;
        return INK_OK;
    }
    snprintf(number, sizeof number, "%s", v->n == 1 ? v->word[0] : "");
    size_t length = strlen(number);
    const char *found = length > 1 ? strchr(units, number[length - 1]) : NULL;
    if (found != NULL) {
        unit = seconds[found - units];
        number[length - 1] = '\0';
    }
    if (!real_in(number, 0, 1e7, &value) || value <= 0) return refuse(v, "a time such as 60s, 10m or 1h, or none");
    r->budget_s = value * unit;
    return INK_OK;
}

static ink_status set_augment(ink_recipe *r, const key_value *v) {
    ink_error why;
    ink_augment augment;
    if (ink_augment_parse(v->text, &augment, &why) != INK_OK) {
        ink_fail(v->err, INK_E_USAGE, "%s: %s", v->where, why.text);
        ink_hint(v->err, "%s", why.hint);
        return INK_E_USAGE;
    }
    r->augment = augment;
    return INK_OK;
}

typedef ink_status set_key(ink_recipe *r, const key_value *v);

static const ink_recipe_key_info infos[] = {
    {"normalise", "HOW", "range 250 0.5",
     "pixels to numbers: none | range D O (x/D-O) | meanstd auto | meanstd M S | imagenet"},
    {"val", "FRACTION [HOW]", "0.1 stratified", "rows held out to measure on: 0 | 0.1 stratified | 0.01 random"},
    {"seed", "N", "0", "where all random numbers start"},
    {"shuffle", "yes|no", "yes", "a new order of the rows each epoch"},
    {"epochs", "N", "10", "times that every training row is seen"},
    {"budget", "TIME", "none",
     "as many epochs as fit into 60s, 10m or 1h of the whole run, by the pace of its first steps"},
    {"until", "ACCURACY", "none",
     "end at this accuracy on the held-out rows: 99.4% or 0.994; exit code 8 when it is not reached"},
    {"batch-size", "N", "64", "rows a step"},
    {"eval-batch-size", "N", "1000", "rows at once when measuring and predicting"},
    {"workers", "N", "0", "own threads that prepare batches ahead; 0: the computing threads do"},
    {"optimizer", "NAME", "adam",
     "adam | adamw | sgd | muon (orthogonal steps; adamw for biases, batch norm and the last layer)"},
    {"lr", "RATE", "1e-3", "learning rate"},
    {"muon-lr", "RATE", "0.02", "muon: learning rate of the orthogonal steps; lr is that of the rest"},
    {"body-lr", "FACTOR", "1", "factor on the learning rate of all layers but the last"},
    {"momentum", "M", "0.9", "sgd, muon: momentum"},
    {"nesterov", "yes|no", "no", "sgd: Nesterov's form"},
    {"beta1", "B", "0.9", "adam, adamw, muon: decay of the mean of gradients"},
    {"beta2", "B", "0.999", "adam, adamw: decay of the mean of their squares"},
    {"eps", "E", "1e-8", "adam, adamw: added to the divisor"},
    {"weight-decay", "D", "0", "pull of the weights towards 0 (adamw, muon: decoupled)"},
    {"clip", "NORM", "0", "longest gradient, longer ones are shortened; 0: as they are"},
    {"ema", "DECAY", "0", "measure, keep and use the weights' moving average, which keeps so much each step; 0: none"},
    {"schedule", "HOW", "constant",
     "learning rate over the run: constant | step EPOCHS FACTOR | cosine | linear | one-cycle"},
    {"warmup", "EPOCHS", "0", "epochs over which the learning rate rises from 0"},
    {"label-smoothing", "S", "0", "share of the target spread over all ten digits"},
    {"hard-share", "S", "1", "learn only from this share of the images, those with the largest loss of a forward pass"},
    {"distil-weight", "W", "0.9", "with --teacher: share of the loss that the teachers' probabilities have"},
    {"distil-temperature", "T", "2", "with --teacher: how much they are softened"},
    {"temperature", "T|fit", "fit",
     "logits are divided by it when training is done: fitted on the held-out rows, or given, as for val = 0"},
    {"augment", "HOW", "none", "distortions, new ones each epoch: none | rotate DEG scale F shear F shift F ..."},
    {"members", "N [same]", "1",
     "nets trained one after another, answers averaged; each holds out other rows, with \"same\" all the same ones"},
    {"folds", "N", "0",
     "cross-validation: N nets, each measured on the N-th of the rows that it did not learn; 0: none"},
};
static set_key *const setters[] = {
    set_normalise,
    set_val,
    set_seed,
    set_shuffle,
    set_epochs,
    set_budget,
    set_until,
    set_batch_size,
    set_eval_batch_size,
    set_workers,
    set_optimizer,
    set_lr,
    set_muon_lr,
    set_body_lr,
    set_momentum,
    set_nesterov,
    set_beta1,
    set_beta2,
    set_eps,
    set_weight_decay,
    set_clip,
    set_ema,
    set_schedule,
    set_warmup,
    set_label_smoothing,
    set_hard_share,
    set_distil_weight,
    set_distil_temperature,
    set_temperature,
    set_augment,
    set_members,
    set_folds,
};
#define N_KEYS (sizeof infos / sizeof *infos)
_Static_assert(sizeof setters / sizeof *setters == N_KEYS, "one setter a key");
_Static_assert(N_KEYS <= INK_RECIPE_KEYS_MAX, "room for every key's value");

const ink_recipe_key_info *ink_recipe_keys(size_t *count) {
    *count = N_KEYS;
    return infos;
}

static size_t find_key(const char *key) {
    size_t i = 0;
    while (i < N_KEYS && strcmp(infos[i].key, key) != 0) i++;
    return i;
}

static ink_status unknown_key(const char *key, const char *where, ink_error *err) {
    ink_near near = {.word = key};
    for (size_t i = 0; i < N_KEYS; i++) ink_near_try(&near, infos[i].key);
    ink_near_try(&near, "net");
    ink_fail(err, INK_E_USAGE, "%s: unknown key \"%.40s\"", where, key);
    if (near.best != NULL) {
        ink_hint(err, "did you mean \"%s\"?", near.best);
    } else {
        ink_hint(err, "'inkling help train' lists all keys");
    }
    return INK_E_USAGE;
}

ink_status ink_recipe_set(ink_recipe *recipe, const char *key, const char *value, const char *where, ink_error *err) {
    size_t at = find_key(key);
    if (at == N_KEYS) return unknown_key(key, where, err);
    key_value v = {.key = key, .text = value, .where = where, .err = err};
    if (strlen(value) >= sizeof v.buffer) return refuse(&v, "at most 199 characters");
    memcpy(v.buffer, value, strlen(value) + 1);
    for (char *p = v.buffer + strspn(v.buffer, " \t"); *p != '\0';) {
        if (v.n == WORDS_MOST) return refuse(&v, "fewer words");
        v.word[v.n++] = p;
        p += strcspn(p, " \t");
        if (*p != '\0') *p++ = '\0';
        p += strspn(p, " \t");
    }
    ink_status status = setters[at](recipe, &v);
    if (status != INK_OK) return status;
    char *to = recipe->value[at];
    for (int i = 0; i < v.n; i++) {
        if (i > 0) *to++ = ' ';
        size_t length = strlen(v.word[i]);
        memcpy(to, v.word[i], length);
        to += length;
    }
    *to = '\0';
    return INK_OK;
}
