/* report/runlog.c: makes, locks, opens and closes run folders.
 * What is written into them stands in runlog_write.c, what is read from them in runlog_read.c. */
#define _DEFAULT_SOURCE
#include "report/runlog.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"
#include "files/write.h"
#include "report/runfolder.h"

#define NAMES_TRIED 1000

/* Everything that a run writes: what --force may remove. The list of nets first: without it the rest of a run of
 * several means nothing. */
static const char *const own_file[] = {
    "members.ink",
    "members.txt",
    "args.conf",
    "env.json",
    "status.json",
    "metrics.csv",
    "metrics.jsonl",
    "train.log",
    "split.csv",
    "learned.ink",
    "accuracy.svg",
    "accuracy.png",
    "loss.svg",
    "loss.png",
    "curves.svg",
    "curves.png",
    "confusion.csv",
    "confusion.svg",
    "confusion.png",
    "report.txt",
    "report.json",
    "report.html",
    "worst.csv",
    "worst.svg",
    "worst.png",
    "suspects.csv",
    "suspects.svg",
    "suspects.png",
    "predictions.csv",
    "reliability.svg",
    "reliability.png",
    "submission.csv",
    "checkpoint.ink",
    "checkpoint.ink.1",
    "weights/best.safetensors",
    "weights/last.safetensors",
};

/* Every folder on the way to path, path too. */
static ink_status make_folders(const char *path, ink_error *err) {
    char part[INK_RUN_PATH_SIZE];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) return ink_fail(err, INK_E_FILE, "\"%s\" cannot be a folder", path);
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        part[i] = '\0';
        ink_status status = ink_folder_make(part, err);
        if (status != INK_OK) return status;
        part[i] = i < length ? '/' : '\0';
    }
    return INK_OK;
}

/* Holds the folder nothing but a lock? */
static bool is_empty(const char *folder) {
    DIR *dir = opendir(folder);
    bool empty = true;
    if (dir == NULL) return false;
    for (struct dirent *entry = readdir(dir); entry != NULL && empty; entry = readdir(dir)) {
        empty =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, ".lock") == 0;
    }
    closedir(dir);
    return empty;
}

static ink_status fail_in_use(int lock, const char *folder, ink_error *err) {
    char pid[24] = "";
    ssize_t got = pread(lock, pid, sizeof pid - 1, 0);
    pid[got > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    if (pid[0] != '\0') return ink_fail(err, INK_E_USAGE, "%s is already in use by pid %s", folder, pid);
    return ink_fail(err, INK_E_USAGE, "%s is already in use by another process", folder);
}

/* One writer per folder. The lock ends with the process, however it ends; the file stays, and means nothing alone. */
static ink_status lock_folder(ink_runlog *log, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], pid[24];
    ink_status status = ink_folder_path(log->path, ".lock", path, sizeof path, err);
    if (status != INK_OK) return status;
    log->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (log->lock < 0) return ink_fail_errno(err, "open", path);
    /* A file system without locks is no reason not to train on it. */
    if (flock(log->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        status = fail_in_use(log->lock, log->path, err);
        close(log->lock);
        log->lock = -1;
        return status;
    }
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(log->lock, 0) != 0 || pwrite(log->lock, pid, (size_t)length, 0) != length) {
        return ink_fail_errno(err, "write", path);
    }
    return INK_OK;
}

static ink_status remove_own(const char *folder, ink_error *err) {
    for (size_t i = 0; i < sizeof own_file / sizeof own_file[0]; i++) {
        char path[INK_RUN_PATH_SIZE];
        ink_status status = ink_folder_path(folder, own_file[i], path, sizeof path, err);
        if (status != INK_OK) return status;
        if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR) return ink_fail_errno(err, "remove", path);
    }
    return INK_OK;
}

/* The nets of a run of several, members/01 and on: their files, and the folders where nothing else is in them. */
static ink_status remove_nets(const char *folder, ink_error *err) {
    static const char *const left[] = {"weights", ".lock"};
    char members[INK_RUN_PATH_SIZE], net[INK_RUN_PATH_SIZE], path[INK_RUN_PATH_SIZE];
    ink_status status = ink_folder_path(folder, "members", members, sizeof members, err);
    if (status != INK_OK) return status;
    DIR *dir = opendir(members);
    if (dir == NULL) return errno == ENOENT || errno == ENOTDIR ? INK_OK : ink_fail_errno(err, "open", members);
    for (struct dirent *entry = readdir(dir); entry != NULL && status == INK_OK; entry = readdir(dir)) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")] != '\0') continue;
        status = ink_folder_path(members, entry->d_name, net, sizeof net, err);
        if (status != INK_OK || !ink_run_is(net)) continue;
        status = remove_own(net, err);
        for (size_t i = 0; i < 2 && status == INK_OK; i++) {
            status = ink_folder_path(net, left[i], path, sizeof path, err);
            if (status == INK_OK) (void)remove(path);
        }
        if (status == INK_OK) (void)rmdir(net);
    }
    closedir(dir);
    (void)rmdir(members);
    return status;
}

