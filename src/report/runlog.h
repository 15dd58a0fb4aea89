/* report/runlog.h: the run folder: everything that a training run leaves behind as text, and who may write there.
 *
 *   args.conf      the settings as run: a recipe, to be used again       env.json     program, machine, data
 *   status.json    running|done|interrupted|diverged|failed              split.csv    which images were held out
 *   metrics.csv    one row an epoch     metrics.jsonl  events            train.log    lines for people
 *   accuracy.svg .png   loss.svg .png   curves.svg .png (both in one)    weights/     learned.ink (the caller's)
 *
 *   ink_runlog *log = NULL;
 *   st = ink_runlog_create(&(ink_runlog_options){.recipe = "v3"}, &log, &err);       // runs/2026-01-31_142233-v3
 *   st = ink_runlog_settings(log, recipe_text, &err);
 *   ...  st = ink_runlog_epoch(log, &epoch, &err);          // after every epoch: row, event, status; on disk
 *        st = ink_runlog_refresh(log, &err);                // the charts anew, when it is worth the time
 *   st = ink_runlog_draw(log, &err);                        // the charts at last
 *   st = ink_runlog_end(log, INK_RUN_DONE, weights_sha256, NULL, &err);
 *   ink_runlog_free(log);
 *
 * While a log is open its folder is locked (flock): a second process gets INK_E_USAGE "already in use by pid N".
 * Whole files are written under another name, synced, renamed; metrics and log are appended, synced after every epoch.
 * Numbers are in the C locale, %.9g, lines end in LF. All functions: INK_E_FILE with the path when the disk refuses.
 * Not thread-safe. */
#ifndef INK_REPORT_RUNLOG_H
#define INK_REPORT_RUNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"
#include "report/epoch.h"

typedef struct ink_runlog ink_runlog;

typedef enum ink_run_state {
    INK_RUN_RUNNING,
    INK_RUN_DONE,
    INK_RUN_INTERRUPTED, /* --resume continues it */
    INK_RUN_DIVERGED,
    INK_RUN_FAILED
} ink_run_state;

/* "running" ...: static. */
const char *ink_run_state_word(ink_run_state state);

typedef struct ink_runlog_options {
    const char *out;    /* folder, parents are made; NULL: runs/<date>-<recipe>, with -2, -3 ... when that is taken */
    const char *runs;   /* where default names go; NULL = "runs" */
    const char *recipe; /* for the default name and the index; letters, digits, . _ - are kept; NULL = "run" */
    bool force;         /* an existing run in `out` is replaced: inkling's own files go, others stay */
} ink_runlog_options;

/* Makes and locks the folder. Under a default name also runs/latest -> it.
 * Errors   INK_E_USAGE `out` holds a run (and not force), is in use, or holds other files; INK_E_FILE; INK_E_MEMORY */
INK_MUST_USE ink_status ink_runlog_create(const ink_runlog_options *options, ink_runlog **out, ink_error *err);

/* Opens an existing run to go on with it: what was written after the checkpoint (rows of later epochs, events of later
 * steps, a torn last line) is cut, so that nothing stands twice.
 * epochs: finished when the checkpoint was written; step: its step.
 * Errors   INK_E_USAGE no run there, in use; INK_E_DATA a metrics.csv that is none; INK_E_FILE; INK_E_MEMORY */
INK_MUST_USE ink_status ink_runlog_resume(const char *run, uint32_t epochs, uint64_t step, ink_runlog **out,
                                          ink_error *err);

/* Absolute; borrowed until free. */
const char *ink_runlog_path(const ink_runlog *log);
/* The path of a file in it ("weights/best.safetensors"); INK_E_USAGE when it does not fit. weights/ exists. */
INK_MUST_USE ink_status ink_runlog_file(const ink_runlog *log, const char *name, char *path, size_t size,
                                        ink_error *err);
/* Epochs so far, those before a resume too; borrowed until the next ink_runlog_epoch. */
const ink_epoch *ink_runlog_epochs(const ink_runlog *log, uint32_t *n);

/* args.conf: text is written as it is. */
INK_MUST_USE ink_status ink_runlog_settings(ink_runlog *log, const char *text, ink_error *err);

/* What env.json holds beside what it finds out itself (version, compiler, system, processor, memory, pid, start). Text
 * NULL: null. */
typedef struct ink_run_env {
    const char *const *argv; /* NULL-terminated, or NULL */
    const char *device, *precision, *isa;
    uint32_t threads, workers;
    uint64_t seed;
    const char *data;                               /* as named on the command line */
    const char *data_sha256;                        /* of pixels and labels */
    const char *weights, *freeze, *teachers, *more; /* of train; the last two a line each */
    uint32_t train_rows, val_rows, test_rows;
} ink_run_env;

