/* files/write.c: temporary file, fsync, rename.
 * It keeps no earlier versions (train/checkpoint does) and makes no folders. */
#define _GNU_SOURCE
#include "files/write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/folder.h"

#define BUFFER_BYTES ((size_t)64 * 1024)
#define TRIES_MAX    100
#define LINKS_MAX    40 /* as Linux has it */
#define STEM_MAX     200

struct ink_file {
    char *path;      /* what commit renames to, symbolic links resolved */
    char *temporary; /* NULL: written through */
    char *folder;
    int fd;
    size_t held;
    char buffer[BUFFER_BYTES];
};

static void release(ink_file *file) {
    if (file == NULL) return;
    if (file->fd >= 0) (void)close(file->fd);
    ink_mem_free(file->path);
    ink_mem_free(file->temporary);
    ink_mem_free(file->folder);
    ink_mem_free(file);
}

/* Folder of a path, in new memory: "a/b" -> "a", "b" -> ".", "/b" -> "/". */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = ink_mem_string(slash == NULL ? "." : path);
    if (folder != NULL && slash != NULL) folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The file that path stands for behind its symbolic links, there or not yet, in new memory; NULL: errno says why. */
static char *behind_links(const char *path) {
    char next[PATH_MAX], *at = ink_mem_string(path);
    for (int i = 0; at != NULL; i++) {
        ssize_t length = readlink(at, next, sizeof next);
        if (length < 0) return at; /* no link, or nothing there: what is wrong with it, making it will tell */
        const char *base = base_of(at);
        size_t before = next[0] == '/' ? 0 : (size_t)(base - at), size = before + (size_t)length + 1;
        bool fits = i < LINKS_MAX && (size_t)length < sizeof next;
        char *target = fits ? ink_mem_new(size, 1) : NULL;
        if (target != NULL) {
            memcpy(target, at, before);
            memcpy(target + before, next, (size_t)length);
        }
        ink_mem_free(at);
        at = target;
        errno = fits ? ENOMEM : ELOOP;
    }
    return at;
}

/* What the temporary names of a file begin with: its own name, unless that leaves no room for the rest. */
static const char *stem_of(const char *base) {
    return strlen(base) <= STEM_MAX ? base : "inkling";
}

/* Is name ".<stem>.<digits>-<digits>.tmp"? */
static bool is_temporary_of(const char *name, const char *stem) {
    size_t length = strlen(stem);
    if (name[0] != '.' || strncmp(name + 1, stem, length) != 0 || name[1 + length] != '.') return false;
    const char *p = name + length + 2;
    size_t first = strspn(p, "0123456789");
    if (first == 0 || p[first] != '-') return false;
    p += first + 1;
    size_t second = strspn(p, "0123456789");
    return second > 0 && strcmp(p + second, ".tmp") == 0;
}

/* Removes temporary files of stem whose writer is gone: a living writer holds their lock. Best effort. */
static void remove_stale(const char *folder, const char *stem) {
    DIR *dir = opendir(folder);
    if (dir == NULL) return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!is_temporary_of(entry->d_name, stem)) continue;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) (void)unlinkat(dirfd(dir), entry->d_name, 0);
        (void)close(fd);
    }
    (void)closedir(dir);
}

/* Makes and locks the temporary file. Between making and locking another process may take it for stale and remove it:
 * then it has no name any more, and we make another. */
static ink_status make_temporary(ink_file *file, mode_t mode, ink_error *err) {
    static atomic_uint counter;
    const char *stem = stem_of(base_of(file->path));
    size_t size = strlen(file->folder) + strlen(stem) + 64;
    file->temporary = ink_mem_new(size, 1);
    if (file->temporary == NULL) return ink_fail_memory(err, size, file->path);
    for (int i = 0; i < TRIES_MAX; i++) {
        struct stat info;
        snprintf(file->temporary, size, "%s/.%s.%ld-%u.tmp", file->folder, stem, (long)getpid(),
                 atomic_fetch_add(&counter, 1));
        file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file->fd < 0 && errno == EEXIST) continue;
        if (file->fd < 0) break;
        (void)flock(file->fd, LOCK_EX); /* a file system without locks: its temporary files are never stale */
        if (fstat(file->fd, &info) == 0 && info.st_nlink > 0) return INK_OK;
        (void)close(file->fd);
        file->fd = -1;
    }
    ink_status status = ink_fail_errno(err, "write", file->path);
    ink_mem_free(file->temporary); /* not ours: nothing to remove */
    file->temporary = NULL;
    return status;
}

/* Standard output or standard error, where this very file is behind it: a rename would take from under them what a
 * shell opened for >> all.csv. -1: neither. */
static int stream_of(const struct stat *target) {
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat info;
        if (fstat(fd, &info) != 0 || info.st_dev != target->st_dev || info.st_ino != target->st_ino) continue;
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return fd;
    }
    return -1;
}

