/* api/train_members.c: several nets in one run, an ensemble or a cross-validation: which rows each of them holds out,
 * one training after another, and what they are worth together.
 * One net's training is train.c's business. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/members_ask.h"
#include "api/train_run.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/write.h"
#include "report/text.h"

#define LEAST_SHARE_S 0.001 /* of a budget that is used up: one epoch is trained, and a warning given */

/* The run of several nets. */
typedef struct many {
    ink_train_run *run;
    bool folds; /* else an ensemble */
    ink_members members;
    double before_s; /* what the run took before its first net */
    ink_error *err;
} many;

bool ink_train_is_many(const ink_train_run *run) {
    return run->recipe.members > 1 || run->recipe.folds > 0;
}

/* ---- who learns what ---- */

/* Do all nets hold out the same rows? */
static bool is_split_shared(const many *m) {
    return !m->folds && (m->run->recipe.members_same || m->run->recipe.val_fraction == 0);
}

/* Net k's held-out rows: its fold; or for an ensemble one of as many parts as the held-out fraction makes, in turn, so
 * that every row is held out equally often; cut anew when all parts have had their turn. */
static ink_status split(const many *m, uint32_t k, uint8_t *held_out) {
    const ink_recipe *recipe = &m->run->recipe;
    const ink_images *images = &m->run->set.train;
    uint32_t n = m->run->own_rows, unused;
    if (is_split_shared(m)) {
        return ink_split_make(images->labels, n, recipe->val_kind, recipe->val_fraction, recipe->seed, held_out,
                              &unused, m->err);
    }
    uint32_t parts = m->folds ? recipe->folds : (uint32_t)(1 / recipe->val_fraction + 0.5);
    if (parts < 2) parts = 2;
    if (parts > 99) parts = 99;
    ink_status status = ink_split_folds(images->labels, n, parts, recipe->seed + k / parts, held_out, m->err);
    for (uint32_t i = 0; i < n && status == INK_OK; i++) held_out[i] = held_out[i] == k % parts;
    return status;
}

/* One that a recipe may have: the largest is followed by 0. */
static uint64_t seed_of(const ink_recipe *whole, uint32_t k) {
    return (whole->seed + k) & INT64_MAX;
}

/* The run's recipe for one net; for one that goes on, as its checkpoint has it: a budget has become epochs there. */
static ink_status recipe_of(const many *m, uint32_t k, const ink_checkpoint *resumed, ink_recipe *out) {
    const ink_recipe *whole = &m->run->recipe;
    const char *begun = ink_tensors_note(&resumed->file, "recipe");
    char *text = NULL, seed[32], val[32];
    ink_recipe_start(out);
    if (begun != NULL) return ink_recipe_parse(out, begun, whole->name, m->err);
    ink_status status = ink_recipe_text(whole, &text, m->err);
    if (status == INK_OK) status = ink_recipe_parse(out, text, whole->name, m->err);
    /* So that messages about the net say where it stands, not where in this text. */
    if (status == INK_OK) status = ink_recipe_set_net(out, whole->net_text, whole->net_file, whole->net_line, m->err);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)seed_of(whole, k));
    if (status == INK_OK) status = ink_recipe_set(out, "seed", seed, "seed", m->err);
    if (status == INK_OK) status = ink_recipe_set(out, "members", "1", "members", m->err);
    if (status == INK_OK) status = ink_recipe_set(out, "folds", "0", "folds", m->err);
    if (status == INK_OK && m->folds) {
        snprintf(val, sizeof val, "%.4g stratified", 1.0 / whole->folds);
        status = ink_recipe_set(out, "val", val, "val", m->err);
    }
    ink_mem_free(text);
    return status;
}

/* Net k's share of the run's budget: of what is left, as many parts as nets are left. */
static double share_of_budget(const many *m, uint32_t k) {
    double left = m->run->recipe.budget_s - m->before_s;
    for (uint32_t i = 0; i < k; i++) left -= m->members.member[i].seconds;
    return fmax(left / (m->members.n - k), LEAST_SHARE_S);
}

/* ---- one net ---- */

