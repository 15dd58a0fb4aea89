/* api/train_budget.c: --budget: from a time to a number of epochs, once, before the run begins.
 * From then on the run is one of so many epochs, like any other. */
#include <math.h>
#include <stdio.h>

#include "api/train_run.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"

#define TRIED_SHARE 0.05 /* of the budget, to find the pace */
#define TRIED_MOST  2.0  /* seconds */
#define EPOCHS_MOST 100000
#define SAVES       4.0 /* an epoch's end writes about so many files like the checkpoint: weights twice, charts */

static ink_status set(ink_train_run *run, const char *key, const char *value, ink_error *err) {
    return ink_recipe_set(&run->recipe, key, value, "--budget", err);
}

/* How long writing a checkpoint takes here; a disk that cannot be written is told of when the run saves in earnest. */
static ink_status time_save(ink_train_run *run, double *seconds, ink_error *err) {
    double began = ink_clock_s();
    ink_status status = ink_train_save(run, err);
    *seconds = ink_clock_s() - began;
    return status == INK_E_FILE ? INK_OK : status;
}

/* What the run folder says of the run, again. */
static ink_status record(ink_train_run *run, ink_error *err) {
    char *text = NULL;
    double seconds;
    ink_status status = ink_recipe_text(&run->recipe, &text, err);
    if (status == INK_OK) status = ink_runlog_settings(run->log, text, err);
    ink_mem_free(text);
    return status == INK_OK ? time_save(run, &seconds, err) : status;
}

ink_status ink_train_fit_budget(ink_train_run *run, ink_error *err) {
    ink_trainer_pace pace;
    char epochs[24];
    double save_s = 0;
    double budget_s = run->recipe.budget_s;
    if (budget_s <= 0) return INK_OK; /* none, or fitted before the run was stopped */
    ink_status status = ink_trainer_measure_pace(run->trainer, fmin(TRIED_MOST, TRIED_SHARE * budget_s), &pace, err);
    if (status == INK_OK) status = time_save(run, &save_s, err);
    if (status != INK_OK) return status;
    pace.epoch_s += SAVES * save_s;
    double used_s = ink_clock_s() - run->started_s;
    double after_s = pace.row_s * ((double)run->result->val_rows + run->set.test.count);
    double fit = pace.epoch_s > 0 ? floor((budget_s - used_s - after_s) / pace.epoch_s) : EPOCHS_MOST;
    if (fit < 1) {
        ink_watch_say(run->watch, INK_SAY_WARNING,
                      "the budget of %.0f s is too short: one epoch takes about %.1f s here, and one is trained",
                      budget_s, pace.epoch_s);
    }
    fit = fmax(1, fmin(fit, EPOCHS_MOST));
    ink_watch_say(run->watch, INK_SAY_INFO, "budget %.0f s: an epoch takes about %.2f s here, so %.0f epoch%s",
                  budget_s, pace.epoch_s, fit, fit > 1 ? "s" : "");
    snprintf(epochs, sizeof epochs, "%.0f", fit);
    status = set(run, "epochs", epochs, err);
    if (status == INK_OK) status = set(run, "budget", "none", err);
    if (status != INK_OK) return status;
    ink_trainer_reschedule(run->trainer);
    return record(run, err);
}
