/* api/train_settle.c: from words to a recipe and a machine, for a new run or for one that goes on.
 * Nothing is read of the data yet. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/recipes.h"
#include "api/train_run.h"
#include "core/status.h"
#include "files/tensors_write.h"

/* Where a file is, whatever the folder from which the run goes on one day. */
ink_status ink_train_absolute(const char *path, char out[INK_PATH_SIZE], ink_error *err) {
    if (strcmp(path, "-") == 0) {
        strcpy(out, "-");
        return INK_OK;
    }
    struct stat about;
    char *real = realpath(path, NULL);
    if (real == NULL && stat(path, &about) != 0) return ink_fail_errno(err, "open", path);
    int length = snprintf(out, INK_PATH_SIZE, "%s", real != NULL ? real : path); /* a pipe behind /dev/stdin has none */
    free(real);
    if (length < 0 || length >= INK_PATH_SIZE) return ink_fail(err, INK_E_USAGE, "the path %.60s... is too long", path);
    return INK_OK;
}

static ink_status find_learn_part(ink_train_run *run, const char *freeze, ink_error *err) {
    if (freeze == NULL || freeze[0] == '\0') return INK_OK;
    if (strcmp(freeze, "body") != 0) {
        return ink_fail(err, INK_E_USAGE, "--freeze is \"%.40s\", expected body", freeze);
    }
    run->learn_head = true;
    return INK_OK;
}

static ink_status settle_new(ink_train_run *run, ink_error *err) {
    const ink_train_options *o = run->options;
    if (o->data == NULL) {
        ink_fail(err, INK_E_USAGE,
                 "train needs DATA: train.csv, a folder or a zip with Kaggle's files, or MNIST's IDX files");
        ink_hint(err, "no data at hand? 'inkling data make digits' draws some");
        return INK_E_USAGE;
    }
    ink_status status = ink_recipe_open(o->recipe, &run->recipe, err);
    for (size_t i = 0; status == INK_OK && i < o->n_settings; i++) {
        char where[64];
        snprintf(where, sizeof where, "--%.50s", o->settings[i].key);
        status = ink_recipe_set(&run->recipe, o->settings[i].key, o->settings[i].value, where, err);
    }
    if (status == INK_OK && o->net != NULL) status = ink_recipe_open_net(&run->recipe, o->net, err);
    if (status == INK_OK) status = ink_train_absolute(o->data, run->data, err);
    if (status == INK_OK && o->test != NULL) status = ink_train_absolute(o->test, run->test, err);
    if (status == INK_OK && o->weights != NULL && ink_model_is_builtin(o->weights)) {
        snprintf(run->weights, sizeof run->weights, "%s", o->weights);
    } else if (status == INK_OK && o->weights != NULL) {
        status = ink_train_absolute(o->weights, run->weights, err);
    }
    if (status == INK_OK) status = find_learn_part(run, o->freeze, err);
    return status != INK_OK ? status : ink_machine_open(&o->engine, &run->machine, err);
}

/* --resume takes its settings from the run: what would change them is refused, by name. */
static ink_status refuse_settings(const ink_train_options *o, ink_error *err) {
    const char *given = o->n_settings > 0    ? o->settings[0].key
                        : o->recipe != NULL  ? "recipe"
                        : o->net != NULL     ? "net"
                        : o->out != NULL     ? "out"
                        : o->test != NULL    ? "test"
                        : o->weights != NULL ? "weights"
                        : o->freeze != NULL  ? "freeze"
                        : o->n_teachers > 0  ? "teacher"
                                             : NULL;
    if (o->n_more > 0) {
        ink_fail(err, INK_E_USAGE, "--resume takes no new data: '%.60s' cannot be added to the run", o->more[0]);
        ink_hint(err, "to learn from it: inkling train DATA %.60s --weights RUN", o->more[0]);
        return INK_E_USAGE;
    }
    if (given == NULL) return INK_OK;
    ink_fail(err, INK_E_USAGE, "--resume goes on with the run's own settings: --%.40s cannot be given with it", given);
    ink_hint(err, "to start anew from its weights: inkling train DATA --weights RUN --%.40s ...", given);
    return INK_E_USAGE;
}

static const char *note(const ink_train_run *run, const char *key) {
    const char *value = ink_tensors_note(&run->resumed.file, key);
    return value != NULL ? value : "";
}

static ink_status settle_resumed(ink_train_run *run, ink_error *err) {
    const ink_train_options *o = run->options;
    struct stat about, several;
    char path[INK_PATH_SIZE + 32];
    ink_status status = refuse_settings(o, err);
    if (status != INK_OK) return status;
    if (strlen(o->resume) >= INK_PATH_SIZE) {
        return ink_fail(err, INK_E_USAGE, "the path %.60s... is too long", o->resume);
    }
    if (stat(o->resume, &about) != 0) return ink_fail_errno(err, "open", o->resume);
    status = ink_run_check_free(o->resume, err);
    if (status != INK_OK) return status;
    /* A run of several nets has a list of them where others have their checkpoint. */
    snprintf(path, sizeof path, "%s/" INK_MEMBERS_NAME, o->resume);
    if (stat(path, &several) == 0) {
        status = ink_tensors_open(path, &run->resumed.file, err);
        if (status == INK_OK) ink_notes_restore(&run->resumed.file);
    } else {
        snprintf(path, sizeof path, "%s%s", o->resume, S_ISDIR(about.st_mode) ? "/" INK_CHECKPOINT_NAME : "");
        status = ink_checkpoint_load(path, &run->resumed, err);
    }
    if (status != INK_OK) return status;
    if (run->resumed.fallback[0] != '\0') {
        ink_watch_say(run->watch, INK_SAY_WARNING, "%s; going on from the one before it, at epoch %u, step %llu",
                      run->resumed.fallback, run->resumed.position.epoch,
                      (unsigned long long)run->resumed.position.step);
    }
    ink_recipe_start(&run->recipe);
    status = ink_recipe_parse(&run->recipe, note(run, "recipe"), note(run, "recipe-name"), err);
    if (status != INK_OK) return ink_fault_of_file(status, err);
    snprintf(run->data, sizeof run->data, "%s", note(run, "data"));
    if (o->data != NULL) status = ink_train_absolute(o->data, run->data, err);
    if (status != INK_OK) return status;
    snprintf(run->test, sizeof run->test, "%s", note(run, "test"));
    snprintf(run->weights, sizeof run->weights, "%s", note(run, "weights"));
    status = find_learn_part(run, note(run, "freeze"), err);
    if (status != INK_OK) return status;
    ink_engine engine = o->engine;
    if (engine.precision != NULL && strcmp(engine.precision, note(run, "precision")) != 0) {
        return ink_fail(err, INK_E_USAGE, "--precision %.10s: the run is in %s and stays in it", engine.precision,
                        note(run, "precision"));
    }
    engine.precision = note(run, "precision");
    engine.exact = strcmp(note(run, "exact"), "yes") == 0;
    return ink_machine_open(&engine, &run->machine, err);
}

ink_status ink_train_settle(ink_train_run *run, ink_error *err) {
    ink_status status = run->options->resume != NULL ? settle_resumed(run, err) : settle_new(run, err);
    return status == INK_OK ? ink_train_settle_more(run, err) : status;
}