/* The folder of options->out, made and locked. */
static ink_status take_named(ink_runlog *log, const ink_runlog_options *options, ink_error *err) {
    ink_status status = make_folders(options->out, err);
    if (status != INK_OK) return status;
    if (realpath(options->out, log->path) == NULL) return ink_fail_errno(err, "find", options->out);
    bool run = ink_run_is(log->path);
    if (!run && !options->force && !is_empty(log->path)) {
        ink_fail(err, INK_E_USAGE, "%s holds other files, and no run", options->out);
        ink_hint(err, "name a new folder, or add --force to write among them");
        return INK_E_USAGE;
    }
    status = lock_folder(log, err);
    if (status != INK_OK) return status;
    if (!run) return INK_OK;
    if (!options->force) {
        ink_fail(err, INK_E_USAGE, "%s holds a run already", options->out);
        ink_hint(err, "--resume %s continues it, --force replaces it", options->out);
        return INK_E_USAGE;
    }
    status = remove_own(log->path, err);
    return status == INK_OK ? remove_nets(log->path, err) : status;
}

/* A new folder <runs>/<date>-<recipe>, with a number when another run began in the same second. */
static ink_status take_default(ink_runlog *log, const char *runs, ink_error *err) {
    char date[32], parent[INK_RUN_PATH_SIZE], name[128];
    ink_status status = make_folders(runs, err);
    if (status != INK_OK) {
        ink_hint(err, "--out DIR puts the run elsewhere");
        return status;
    }
    if (realpath(runs, parent) == NULL) return ink_fail_errno(err, "find", runs);
    ink_clock_name(date, sizeof date);
    for (int number = 1; number <= NAMES_TRIED; number++) {
        if (number == 1) {
            snprintf(name, sizeof name, "%s-%s", date, log->recipe);
        } else {
            snprintf(name, sizeof name, "%s-%s-%d", date, log->recipe, number);
        }
        status = ink_folder_path(parent, name, log->path, sizeof log->path, err);
        if (status != INK_OK) return status;
        if (mkdir(log->path, 0777) == 0) {
            log->indexed = true;
            return lock_folder(log, err);
        }
        if (errno != EEXIST) return ink_fail_errno(err, "make the folder", log->path);
    }
    return ink_fail(err, INK_E_FILE, "no free name like %s/%s-%s", runs, date, log->recipe);
}

/* <runs>/latest -> the run, changed at once. A file system without symbolic links goes without. */
static ink_status point_latest(const ink_runlog *log, ink_error *err) {
    char parent[INK_RUN_PATH_SIZE], link[INK_RUN_PATH_SIZE], made[INK_RUN_PATH_SIZE], name[64];
    const char *slash = strrchr(log->path, '/');
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - log->path), log->path);
    snprintf(name, sizeof name, ".latest.%ld", (long)getpid());
    ink_status status = ink_folder_path(parent, "latest", link, sizeof link, err);
    if (status == INK_OK) status = ink_folder_path(parent, name, made, sizeof made, err);
    if (status != INK_OK) return status;
    unlink(made);
    if (symlink(slash + 1, made) != 0) {
        bool without = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
        return without ? INK_OK : ink_fail_errno(err, "create link", made);
    }
    if (rename(made, link) != 0) {
        int saved = errno;
        unlink(made);
        errno = saved;
        /* A folder of that name is somebody's own: it stays. */
        return errno == EISDIR || errno == EEXIST || errno == ENOTEMPTY ? INK_OK : ink_fail_errno(err, "create", link);
    }
    return INK_OK;
}

static ink_status open_growing(const ink_runlog *log, const char *name, ink_growing *file, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    struct stat what;
    ink_status status = ink_folder_path(log->path, name, path, sizeof path, err);
    if (status != INK_OK) return status;
    snprintf(file->name, sizeof file->name, "%s", name);
    file->descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file->descriptor < 0 || fstat(file->descriptor, &what) != 0) return ink_fail_errno(err, "open", path);
    file->size = (uint64_t)what.st_size;
    return INK_OK;
}