/* All that the training of one net borrows while it goes on. */
typedef struct net {
    ink_train_options options;
    ink_train_result result;
    ink_train_run run;
    const char *teachers[INK_TEACHERS_MOST];
    char path[INK_PATH_SIZE], *names;
} net;

/* seconds: a net that was stopped took those before it, too. */
static void note_result(ink_member *member, const net *one) {
    const ink_train_result *r = &one->result;
    *member = (ink_member){.done = true,
                           .epochs = r->epochs,
                           .train_rows = r->train_rows,
                           .val_rows = r->val_rows,
                           .errors = r->val_rows > 0 ? (uint32_t)((1 - r->last_accuracy) * r->val_rows + 0.5) : 0,
                           .loss = r->last_loss,
                           .seconds = r->seconds + one->run.resumed.position.elapsed_s};
}

/* In a run that goes on: a net that was begun goes on too; one that has only a folder begins anew. */
static ink_status find_checkpoint(const many *m, net *one) {
    struct stat about;
    char file[INK_PATH_SIZE + 32];
    snprintf(file, sizeof file, "%s/" INK_CHECKPOINT_NAME, one->path);
    if (m->run->options->resume == NULL || stat(file, &about) != 0) return INK_OK;
    one->options.resume = one->path;
    one->options.weights = NULL;
    return ink_checkpoint_load(file, &one->run.resumed, m->err);
}

/* The teachers of net k, as options name them. */
static ink_status name_teachers(const many *m, uint32_t k, net *one) {
    char *paths = NULL;
    const char *all = m->run->teachers.paths;
    if (all == NULL) return INK_OK;
    ink_status status = INK_OK;
    if (m->folds) {
        status = ink_train_teachers_of_fold(all, k, &m->run->recipe, m->run->set.train_sha256, &paths, m->err);
    }
    const char *lines = m->folds ? paths : all;
    if (status == INK_OK) one->names = ink_mem_string(lines);
    if (status == INK_OK && one->names == NULL) status = ink_fail_memory(m->err, strlen(lines), "teachers");
    if (status == INK_OK) {
        one->options.n_teachers = ink_train_teachers_names(lines, one->names, one->teachers);
        one->options.teachers = one->teachers;
    }
    ink_mem_free(paths);
    return status;
}

static void clear_net(net *one) {
    ink_mem_free(one->names);
    ink_mem_free(one->run.held_out);
    ink_checkpoint_clear(&one->run.resumed);
    ink_recipe_clear(&one->run.recipe);
}

/* Net k, ready to train; its folder is in the run's, if there is one yet. Owner: the caller, clear_net, on failure
 * too. */
static ink_status make_net(const many *m, uint32_t k, const ink_watch *watch, net *one) {
    const ink_train_run *run = m->run;
    *one = (net){.options = *run->options};
    one->run = (ink_train_run){.options = &one->options,
                               .watch = watch,
                               .result = &one->result,
                               .machine = run->machine,
                               .set = run->set,
                               .whole = run->log,
                               .own_rows = run->own_rows,
                               .more = run->more,
                               .more_sha256 = run->more_sha256, /* both borrowed */
                               .learn_head = run->learn_head,
                               .started_s = ink_clock_s()};
    ink_train_result_start(&one->result);
    memcpy(one->run.data, run->data, sizeof one->run.data);
    memcpy(one->run.test, run->test, sizeof one->run.test);
    memcpy(one->run.weights, run->weights, sizeof one->run.weights);
    ink_status status = ink_member_path(run->result->run, k, one->path, sizeof one->path, m->err);
    if (status != INK_OK) return status;
    one->options.out = one->path;
    one->options.force = true;
    one->options.resume = NULL;
    one->options.weights = run->weights[0] != '\0' ? run->weights : NULL;
    status = name_teachers(m, k, one);
    if (status == INK_OK) status = find_checkpoint(m, one);
    if (status == INK_OK) status = recipe_of(m, k, &one->run.resumed, &one->run.recipe);
    if (status != INK_OK) return status;
    if (one->run.recipe.budget_s > 0) one->run.recipe.budget_s = share_of_budget(m, k);
    one->run.held_out = ink_mem_new(run->set.train.count, 1);
    if (one->run.held_out == NULL) return ink_fail_memory(m->err, run->set.train.count, "a split");
    if (one->options.resume != NULL) return ink_train_take_split(&one->run, m->err);
    status = split(m, k, one->run.held_out);
    return status == INK_OK ? ink_train_leave_out(&one->run, m->err) : status;
}