INK_MUST_USE ink_status ink_runlog_env(ink_runlog *log, const ink_run_env *env, ink_error *err);

/* split.csv: header `index`, then the number from 0 of every held-out image, as data/split.h says. held_out[n]. */
INK_MUST_USE ink_status ink_runlog_split(ink_runlog *log, const uint8_t *held_out, uint32_t n, ink_error *err);

/* One epoch: a row of metrics.csv, an event of metrics.jsonl, status.json; synced before it returns.
 * epochs_planned: for status.json, 0 = unknown. */
INK_MUST_USE ink_status ink_runlog_epoch(ink_runlog *log, const ink_epoch *epoch, uint32_t epochs_planned,
                                         ink_error *err);

/* status.json with a fresh heartbeat; does nothing when the last is younger than 10 s. */
INK_MUST_USE ink_status ink_runlog_beat(ink_runlog *log, uint64_t step, ink_error *err);

/* Of a run of several nets: how many are done, for status.json; `step` there is the present net's. Written at once. */
INK_MUST_USE ink_status ink_runlog_nets(ink_runlog *log, uint32_t done, uint32_t nets, ink_error *err);

/* Of a run of several nets, before its end: what they are worth together, as one epoch for status.json and the index.
 * It is no row of metrics.csv and no event. epochs_planned: of each net. Errors: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_runlog_together(ink_runlog *log, const ink_epoch *epoch, uint32_t epochs_planned,
                                            ink_error *err);

/* An event of metrics.jsonl: {"ts":...,"event":name,"epoch":...,"step":...,"message":...}; message NULL: left out.
 * Names in use: run_start, resume, checkpoint, warning, run_end (epoch comes from ink_runlog_epoch). */
INK_MUST_USE ink_status ink_runlog_event(ink_runlog *log, const char *name, uint32_t epoch, uint64_t step,
                                         const char *message, ink_error *err);

/* A line of train.log: "2026-01-31T14:22:33.120Z INFO  train  <text>"; control characters are escaped. level: "INFO",
 * "WARN", "ERROR". Not synced until the next epoch. */
INK_MUST_USE ink_status ink_runlog_line(ink_runlog *log, const char *level, const char *text, ink_error *err);

/* accuracy, loss and curves, .svg and .png, from the epochs so far. */
INK_MUST_USE ink_status ink_runlog_draw(ink_runlog *log, ink_error *err);
/* The same while training goes on: does nothing when drawing now would take more than a twentieth of the time. */
INK_MUST_USE ink_status ink_runlog_refresh(ink_runlog *log, ink_error *err);

/* The last word: run_end, status.json, and under a default name the row of this run in runs/index.csv
 * (an index.csv that is not ours stays as it is).
 * weights_sha256, message: may be NULL. The folder stays locked until free. */
INK_MUST_USE ink_status ink_runlog_end(ink_runlog *log, ink_run_state state, const char *weights_sha256,
                                       const char *message, ink_error *err);

/* Closes and unlocks. A run without an end stays "running" in status.json with its last heartbeat. NULL is fine. */
void ink_runlog_free(ink_runlog *log);

/* ---- reading a run ---- */

/* Is there a run in this folder? (args.conf, status.json or metrics.csv) */
bool ink_run_is(const char *folder);

/* Does no process write into this folder now? Before its files are read, which may not be there yet; who means to write
 * locks it all the same. Errors: INK_E_USAGE "already in use by pid N". */
INK_MUST_USE ink_status ink_run_check_free(const char *run, ink_error *err);

/* metrics.csv of a run. *epochs is the caller's (ink_mem_free), NULL when n is 0. Columns that a later version may add
 * at the end are skipped. Epochs ascend.
 * Errors   INK_E_FILE cannot be read; INK_E_DATA with line and column; INK_E_MEMORY */
INK_MUST_USE ink_status ink_run_epochs(const char *run, ink_epoch **epochs, uint32_t *n, ink_error *err);

/* What a JSON file of the run folder (env.json, status.json, report.json) says under a key, as text, cut to size; a
 * list with commas; "" when the file is not there or does not say.
 * Errors   INK_E_FILE, INK_E_MEMORY */
INK_MUST_USE ink_status ink_run_says(const char *run, const char *file, const char *key, char *value, size_t size,
                                     ink_error *err);

/* SHA-256 of the images that a run was cut from (data/dataset.h), as its env.json has it; "" when that does not say.
 * Errors   INK_E_FILE, INK_E_MEMORY */
INK_MUST_USE ink_status ink_run_data(const char *run, char sha256[65], ink_error *err);

/* split.csv of a run: held_out[n] is set to 0 or 1.
 * Errors   INK_E_FILE; INK_E_DATA with the line: not a number, not below n (another data set) */
INK_MUST_USE ink_status ink_run_split(const char *run, uint8_t *held_out, uint32_t n, ink_error *err);

#endif