static ink_status open_files(ink_runlog *log, ink_error *err) {
    char weights[INK_RUN_PATH_SIZE];
    ink_status status = ink_folder_path(log->path, "weights", weights, sizeof weights, err);
    if (status == INK_OK) status = ink_folder_make(weights, err);
    if (status == INK_OK) status = open_growing(log, "metrics.csv", &log->metrics, err);
    if (status == INK_OK) status = open_growing(log, "metrics.jsonl", &log->events, err);
    if (status == INK_OK) status = open_growing(log, "train.log", &log->lines, err);
    if (status == INK_OK && log->metrics.size == 0) {
        ink_text header = {0};
        ink_text_add(&header, INK_METRICS_HEADER "\n");
        status = ink_growing_add(log, &log->metrics, &header, err);
    }
    return status;
}

static ink_runlog *new_log(const char *recipe) {
    ink_runlog *log = ink_mem_new(1, sizeof *log);
    if (log == NULL) return NULL;
    log->lock = log->metrics.descriptor = log->events.descriptor = log->lines.descriptor = -1;
    log->last_beat_s = log->last_draw_s = -1;
    ink_clock_stamp(log->started, sizeof log->started);
    /* The recipe may be named as a path: its last part without the ending. */
    const char *slash = strrchr(recipe, '/');
    snprintf(log->recipe, sizeof log->recipe, "%s", slash != NULL ? slash + 1 : recipe);
    char *dot = strrchr(log->recipe, '.');
    if (dot != NULL && dot != log->recipe) *dot = '\0';
    for (char *c = log->recipe; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL) *c = '_';
    }
    if (log->recipe[0] == '\0') snprintf(log->recipe, sizeof log->recipe, "run");
    return log;
}

ink_status ink_runlog_create(const ink_runlog_options *options, ink_runlog **out, ink_error *err) {
    *out = NULL;
    ink_runlog *log = new_log(options->recipe != NULL ? options->recipe : "run");
    if (log == NULL) return ink_fail_memory(err, sizeof *log, "the run log");
    ink_status status = options->out != NULL ? take_named(log, options, err)
                                             : take_default(log, options->runs != NULL ? options->runs : "runs", err);
    if (status == INK_OK) status = open_files(log, err);
    if (status == INK_OK) status = ink_run_write_status(log, INK_RUN_RUNNING, NULL, err);
    if (status == INK_OK && log->indexed) status = point_latest(log, err);
    if (status == INK_OK) {
        *out = log;
    } else {
        ink_runlog_free(log);
    }
    return status;
}

/* ---- going on with a run ---- */

/* Drops the rows of epochs after `epochs`, and a torn last one. */
static ink_status cut_metrics(ink_runlog *log, uint32_t epochs, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *text = NULL;
    size_t size = 0, length = 0;
    ink_status status = ink_folder_path(log->path, "metrics.csv", path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &text, &size, err);
    if (status == INK_OK && text != NULL) {
        status = ink_run_parse(path, text, epochs, &log->epochs, &log->n_epochs, &length, err);
        log->capacity = log->n_epochs;
        if (status == INK_OK && length < size) status = ink_file_write_all(path, text, length, err);
    }
    ink_mem_free(text);
    return status;
}

/* Drops events of later steps, and a torn last one. A line that is no event is kept: it is not ours to judge. */
static ink_status cut_events(const ink_runlog *log, uint64_t step, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *text = NULL;
    size_t size = 0;
    ink_text kept = {0};
    ink_status status = ink_folder_path(log->path, "metrics.jsonl", path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &text, &size, err);
    if (status != INK_OK || text == NULL) return status;
    for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_t *event = json_loadb(line, (size_t)(end - line), 0, NULL);
        json_int_t at = json_integer_value(json_object_get(event, "step"));
        json_decref(event);
        if (at < 0 || (uint64_t)at <= step) ink_text_bytes(&kept, line, (size_t)(end - line) + 1);
    }
    if (kept.length < size || kept.failed) {
        status = ink_text_write(&kept, path, err);
    } else {
        ink_text_clear(&kept);
    }
    ink_mem_free(text);
    return status;
}