/* Before anything is written, or an older run removed: what can be wrong with net, weights and teachers is told now. */
static ink_status try_first(many *m) {
    net one;
    ink_status status = make_net(m, 0, NULL, &one);
    if (status == INK_OK) status = ink_train_try(&one.run, m->err);
    if (status == INK_OK) {
        m->run->machine.precision = one.run.machine.precision;
        m->run->result->train_rows = one.result.train_rows;
        m->run->result->val_rows = one.result.val_rows;
    }
    clear_net(&one);
    return status;
}

static ink_status train_member(many *m, uint32_t k) {
    const ink_watch *watch = m->run->watch;
    net one;
    ink_status status = make_net(m, k, watch, &one);
    if (status == INK_OK) {
        ink_watch_say(watch, INK_SAY_INFO, "%s %u of %u, seed %llu", m->folds ? "fold" : "member", k + 1, m->members.n,
                      (unsigned long long)one.run.recipe.seed);
        status = ink_train_one(&one.run, m->err);
        m->run->result->unsaved = one.result.unsaved;
    }
    /* A net that misses the accuracy it should end at is one of the ensemble all the same. */
    if (status == INK_E_THRESHOLD) status = INK_OK;
    if (status == INK_OK) note_result(&m->members.member[k], &one);
    clear_net(&one);
    return status;
}

static ink_status save_list(many *m) {
    const ink_train_run *run = m->run;
    char *recipe = NULL;
    ink_status status = ink_recipe_text(&run->recipe, &recipe, m->err);
    if (status != INK_OK) return status;
    ink_pair notes[] = {
        {"recipe", recipe},
        {"recipe-name", run->recipe.name},
        {"data", run->data},
        {"test", run->test},
        {"data-sha256", run->set.train_sha256},
        {"precision", ink_precision_word(run->machine.precision)},
        {"exact", run->machine.exact ? "yes" : "no"},
        {"freeze", run->learn_head ? "body" : ""},
        {"weights", run->weights},
        {"more", run->more.length > 0 ? run->more.bytes : ""},
        {"more-sha256", run->more_sha256.length > 0 ? run->more_sha256.bytes : ""},
        {"teachers", run->teachers.paths != NULL ? run->teachers.paths : ""},
        {"teachers-sha256", run->teachers.sha256},
    };
    status = ink_members_save(run->result->run, &m->members, notes, sizeof notes / sizeof *notes, m->err);
    ink_mem_free(recipe);
    return status;
}

static ink_status train_all(many *m) {
    m->before_s = ink_clock_s() - m->run->started_s;
    ink_status status = save_list(m);
    for (uint32_t k = 0; k < m->members.n && status == INK_OK; k++) {
        status = ink_runlog_nets(m->run->log, k, m->members.n, m->err);
        if (status != INK_OK || m->members.member[k].done) continue;
        status = train_member(m, k);
        if (status == INK_OK) status = save_list(m);
    }
    if (status == INK_OK) status = ink_runlog_nets(m->run->log, m->members.n, m->members.n, m->err);
    return status;
}

/* ---- together ---- */

static void note_scores(const many *m, const ink_scores *scores) {
    ink_train_result *r = m->run->result;
    ink_spread spread = {0};
    for (uint32_t k = 0; k < m->members.n; k++) {
        const ink_member *one = &m->members.member[k];
        ink_spread_add(&spread, 1 - (double)one->errors / one->val_rows);
    }
    r->mean_accuracy = spread.mean;
    r->deviation_accuracy = ink_spread_deviation(&spread);
    r->val_rows = (uint32_t)scores->rows;
    r->all_errors = (uint32_t)scores->errors;
    r->all_accuracy = r->last_accuracy = scores->accuracy;
    r->all_low = scores->low;
    r->all_high = scores->high;
    r->last_loss = scores->loss;
}

