/* api/train_budget.c: --budget: from a time to a number of epochs, once, before the run begins.
 * From then on the run is one of so many epochs, like any other. */
#include <math.h>
#include <stdio.h>

#include "api/train_run.h"
#include "core/clock.h"
#include "core/status.h"

#define TRIED_SHARE 0.05 /* of the budget, to find the pace */
#define TRIED_MOST  2.0  /* seconds */
#define EPOCHS_MOST 100000

static ink_status set(ink_train_run *run, const char *key, const char *value, ink_error *err) {
    return ink_recipe_set(&run->recipe, key, value, "--budget", err);
}

ink_status ink_train_fit_budget(ink_train_run *run, ink_error *err) {
    ink_trainer_pace pace;
    char epochs[24];
    double budget_s = run->recipe.budget_s;
    if (budget_s <= 0 || run->options->resume != NULL) return INK_OK;
    ink_status status = ink_trainer_measure_pace(run->trainer, fmin(TRIED_MOST, TRIED_SHARE * budget_s), &pace, err);
    if (status != INK_OK) return status;
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
    if (status == INK_OK) ink_trainer_reschedule(run->trainer);
    return status;
}
