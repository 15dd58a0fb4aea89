/* api/lr_find.c: `inkling lr-find`: one sweep of the learning rate, its chart and its one suggestion.
 * Nothing is kept of what the net learns on the way. */
#include <math.h>
#include <stdio.h>

#include "api/plot.h"
#include "api/train_run.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "report/sweep.h"

#define LOW   1e-7
#define HIGH  10.0
#define STEPS 300u

/* The sweep as progress. */
static void on_moment(void *context, const ink_trainer_moment *m) {
    const ink_train_run *run = context;
    ink_progress progress = {.phase = "sweeping",
                             .unit = "steps",
                             .done = m->done,
                             .total = m->total,
                             .eta_s = -1,
                             .run_eta_s = -1,
                             .loss = m->loss,
                             .accuracy = (double)NAN};
    ink_watch_progress(run->watch, &progress);
}

static bool on_stop(void *context) {
    const ink_train_run *run = context;
    return ink_watch_stop(run->watch);
}

/* The chart's names, and whether they can be written: asked before the sweep, which may take minutes. */
static ink_status name_chart(const ink_lr_find_options *o, ink_lr_find_result *result, ink_error *err) {
    ink_file *file = NULL;
    const char *base = o->out != NULL ? o->out : "lr-find";
    ink_status status = ink_plot_names(base, result->svg, result->png, err);
    if (status != INK_OK) return status;
    status = ink_file_begin(result->svg[0] != '\0' ? result->svg : result->png, &file, err);
    if (status != INK_OK) ink_hint(err, "--out names another place");
    ink_file_abandon(file);
    return status;
}

static ink_status draw(const ink_sweep *sweep, const ink_lr_find_options *o, ink_lr_find_result *result,
                       ink_error *err) {
    ink_picture *picture = NULL;
    ink_status status = ink_sweep_chart(sweep, &picture, err);
    if (status == INK_OK) status = ink_plot_save(picture, o->out != NULL ? o->out : "lr-find", err);
    ink_picture_free(picture);
    return status == INK_OK ? ink_sweep_text(sweep, o->columns, &result->text, err) : status;
}

ink_status ink_work_lr_find(const ink_lr_find_options *options, const ink_watch *watch, ink_lr_find_result *result,
                            ink_error *err) {
    ink_error unwanted;
    ink_train_options train = {.data = options->data,
                               .recipe = options->recipe,
                               .net = options->net,
                               .settings = options->settings,
                               .n_settings = options->n_settings,
                               .engine = options->engine};
    ink_train_result unused = {0};
    ink_train_run run = {.options = &train, .watch = watch, .result = &unused};
    ink_lr_sweep sweep = {.low = options->low > 0 ? options->low : LOW,
                          .high = options->high > 0 ? options->high : HIGH,
                          .steps = options->steps > 0 ? options->steps : STEPS};
    *result = (ink_lr_find_result){0};
    if (err == NULL) err = &unwanted;
    if (!(sweep.low < sweep.high) || sweep.steps < 10) {
        return ink_fail(err, INK_E_USAGE, "a sweep of %u steps from %g to %g: at least 10, upwards", sweep.steps,
                        sweep.low, sweep.high);
    }
    ink_status status = name_chart(options, result, err);
    if (status != INK_OK) return status;
    sweep.lr = ink_mem_new(sweep.steps, sizeof *sweep.lr);
    sweep.loss = ink_mem_new(sweep.steps, sizeof *sweep.loss);
    if (sweep.lr == NULL || sweep.loss == NULL) {
        status = ink_fail_memory(err, 2 * sweep.steps * sizeof *sweep.lr, "a sweep");
    }
    if (status == INK_OK) status = ink_train_prepare(&run, err);
    if (status == INK_OK) {
        ink_trainer_watch around = {.context = &run, .moment = on_moment, .stop = on_stop};
        status = ink_trainer_sweep(run.trainer, &around, &sweep, err);
    }
    if (status == INK_OK) {
        ink_sweep shown = {sweep.lr, sweep.loss, sweep.n, ink_lr_sweep_suggestion(&sweep)};
        result->suggestion = shown.suggestion;
        result->steps = sweep.n;
        status = draw(&shown, options, result, err);
    }
    ink_train_close(&run);
    ink_mem_free(sweep.lr);
    ink_mem_free(sweep.loss);
    return status;
}