/* The nets one by one, for whoever trains them. */
static ink_status note_members(const many *m) {
    ink_train_result *r = m->run->result;
    r->members = ink_mem_new(m->members.n, sizeof *r->members);
    if (r->members == NULL) return ink_fail_memory(m->err, m->members.n * sizeof *r->members, "the nets");
    for (uint32_t k = 0; k < m->members.n; k++) {
        const ink_member *one = &m->members.member[k];
        r->members[k] = (ink_train_member){.seed = seed_of(&m->run->recipe, k),
                                           .epochs = one->epochs,
                                           .train_rows = one->train_rows,
                                           .val_rows = one->val_rows,
                                           .errors = one->errors,
                                           .accuracy = NAN,
                                           .loss = one->val_rows > 0 ? one->loss : (double)NAN,
                                           .seconds = one->seconds};
        if (one->val_rows > 0) r->members[k].accuracy = 1 - (double)one->errors / one->val_rows;
    }
    return INK_OK;
}

/* Every held-out row, judged by the nets that did not learn it: report, confusion matrix, mistakes, predictions.csv. */
static ink_status judge_all(const many *m, ink_judgement *judgement, double *judges_mean) {
    const ink_train_run *run = m->run;
    const ink_members_question question = {.run = run->result->run,
                                           .members = &m->members,
                                           .machine = &run->machine,
                                           .max_batch = run->recipe.eval_batch_size,
                                           .images = &run->set.train,
                                           .data_sha256 = run->set.train_sha256,
                                           .watch = run->watch};
    ink_members_answer answer;
    ink_status status = ink_members_ask(&question, &answer, m->err);
    if (status != INK_OK) return status;
    status = ink_judge(&(ink_judged){&answer.images, answer.rows, NULL, &answer.predictions}, judgement, m->err);
    if (status == INK_OK) status = ink_judgement_write(judgement, true, run->result->run, m->err);
    if (status == INK_OK) {
        note_scores(m, &judgement->scores);
        *judges_mean = answer.judges_mean;
    }
    ink_members_answer_clear(&answer);
    return status;
}

static ink_status write_table(const many *m, double judges_mean) {
    ink_train_result *r = m->run->result;
    ink_text t = {0};
    char path[INK_PATH_SIZE];
    ink_text_format(&t, "%-6s %6s %9s %9s %6s %10s %9s %9s\n", m->folds ? "fold" : "member", "epochs", "learned",
                    "held out", "wrong", "accuracy", "loss", "seconds");
    for (uint32_t k = 0; k < m->members.n; k++) {
        const ink_member *one = &m->members.member[k];
        ink_text_format(&t, "%6u %6u %9u %9u ", k + 1, one->epochs, one->train_rows, one->val_rows);
        if (one->val_rows > 0) {
            double accuracy = 100 - 100.0 * one->errors / one->val_rows;
            ink_text_format(&t, "%6u %8.3f %% %9.5f ", one->errors, accuracy, one->loss);
        } else {
            ink_text_format(&t, "%6s %10s %9s ", "-", "-", "-");
        }
        ink_text_format(&t, "%9.1f\n", one->seconds);
    }
    if (r->val_rows > 0) {
        ink_text_format(&t, "mean   %.3f %%, standard deviation %.3f\n", 100 * r->mean_accuracy,
                        100 * r->deviation_accuracy);
        ink_text_format(&t, "all    %.3f %%, %u of %u wrong, 95 %% interval %.3f to %.3f %%, loss %.5f\n",
                        100 * r->all_accuracy, r->all_errors, r->val_rows, 100 * r->all_low, 100 * r->all_high,
                        r->last_loss);
        ink_text_format(&t, "       each row judged by the nets that had not learned it: %.3g of %u\n", judges_mean,
                        m->members.n);
    } else {
        ink_text_format(&t, "nothing was held out: no accuracy is claimed\n");
    }
    ink_status status = ink_text_give(&t, "the table", &r->table, m->err);
    if (status == INK_OK) status = ink_runlog_file(m->run->log, "members.txt", path, sizeof path, m->err);
    return status == INK_OK ? ink_file_write_all(path, r->table, strlen(r->table), m->err) : status;
}