/* Recipe and start of the run, from its status.json; what is not there stays as new_log made it. */
static ink_status recall(ink_runlog *log, ink_error *err) {
    char path[INK_RUN_PATH_SIZE], *text = NULL;
    size_t size = 0;
    ink_status status = ink_folder_path(log->path, "status.json", path, sizeof path, err);
    if (status == INK_OK) status = ink_run_read(path, &text, &size, err);
    if (status != INK_OK || text == NULL) return status;
    json_t *root = json_loadb(text, size, 0, NULL);
    const char *recipe = json_string_value(json_object_get(root, "recipe"));
    const char *started = json_string_value(json_object_get(root, "started"));
    if (recipe != NULL) snprintf(log->recipe, sizeof log->recipe, "%s", recipe);
    if (started != NULL) snprintf(log->started, sizeof log->started, "%s", started);
    json_decref(root);
    ink_mem_free(text);
    return INK_OK;
}

/* Is this a name that take_default gives? */
static bool is_default_name(const char *name, const char *recipe) {
    static const char date[] = "dddd-dd-dd_dddddd-";
    for (const char *d = date; *d != '\0'; d++, name++) {
        if (*d == 'd' ? !isdigit((unsigned char)*name) : *name != *d) return false;
    }
    size_t length = strlen(recipe);
    if (strncmp(name, recipe, length) != 0) return false;
    name += length;
    return *name == '\0' || (*name == '-' && name[1 + strspn(name + 1, "0123456789")] == '\0');
}

/* Was the folder named by default, and is it still among such? Then its parent holds our link or our table. */
static bool has_index(const ink_runlog *log) {
    char path[INK_RUN_PATH_SIZE];
    struct stat what;
    if (!is_default_name(strrchr(log->path, '/') + 1, log->recipe)) return false;
    int parent = (int)(strrchr(log->path, '/') - log->path);
    snprintf(path, sizeof path, "%.*s/index.csv", parent, log->path);
    if (lstat(path, &what) == 0) return true;
    snprintf(path, sizeof path, "%.*s/latest", parent, log->path);
    return lstat(path, &what) == 0 && S_ISLNK(what.st_mode);
}

ink_status ink_run_check_free(const char *run, ink_error *err) {
    char path[INK_RUN_PATH_SIZE];
    ink_status status = ink_folder_path(run, ".lock", path, sizeof path, err);
    if (status != INK_OK) return status;
    int lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0) return INK_OK;
    if (flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) status = fail_in_use(lock, run, err);
    close(lock);
    return status;
}

ink_status ink_runlog_resume(const char *run, uint32_t epochs, uint64_t step, ink_runlog **out, ink_error *err) {
    *out = NULL;
    if (!ink_run_is(run)) {
        ink_fail(err, INK_E_USAGE, "%s holds no run", run);
        ink_hint(err, "--resume wants the folder that training wrote, such as runs/latest");
        return INK_E_USAGE;
    }
    ink_runlog *log = new_log("run");
    if (log == NULL) return ink_fail_memory(err, sizeof *log, "the run log");
    ink_status status = INK_OK;
    log->step = step;
    if (realpath(run, log->path) == NULL) status = ink_fail_errno(err, "find", run);
    if (status == INK_OK) status = lock_folder(log, err);
    if (status == INK_OK) status = recall(log, err);
    if (status == INK_OK) status = cut_metrics(log, epochs, err);
    if (status == INK_OK) status = cut_events(log, step, err);
    if (status == INK_OK) status = open_files(log, err);
    if (status == INK_OK) log->indexed = has_index(log);
    if (status == INK_OK) status = ink_run_write_status(log, INK_RUN_RUNNING, NULL, err);
    if (status == INK_OK) status = ink_runlog_event(log, "resume", epochs, step, NULL, err);
    if (status == INK_OK) {
        *out = log;
    } else {
        ink_runlog_free(log);
    }
    return status;
}

const char *ink_runlog_path(const ink_runlog *log) {
    return log->path;
}

ink_status ink_runlog_file(const ink_runlog *log, const char *name, char *path, size_t size, ink_error *err) {
    return ink_folder_path(log->path, name, path, size, err);
}

const ink_epoch *ink_runlog_epochs(const ink_runlog *log, uint32_t *n) {
    *n = log->n_epochs;
    return log->epochs;
}

void ink_runlog_free(ink_runlog *log) {
    if (log == NULL) return;
    if (log->metrics.descriptor >= 0) close(log->metrics.descriptor);
    if (log->events.descriptor >= 0) close(log->events.descriptor);
    if (log->lines.descriptor >= 0) close(log->lines.descriptor);
    if (log->lock >= 0) close(log->lock); /* which ends the lock */
    ink_mem_free(log->epochs);
    ink_mem_free(log);
}
