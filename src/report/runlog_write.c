/* report/runlog_write.c: the files of a run folder, written.
 * Opening and locking stand in runlog.c; weights, checkpoint and submission are written by their rooms. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/pool.h"
#include "core/status.h"
#include "data/split.h"
#include "files/folder.h"
#include "report/chart.h"
#include "report/json.h"
#include "report/machine.h"
#include "report/runfolder.h"

#define BEAT_S     10.0
#define DRAW_EVERY 20.0 /* times as long as drawing takes */

const char *ink_run_state_word(ink_run_state state) {
    switch (state) {
    case INK_RUN_RUNNING: return "running";
    case INK_RUN_DONE: return "done";
    case INK_RUN_INTERRUPTED: return "interrupted";
    case INK_RUN_DIVERGED: return "diverged";
    case INK_RUN_FAILED: return "failed";
    }
    return "unknown";
}

/* ---- files that grow ---- */

ink_status ink_growing_add(const ink_runlog *log, ink_growing *file, ink_text *text, ink_error *err) {
    size_t done = 0;
    ink_status status = ink_text_check(text, file->name, err);
    while (status == INK_OK && done < text->length) {
        ssize_t wrote = write(file->descriptor, text->bytes + done, text->length - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            char path[INK_RUN_PATH_SIZE + 64];
            snprintf(path, sizeof path, "%s/%s", log->path, file->name);
            status = ink_fail_errno(err, "write", path);
            /* Half a line would be read as a whole one. If this fails too, a resume cuts it. */
            if (ftruncate(file->descriptor, (off_t)file->size) != 0) break;
        } else {
            done += (size_t)wrote;
        }
    }
    if (status == INK_OK) file->size += text->length;
    ink_text_clear(text);
    return status;
}

ink_status ink_growing_sync(const ink_runlog *log, const ink_growing *file, ink_error *err) {
    char path[INK_RUN_PATH_SIZE + 64];
    if (fsync(file->descriptor) == 0 || errno == EINVAL || errno == ENOTSUP) return INK_OK;
    snprintf(path, sizeof path, "%s/%s", log->path, file->name);
    return ink_fail_errno(err, "sync", path);
}

/* ---- JSON ---- */

static void set_text(json_t *root, const char *key, const char *text) {
    json_object_set_new(root, key, ink_json_text(text));
}

static void set_count(json_t *root, const char *key, uint64_t count) {
    json_object_set_new(root, key, json_integer((json_int_t)count));
}

static void set_real(json_t *root, const char *key, double value) {
    json_object_set_new(root, key, ink_json_real(value));
}