/* accuracy, loss and curves: the nets' means. A run that is done does not fail for want of a picture. */
static void draw(const many *m) {
    ink_train_result *r = m->run->result;
    ink_error err;
    uint32_t nets;
    ink_status status = ink_work_plot(&(ink_plot_options){.run = r->run}, &nets, &err);
    if (status == INK_OK) status = ink_runlog_file(m->run->log, "accuracy.png", r->graph, sizeof r->graph, &err);
    if (status != INK_OK) ink_watch_say(m->run->watch, INK_SAY_WARNING, "no graph: %s", err.text);
}

static ink_status finish(const many *m) {
    ink_train_run *run = m->run;
    ink_train_result *r = run->result;
    ink_judgement judgement = {0};
    double judges_mean = 0;
    r->epochs = m->members.member[0].epochs;
    r->train_rows = m->members.member[0].train_rows;
    r->all_accuracy = r->mean_accuracy = NAN;
    ink_status status = INK_OK;
    if (m->members.member[0].val_rows > 0) status = judge_all(m, &judgement, &judges_mean);
    if (status == INK_OK) status = write_table(m, judges_mean);
    if (status == INK_OK) status = ink_train_page(run, &judgement, m->err);
    ink_judgement_clear(&judgement);
    if (status == INK_OK) status = note_members(m);
    if (status == INK_OK && run->set.test.count > 0) status = ink_train_submit(run, m->err);
    if (status == INK_OK) draw(m);
    return status;
}

/* ---- the run ---- */

/* split.csv, so that `eval --held-out` can measure all of them together. */
static ink_status write_split(const many *m) {
    uint32_t n = m->run->set.train.count;
    uint8_t *held_out = ink_mem_new(n, 1);
    if (held_out == NULL) return ink_fail_memory(m->err, n, "the split");
    ink_status status = split(m, 0, held_out);
    if (status == INK_OK) status = ink_runlog_split(m->run->log, held_out, n, m->err);
    ink_mem_free(held_out);
    return status;
}

static ink_status open_log(many *m) {
    ink_train_run *run = m->run;
    const ink_train_options *o = run->options;
    ink_runlog_options options = {.out = o->out, .recipe = run->recipe.name, .force = o->force};
    ink_run_env env = ink_train_env(run);
    char *text = NULL;
    ink_status status = o->resume != NULL ? ink_runlog_resume(o->resume, 0, 0, &run->log, m->err)
                                          : ink_runlog_create(&options, &run->log, m->err);
    if (status != INK_OK) return status;
    snprintf(run->result->run, sizeof run->result->run, "%s", ink_runlog_path(run->log));
    status = ink_recipe_text(&run->recipe, &text, m->err);
    if (status == INK_OK) status = ink_runlog_settings(run->log, text, m->err);
    if (status == INK_OK) status = ink_runlog_env(run->log, &env, m->err);
    if (status == INK_OK && is_split_shared(m)) status = write_split(m);
    if (status == INK_OK) ink_watch_say(run->watch, INK_SAY_INFO, "run folder %s", run->result->run);
    ink_mem_free(text);
    return status;
}

/* For status.json and the index: the epochs of the net that took most, the accuracy of all together, the seconds of
 * all. Only one accuracy was ever measured, so it is the best and the last. */
static ink_status note_together(const many *m) {
    const ink_train_result *r = m->run->result;
    const ink_recipe *recipe = &m->run->recipe;
    bool measured = isfinite(r->all_accuracy) != 0;
    ink_epoch all = {.lr = NAN,
                     .train_loss = NAN,
                     .train_acc = NAN,
                     .val_loss = measured ? r->last_loss : (double)NAN,
                     .val_acc = r->all_accuracy,
                     .val_errors = measured ? (int64_t)r->all_errors : -1,
                     .images_per_s = NAN,
                     .peak_mem_mb = NAN};
    for (uint32_t k = 0; k < m->members.n; k++) {
        const ink_member *one = &m->members.member[k];
        if (one->epochs > all.epoch) all.epoch = one->epochs;
        all.time_s += one->seconds;
    }
    return ink_runlog_together(m->run->log, &all, recipe->budget_s > 0 ? all.epoch : recipe->epochs, m->err);
}