static ink_status open_target(ink_file *file, const char *path, ink_error *err) {
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
        return ink_fail(err, INK_E_FILE, "cannot write %s: it is a folder", path);
    }
    int stream = exists && S_ISREG(info.st_mode) ? stream_of(&info) : -1;
    if (stream >= 0 || (exists && !S_ISREG(info.st_mode))) {
        file->path = ink_mem_string(path);
        if (file->path == NULL) return ink_fail_memory(err, strlen(path), path);
        file->fd = stream >= 0 ? fcntl(stream, F_DUPFD_CLOEXEC, 0) : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return file->fd >= 0 ? INK_OK : ink_fail_errno(err, "write", path);
    }
    file->path = behind_links(path);
    if (file->path == NULL) return ink_fail_errno(err, "write", path);
    file->folder = folder_of(file->path);
    if (file->folder == NULL) return ink_fail_memory(err, strlen(path), path);
    if (base_of(file->path)[0] == '\0') return ink_fail(err, INK_E_FILE, "cannot write \"%s\": no file name", path);
    remove_stale(file->folder, stem_of(base_of(file->path)));
    ink_status status = make_temporary(file, 0666, err);
    /* A replaced file keeps its permissions; where that is not allowed, ours are good enough. */
    if (status == INK_OK && exists && fchmod(file->fd, info.st_mode & 0777) != 0) errno = 0;
    return status;
}

ink_status ink_file_begin(const char *path, ink_file **out, ink_error *err) {
    *out = NULL;
    ink_file *file = ink_mem_new(1, sizeof *file);
    if (file == NULL) return ink_fail_memory(err, sizeof *file, path);
    file->fd = -1;
    ink_status status = open_target(file, path, err);
    if (status != INK_OK) {
        release(file);
        return status;
    }
    *out = file;
    return INK_OK;
}

static ink_status put(ink_file *file, const char *bytes, size_t size, ink_error *err) {
    while (size > 0) {
        ssize_t n = write(file->fd, bytes, size < (size_t)INT_MAX ? size : (size_t)INT_MAX);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ink_fail_errno(err, "write", file->path);
        bytes += n;
        size -= (size_t)n;
    }
    return INK_OK;
}

ink_status ink_file_flush(ink_file *file, ink_error *err) {
    size_t held = file->held;
    file->held = 0;
    return put(file, file->buffer, held, err);
}

ink_status ink_file_write(ink_file *file, const void *bytes, size_t size, ink_error *err) {
    if (size > BUFFER_BYTES - file->held) {
        ink_status status = ink_file_flush(file, err);
        if (status != INK_OK) return status;
        if (size > BUFFER_BYTES / 2) return put(file, bytes, size, err);
    }
    if (size > 0) memcpy(file->buffer + file->held, bytes, size);
    file->held += size;
    return INK_OK;
}

ink_status ink_file_print(ink_file *file, ink_error *err, const char *format, ...) {
    char small[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length < 0) return ink_fail(err, INK_E_INTERNAL, "cannot format a line for %s", file->path);
    if ((size_t)length < sizeof small) return ink_file_write(file, small, (size_t)length, err);
    char *large = ink_mem_new((size_t)length + 1, 1);
    if (large == NULL) return ink_fail_memory(err, (uint64_t)length, file->path);
    va_start(args, format);
    vsnprintf(large, (size_t)length + 1, format, args);
    va_end(args);
    ink_status status = ink_file_write(file, large, (size_t)length, err);
    ink_mem_free(large);
    return status;
}

const char *ink_file_temporary(const ink_file *file) {
    return file->temporary;
}

ink_status ink_file_commit(ink_file *file, ink_error *err) {
    ink_status status = ink_file_flush(file, err);
    if (status != INK_OK) goto failed;
    if (file->temporary != NULL && fsync(file->fd) != 0) {
        status = ink_fail_errno(err, "save", file->path);
        goto failed;
    }
    /* A second descriptor holds the lock until the name is taken: nobody can find the file stale in between. */
    int lock = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    int closed = close(file->fd);
    file->fd = lock;
    if (closed != 0 && errno != EINTR) {
        status = ink_fail_errno(err, "close", file->path);
        goto failed;
    }
    if (file->temporary != NULL && rename(file->temporary, file->path) != 0) {
        status = ink_fail_errno(err, "rename the new file to", file->path);
        goto failed;
    }
    if (file->temporary != NULL) status = ink_folder_sync(file->folder, err);
    release(file);
    return status;
failed:
    ink_file_abandon(file);
    return status;
}

void ink_file_abandon(ink_file *file) {
    if (file == NULL) return;
    if (file->temporary != NULL) (void)unlink(file->temporary);
    release(file);
}

ink_status ink_file_spare(const char *out, const char *in, ink_error *err) {
    struct stat a, b;
    if (out == NULL || in == NULL || stat(out, &a) != 0 || stat(in, &b) != 0) return INK_OK;
    if (!S_ISREG(a.st_mode) || a.st_dev != b.st_dev || a.st_ino != b.st_ino) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "%s is read here and would be lost: name another file to write to", out);
}

ink_status ink_file_write_all(const char *path, const void *bytes, size_t size, ink_error *err) {
    ink_file *file = NULL;
    ink_status status = ink_file_begin(path, &file, err);
    if (status != INK_OK) return status;
    status = ink_file_write(file, bytes, size, err);
    if (status == INK_OK) return ink_file_commit(file, err);
    ink_file_abandon(file);
    return status;
}