/* The object as text with \n, indented or on one line; the object is freed. */
static ink_status render(json_t *root, bool lines, ink_text *text, ink_error *err) {
    char *json = json_dumps(root, (lines ? JSON_INDENT(2) : JSON_COMPACT) | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (json == NULL) return ink_fail(err, INK_E_MEMORY, "out of memory (for JSON)");
    ink_text_add(text, json);
    ink_text_add(text, "\n");
    free(json);
    return ink_text_check(text, "JSON", err);
}

static ink_status write_json(const ink_runlog *log, const char *name, json_t *root, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    ink_text text = {0};
    ink_status status = render(root, true, &text, err);
    if (status == INK_OK) status = ink_folder_path(log->path, name, path, sizeof path, err);
    if (status == INK_OK) return ink_text_write(&text, path, err);
    ink_text_clear(&text);
    return status;
}

static json_t *best_object(const ink_runlog *log) {
    uint32_t best = ink_chart_best(log->epochs, log->n_epochs);
    if (best == INK_CHART_NO_BEST) return json_null();
    const ink_epoch *e = &log->epochs[best];
    json_t *root = json_object();
    set_count(root, "epoch", e->epoch);
    set_real(root, "val_acc", e->val_acc);
    set_real(root, "val_loss", e->val_loss);
    json_object_set_new(root, "val_errors", e->val_errors >= 0 ? json_integer(e->val_errors) : json_null());
    return root;
}

ink_status ink_run_write_status(ink_runlog *log, ink_run_state state, const char *message, ink_error *err) {
    char now[32];
    json_t *root = json_object();
    ink_clock_stamp(now, sizeof now);
    set_text(root, "state", ink_run_state_word(state));
    set_text(root, "recipe", log->recipe);
    set_count(root, "epoch", log->n_epochs > 0 ? log->epochs[log->n_epochs - 1].epoch : 0);
    json_object_set_new(root, "epochs", log->planned > 0 ? json_integer(log->planned) : json_null());
    set_count(root, "step", log->step);
    if (log->nets > 0) {
        set_count(root, "nets", log->nets);
        set_count(root, "nets_done", log->nets_done);
    }
    json_object_set_new(root, "best", best_object(log));
    set_count(root, "pid", (uint64_t)getpid());
    set_text(root, "started", log->started);
    set_text(root, "heartbeat", now);
    if (message != NULL) set_text(root, "message", message);
    log->last_beat_s = ink_clock_s();
    return write_json(log, "status.json", root, err);
}

ink_status ink_runlog_beat(ink_runlog *log, uint64_t step, ink_error *err) {
    log->step = step;
    if (log->last_beat_s >= 0 && ink_clock_s() - log->last_beat_s < BEAT_S) return INK_OK;
    return ink_run_write_status(log, INK_RUN_RUNNING, NULL, err);
}

ink_status ink_runlog_nets(ink_runlog *log, uint32_t done, uint32_t nets, ink_error *err) {
    log->nets = nets;
    log->nets_done = done;
    return ink_run_write_status(log, INK_RUN_RUNNING, NULL, err);
}

/* ---- what is written once ---- */

ink_status ink_runlog_settings(ink_runlog *log, const char *text, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    ink_text copy = {0};
    ink_status status = ink_folder_path(log->path, "args.conf", path, sizeof path, err);
    if (status != INK_OK) return status;
    ink_text_add(&copy, text);
    return ink_text_write(&copy, path, err);
}

static json_t *words_array(const char *const *words) {
    if (words == NULL) return json_null();
    json_t *array = json_array();
    for (; *words != NULL; words++) json_array_append_new(array, ink_json_text(*words));
    return array;
}

/* NULL: null. */
static json_t *lines_array(const char *lines) {
    if (lines == NULL) return json_null();
    json_t *array = json_array();
    while (*lines != '\0') {
        char line[INK_RUN_PATH_SIZE];
        size_t length = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        json_array_append_new(array, ink_json_text(line));
        lines += length + (lines[length] == '\n');
    }
    return array;
}

ink_status ink_runlog_env(ink_runlog *log, const ink_run_env *env, ink_error *err) {
    struct utsname machine = {0};
    char processor[256], system[160], folder[INK_RUN_PATH_SIZE];
    json_t *root = json_object();
    uname(&machine);
    ink_processor_name(processor, sizeof processor, machine.machine);
    snprintf(system, sizeof system, "%.60s %.60s", machine.sysname, machine.release);
    double memory_mb = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 1e6;
    set_text(root, "program", "inkling");
    set_text(root, "version", ink_version());
    set_text(root, "compiler", ink_compiler());
    set_text(root, "started", log->started);
    set_count(root, "pid", (uint64_t)getpid());
    json_object_set_new(root, "argv", words_array(env->argv));
    set_text(root, "folder", getcwd(folder, sizeof folder));
    set_text(root, "host", machine.nodename);
    set_text(root, "system", system);
    set_text(root, "machine", machine.machine);
    set_text(root, "processor", processor);
    set_count(root, "processors", ink_pool_processors());
    set_count(root, "memory_mb", memory_mb > 0 ? (uint64_t)memory_mb : 0);
    set_text(root, "isa", env->isa);
    set_text(root, "device", env->device);
    set_text(root, "precision", env->precision);
    set_count(root, "threads", env->threads);
    set_count(root, "workers", env->workers);
    set_count(root, "seed", env->seed);
    set_text(root, "data", env->data);
    set_text(root, "data_sha256", env->data_sha256);
    json_object_set_new(root, "more", lines_array(env->more));
    set_text(root, "weights", env->weights);
    set_text(root, "freeze", env->freeze);
    json_object_set_new(root, "teachers", lines_array(env->teachers));
    set_count(root, "train_rows", env->train_rows);
    set_count(root, "val_rows", env->val_rows);
    set_count(root, "test_rows", env->test_rows);
    return write_json(log, "env.json", root, err);
}

ink_status ink_runlog_split(ink_runlog *log, const uint8_t *held_out, uint32_t n, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    ink_text text = {0};
    ink_status status = ink_folder_path(log->path, "split.csv", path, sizeof path, err);
    if (status != INK_OK) return status;
    ink_text_add(&text, "index\n");
    for (uint32_t i = 0; i < n; i++) {
        if (held_out[i] == INK_ROW_HELD_OUT) ink_text_format(&text, "%u\n", i);
    }
    return ink_text_write(&text, path, err);
}

/* ---- what is written again and again ---- */

ink_status ink_run_keep_epoch(ink_runlog *log, const ink_epoch *epoch, ink_error *err) {
    if (log->n_epochs == log->capacity) {
        uint32_t capacity = log->capacity > 0 ? log->capacity * 2 : 16;
        ink_epoch *grown = ink_mem_resize(log->epochs, capacity, sizeof *grown);
        if (grown == NULL) return ink_fail_memory(err, (uint64_t)capacity * sizeof *grown, "the run log");
        log->epochs = grown;
        log->capacity = capacity;
    }
    log->epochs[log->n_epochs++] = *epoch;
    return INK_OK;
}

/* A comma, and the number unless it was not measured. */
static void add_cell(ink_text *row, double value) {
    ink_text_add(row, ",");
    if (!isnan(value)) ink_text_number(row, value);
}

static void add_row(ink_text *row, const ink_epoch *e) {
    ink_text_format(row, "%u,%llu", e->epoch, (unsigned long long)e->step);
    add_cell(row, e->time_s);
    add_cell(row, e->lr);
    add_cell(row, e->train_loss);
    add_cell(row, e->train_acc);
    add_cell(row, e->val_loss);
    add_cell(row, e->val_acc);
    add_cell(row, e->val_errors >= 0 ? (double)e->val_errors : (double)NAN);
    ink_text_format(row, ",%d", e->best ? 1 : 0);
    add_cell(row, e->images_per_s);
    add_cell(row, e->peak_mem_mb);
    ink_text_add(row, "\n");
}

static json_t *event_object(const char *name, uint32_t epoch, uint64_t step) {
    char now[32];
    json_t *root = json_object();
    ink_clock_stamp(now, sizeof now);
    set_text(root, "ts", now);
    set_text(root, "event", name);
    set_count(root, "epoch", epoch);
    set_count(root, "step", step);
    return root;
}

static ink_status add_event(ink_runlog *log, json_t *root, ink_error *err) {
    ink_text line = {0};
    ink_status status = render(root, false, &line, err);
    if (status == INK_OK) return ink_growing_add(log, &log->events, &line, err);
    ink_text_clear(&line);
    return status;
}

ink_status ink_runlog_event(ink_runlog *log, const char *name, uint32_t epoch, uint64_t step, const char *message,
                            ink_error *err) {
    json_t *root = event_object(name, epoch, step);
    if (message != NULL) set_text(root, "message", message);
    return add_event(log, root, err);
}

static ink_status add_epoch_event(ink_runlog *log, const ink_epoch *e, ink_error *err) {
    json_t *root = event_object("epoch", e->epoch, e->step);
    set_real(root, "time_s", e->time_s);
    set_real(root, "lr", e->lr);
    set_real(root, "train_loss", e->train_loss);
    set_real(root, "train_acc", e->train_acc);
    set_real(root, "val_loss", e->val_loss);
    set_real(root, "val_acc", e->val_acc);
    json_object_set_new(root, "val_errors", e->val_errors >= 0 ? json_integer(e->val_errors) : json_null());
    json_object_set_new(root, "best", json_boolean(e->best));
    set_real(root, "images_per_s", e->images_per_s);
    set_real(root, "peak_mem_mb", e->peak_mem_mb);
    return add_event(log, root, err);
}

ink_status ink_runlog_epoch(ink_runlog *log, const ink_epoch *epoch, uint32_t epochs_planned, ink_error *err) {
    ink_text row = {0};
    log->planned = epochs_planned;
    log->step = epoch->step;
    add_row(&row, epoch);
    ink_status status = ink_growing_add(log, &log->metrics, &row, err);
    if (status == INK_OK) status = ink_growing_sync(log, &log->metrics, err);
    if (status == INK_OK) status = ink_run_keep_epoch(log, epoch, err);
    if (status == INK_OK) status = add_epoch_event(log, epoch, err);
    if (status == INK_OK) status = ink_growing_sync(log, &log->events, err);
    if (status == INK_OK) status = ink_growing_sync(log, &log->lines, err);
    if (status == INK_OK) status = ink_run_write_status(log, INK_RUN_RUNNING, NULL, err);
    return status;
}

ink_status ink_runlog_together(ink_runlog *log, const ink_epoch *epoch, uint32_t epochs_planned, ink_error *err) {
    log->planned = epochs_planned;
    log->step = epoch->step;
    return ink_run_keep_epoch(log, epoch, err);
}

ink_status ink_runlog_line(ink_runlog *log, const char *level, const char *text, ink_error *err) {
    char now[32], clean[1024];
    ink_text line = {0};
    ink_clock_stamp(now, sizeof now);
    ink_escape(clean, sizeof clean, text, strlen(text), sizeof clean);
    ink_text_format(&line, "%s %-5s train  %s\n", now, level, clean);
    return ink_growing_add(log, &log->lines, &line, err);
}

/* name.svg and name.png in the run folder; frees the picture. */
static ink_status save_both(const ink_runlog *log, const char *name, ink_picture *picture, ink_error *err) {
    static const char *const ending[] = {"svg", "png"};
    ink_status status = INK_OK;
    for (int i = 0; i < 2 && status == INK_OK; i++) {
        char file[64], path[INK_RUN_PATH_SIZE];
        snprintf(file, sizeof file, "%s.%s", name, ending[i]);
        status = ink_folder_path(log->path, file, path, sizeof path, err);
        if (status == INK_OK) status = ink_picture_save(picture, path, err);
    }
    ink_picture_free(picture);
    return status;
}

ink_status ink_runlog_draw(ink_runlog *log, ink_error *err) {
    ink_picture *picture = NULL;
    double start = ink_clock_s();
    ink_status status = ink_chart_accuracy(log->epochs, log->n_epochs, &picture, err);
    if (status == INK_OK) status = save_both(log, "accuracy", picture, err);
    if (status == INK_OK) status = ink_chart_loss(log->epochs, log->n_epochs, &picture, err);
    if (status == INK_OK) status = save_both(log, "loss", picture, err);
    if (status == INK_OK) status = ink_chart_run(log->epochs, log->n_epochs, NULL, &picture, err);
    if (status == INK_OK) status = save_both(log, "curves", picture, err);
    log->last_draw_s = ink_clock_s();
    log->draw_takes_s = log->last_draw_s - start;
    return status;
}

ink_status ink_runlog_refresh(ink_runlog *log, ink_error *err) {
    bool soon = log->last_draw_s >= 0 && ink_clock_s() - log->last_draw_s < DRAW_EVERY * log->draw_takes_s;
    return soon ? INK_OK : ink_runlog_draw(log, err);
}

/* ---- the end ---- */

static void add_index_row(const ink_runlog *log, ink_run_state state, const char *weights_sha256, ink_text *text) {
    char now[32];
    uint32_t best = ink_chart_best(log->epochs, log->n_epochs);
    const ink_epoch *last = log->n_epochs > 0 ? &log->epochs[log->n_epochs - 1] : NULL;
    ink_clock_stamp(now, sizeof now);
    ink_text_format(text, "%s,%s,%s,%s,%s,%u,", strrchr(log->path, '/') + 1, log->started, now, log->recipe,
                    ink_run_state_word(state), last != NULL ? last->epoch : 0);
    if (best != INK_CHART_NO_BEST) ink_text_format(text, "%u", log->epochs[best].epoch);
    add_cell(text, best != INK_CHART_NO_BEST ? log->epochs[best].val_acc : (double)NAN);
    add_cell(text, best != INK_CHART_NO_BEST && log->epochs[best].val_errors >= 0 ? (double)log->epochs[best].val_errors
                                                                                  : (double)NAN);
    add_cell(text, last != NULL ? last->val_acc : (double)NAN);
    add_cell(text, last != NULL ? last->val_loss : (double)NAN);
    add_cell(text, last != NULL ? last->time_s : (double)NAN);
    ink_text_format(text, ",%s\n", weights_sha256 != NULL ? weights_sha256 : "");
}

/* ../index.csv: the rows of all other runs as they stand, then this run's. One that begins otherwise than ours is
 * somebody's own: it stays as it is. */
static ink_status write_index(const ink_runlog *log, ink_run_state state, const char *weights_sha256, ink_error *err) {
    static const char header[] = "run,started,ended,recipe,state,epochs,best_epoch,best_val_acc,best_val_errors,"
                                 "last_val_acc,last_val_loss,seconds,weights_sha256\n";
    char parent[INK_RUN_PATH_SIZE], path[INK_RUN_PATH_SIZE], guard[INK_RUN_PATH_SIZE], *old = NULL;
    const char *name = strrchr(log->path, '/') + 1;
    size_t size = 0, length = strlen(name);
    ink_text text = {0};
    snprintf(parent, sizeof parent, "%.*s", (int)(name - log->path) - 1, log->path);
    ink_status status = ink_folder_path(parent, "index.csv", path, sizeof path, err);
    if (status == INK_OK) status = ink_folder_path(parent, ".lock", guard, sizeof guard, err);
    if (status != INK_OK) return status;
    /* Two runs that end together must not lose each other's row. */
    int lock = open(guard, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0) return ink_fail_errno(err, "open", guard);
    while (flock(lock, LOCK_EX) != 0 && errno == EINTR) continue;
    status = ink_run_read(path, &old, &size, err);
    ink_text_add(&text, header);
    for (const char *line = old, *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        bool own = strncmp(line, name, length) == 0 && line[length] == ',';
        if (!own && line != old) ink_text_bytes(&text, line, (size_t)(end - line) + 1);
    }
    add_index_row(log, state, weights_sha256, &text);
    bool ours = size == 0 || (size >= sizeof header - 1 && memcmp(old, header, sizeof header - 1) == 0);
    if (status == INK_OK && ours) {
        status = ink_text_write(&text, path, err);
    } else {
        ink_text_clear(&text);
    }
    ink_mem_free(old);
    close(lock);
    return status;
}

ink_status ink_runlog_end(ink_runlog *log, ink_run_state state, const char *weights_sha256, const char *message,
                          ink_error *err) {
    uint32_t epoch = log->n_epochs > 0 ? log->epochs[log->n_epochs - 1].epoch : 0;
    json_t *root = event_object("run_end", epoch, log->step);
    set_text(root, "state", ink_run_state_word(state));
    if (weights_sha256 != NULL) set_text(root, "weights_sha256", weights_sha256);
    if (message != NULL) set_text(root, "message", message);
    ink_status status = add_event(log, root, err);
    if (status == INK_OK) status = ink_growing_sync(log, &log->events, err);
    if (status == INK_OK) status = ink_growing_sync(log, &log->lines, err);
    if (status == INK_OK) status = ink_run_write_status(log, state, message, err);
    if (status == INK_OK && log->indexed) status = write_index(log, state, weights_sha256, err);
    return status;
}