static ink_status end_log(many *m, ink_status status) {
    ink_run_state state = status == INK_OK           ? INK_RUN_DONE
                          : status == INK_E_STOPPED  ? INK_RUN_INTERRUPTED
                          : status == INK_E_DIVERGED ? INK_RUN_DIVERGED
                                                     : INK_RUN_FAILED;
    ink_error own;
    ink_status ended = ink_runlog_end(m->run->log, state, NULL, status != INK_OK ? m->err->text : NULL, &own);
    if (status != INK_OK || ended == INK_OK) return status;
    *m->err = own;
    return ended;
}

/* The names and the hash of what the nets learn from, from the options, or for --resume from the list; each net opens
 * its own. */
static ink_status find_teachers(const many *m) {
    const ink_train_options *o = m->run->options;
    const ink_tensors *file = &m->run->resumed.file;
    ink_train_teachers all = {0};
    ink_status status = INK_OK;
    if (o->resume == NULL) {
        if (o->n_teachers == 0) return INK_OK;
        status = ink_train_teachers_open(o->teachers, o->n_teachers, &m->run->machine, &all, m->err);
    } else {
        const char *paths = ink_tensors_note(file, "teachers"), *sha256 = ink_tensors_note(file, "teachers-sha256");
        if (paths == NULL || paths[0] == '\0' || sha256 == NULL) return INK_OK;
        status = ink_train_teachers_reopen(paths, sha256, &m->run->machine, &all, m->err);
    }
    if (status == INK_OK) {
        m->run->teachers.paths = all.paths;
        all.paths = NULL;
        memcpy(m->run->teachers.sha256, all.sha256, sizeof all.sha256);
    }
    ink_train_teachers_close(&all);
    return status;
}

/* All is done; did each net reach the accuracy that it was to end at? One that did ended there. */
static ink_status judge_until(const many *m) {
    ink_train_result *r = m->run->result;
    double until = m->run->recipe.until;
    uint32_t missed = 0;
    for (uint32_t k = 0; k < m->members.n; k++) {
        const ink_member *one = &m->members.member[k];
        missed += one->val_rows - one->errors < until * one->val_rows - 1e-6;
    }
    r->until = until;
    r->reached = until > 0 && missed == 0;
    if (until <= 0 || missed == 0) return INK_OK;
    return ink_fail(m->err, INK_E_THRESHOLD, "%.2f %% was not reached by %u of %u nets", 100 * until, missed,
                    m->members.n);
}

/* Folds decide by themselves what is held out; a recipe's val is passed over, one that was asked for is not. */
static void warn_of_val(const many *m) {
    const ink_train_options *o = m->run->options;
    bool asked = false;
    for (size_t i = 0; i < o->n_settings; i++) asked = asked || strcmp(o->settings[i].key, "val") == 0;
    if (!m->folds || !asked) return;
    ink_watch_say(m->run->watch, INK_SAY_WARNING, "--val does not count with --folds: each net holds out its fold");
}

ink_status ink_train_many(ink_train_run *run, ink_error *err) {
    many m = {.run = run, .folds = run->recipe.folds > 0, .err = err};
    if (m.folds && run->recipe.members > 1) {
        return ink_fail(err, INK_E_USAGE, "folds %u and members %u: one of the two at a time", run->recipe.folds,
                        run->recipe.members);
    }
    warn_of_val(&m);
    ink_status status = INK_OK;
    m.members.n = m.folds ? run->recipe.folds : run->recipe.members;
    if (run->options->resume != NULL) status = ink_members_take(&run->resumed.file, INK_MEMBERS_NAME, &m.members, err);
    run->result->nets = m.members.n;
    if (status == INK_OK) status = find_teachers(&m);
    if (status == INK_OK && run->options->resume == NULL) status = try_first(&m);
    if (status == INK_OK && run->options->resume != NULL) {
        run->result->train_rows = m.members.member[0].train_rows;
        run->result->val_rows = m.members.member[0].val_rows;
    }
    if (status == INK_OK) status = open_log(&m);
    if (status == INK_OK) {
        status = train_all(&m);
        if (status == INK_OK) status = finish(&m);
        if (status == INK_OK) status = note_together(&m);
        status = end_log(&m, status);
        if (status == INK_OK) status = judge_until(&m);
    }
    ink_runlog_free(run->log);
    run->log = NULL;
    return status;
}
