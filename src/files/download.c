/* files/download.c: libcurl, one file after another, each into NAME.part and then, when its sum is right, into NAME.
 * No addresses: files/download_known.c has them. */
#define _GNU_SOURCE
#include "files/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/status.h"
#include "files/folder.h"
#include "files/source.h"

#define PATH_SIZE     4096
#define TRIES         4 /* at one place, as long as each brings some bytes */
#define REDIRECTS_MAX 5L

/* One file on its way. */
typedef struct transfer {
    const ink_download *download;
    const ink_download_file *file;
    char path[PATH_SIZE], part[PATH_SIZE]; /* final name; name while it is incomplete */
    int fd;                                /* of part, locked */
    uint64_t offset;                       /* bytes of part */
    CURL *curl;
    /* of one attempt */
    uint64_t asked_from; /* offset that Range asked for */
    uint64_t range_from; /* offset that the server's Content-Range names; UINT64_MAX: none */
    bool began;          /* the first bytes of the body have come */
    bool stopped;        /* the caller wants no more */
    ink_error fault;     /* ours: disk full, too long; INK_OK: none */
    char reason[512];    /* why the attempt failed, for the message */
    bool fresh;          /* what part holds is no good: begin anew */
} transfer;

/* ---- sums ---- */

/* Does hex begin with wanted (the whole sum, or its first digits)? */
static bool sum_is(const char *hex, const char *wanted) {
    return wanted != NULL && strncasecmp(hex, wanted, strlen(wanted)) == 0;
}

/* The sum of the bytes as they lie on disk. */
static bool file_sum(const char *path, char hex[65]) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return false;
    uint8_t bytes[1 << 16];
    size_t got;
    ink_sha256 sha;
    ink_sha256_start(&sha);
    while ((got = fread(bytes, 1, sizeof bytes, f)) > 0) ink_sha256_add(&sha, bytes, got);
    bool good = ferror(f) == 0;
    fclose(f);
    ink_sha256_end(&sha, hex);
    return good;
}

/* Is the file at path what was promised? A packed file may have been packed anew: then its content decides. */
static bool is_good(const char *path, const ink_download_file *file) {
    char hex[65];
    struct stat facts;
    if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size == 0) return false;
    if (file->sha256 == NULL && file->unpacked == NULL) return true;
    if (file_sum(path, hex) && sum_is(hex, file->sha256)) return true;
    if (file->unpacked == NULL) return false;
    return ink_source_sha256(path, hex, NULL) == INK_OK && sum_is(hex, file->unpacked);
}

/* ---- one attempt ---- */

/* Content-Range: bytes 100-199/200 */
static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    transfer *t = context;
    size_t length = size * count;
    static const char name[] = "content-range: bytes ";
    if (length > 5 && strncasecmp(bytes, "HTTP/", 5) == 0) t->range_from = UINT64_MAX; /* a new response */
    if (length >= sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0) {
        uint64_t from = 0;
        for (size_t i = sizeof name - 1; i < length && bytes[i] >= '0' && bytes[i] <= '9' && from < UINT64_MAX / 20;
             i++) {
            from = 10 * from + (uint64_t)(bytes[i] - '0');
        }
        t->range_from = from;
    }
    return length;
}

/* A server that was asked for the rest may answer with the whole: then what there is goes. */
static bool begin_body(transfer *t) {
    long code = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    t->began = true;
    if (code == 206 && t->range_from == t->asked_from) return true;
    if (code == 206) {
        snprintf(t->reason, sizeof t->reason, "the server sent another part than the one asked for");
        t->fresh = true;
        return false;
    }
    t->offset = 0;
    if (ftruncate(t->fd, 0) == 0 && lseek(t->fd, 0, SEEK_SET) == 0) return true;
    (void)ink_fail_errno(&t->fault, "write", t->part);
    return false;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    transfer *t = context;
    size_t length = size * count, written = 0;
    if (!t->began && !begin_body(t)) return 0;
    if (length > t->file->max_bytes || t->offset > t->file->max_bytes - length) {
        snprintf(t->reason, sizeof t->reason, "it is longer than %llu bytes", (unsigned long long)t->file->max_bytes);
        t->fresh = true;
        return 0;
    }
    while (written < length) {
        ssize_t n = write(t->fd, bytes + written, length - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            (void)ink_fail_errno(&t->fault, "write", t->part);
            return 0;
        }
        written += (size_t)n;
        t->offset += (size_t)n;
    }
    return length;
}

static int take_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now) {
    (void)up_total;
    (void)up_now;
    transfer *t = context;
    (void)now;
    uint64_t before = t->began && t->range_from != UINT64_MAX ? t->range_from : 0;
    uint64_t whole = total > 0 ? before + (uint64_t)total : 0;
    if (t->download->progress == NULL) return 0;
    if (t->download->progress(t->download->context, t->file->name, t->offset, whole) != 0) t->stopped = true;
    return t->stopped;
}

static void set_options(transfer *t, const char *url, char *error_text) {
    CURL *c = t->curl;
    const ink_download *d = t->download;
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "inkling");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
#if LIBCURL_VERSION_NUM >= 0x075500
    /* A place that a person named may be plain http (the sum is checked); one that is https stays so. */
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, strncmp(url, "https:", 6) == 0 ? "https" : "http,https");
#else
    curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
                     (long)(strncmp(url, "https:", 6) == 0 ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)(d->connect_timeout_s > 0 ? d->connect_timeout_s : 15));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1000L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(d->stall_timeout_s > 0 ? d->stall_timeout_s : 30));
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, take_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

/* Asks for what part lacks. True: the server has nothing more to send. Else reason says why, or fault, or stopped. */
static bool attempt(transfer *t, const char *url) {
    char error_text[CURL_ERROR_SIZE] = "", range[32];
    long code = 0;
    set_options(t, url, error_text);
    t->asked_from = t->offset;
    t->range_from = UINT64_MAX;
    t->began = t->fresh = false;
    t->reason[0] = '\0';
    if (lseek(t->fd, (off_t)t->offset, SEEK_SET) < 0) {
        (void)ink_fail_errno(&t->fault, "write", t->part);
        return false;
    }
    if (t->offset > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)t->offset);
        curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    }
    CURLcode result = curl_easy_perform(t->curl);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    if (result == CURLE_OK) return true;
    if (result == CURLE_HTTP_RETURNED_ERROR) {
        /* 416: part is as long as the file, or longer. Its sum was looked at before: it is no good. */
        if (code == 416) t->fresh = true;
        snprintf(t->reason, sizeof t->reason, "the server answered %ld", code);
    } else if (t->reason[0] == '\0') {
        snprintf(t->reason, sizeof t->reason, "%s", error_text[0] != '\0' ? error_text : curl_easy_strerror(result));
    }
    return false;
}

/* ---- one file ---- */

/* part becomes the file. */
static ink_status keep(transfer *t, ink_error *err) {
    if (fsync(t->fd) != 0) return ink_fail_errno(err, "write", t->part);
    if (rename(t->part, t->path) != 0) return ink_fail_errno(err, "rename", t->part);
    return ink_folder_sync(t->download->dir, err);
}

static ink_status start_anew(transfer *t, ink_error *err) {
    if (ftruncate(t->fd, 0) != 0) return ink_fail_errno(err, "write", t->part);
    t->offset = 0;
    return INK_OK;
}

static void say(const transfer *t, const char *format, ...) INK_PRINTF(2, 3);
static void say(const transfer *t, const char *format, ...) {
    char line[1024];
    va_list args;
    if (t->download->say == NULL) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    t->download->say(t->download->context, line);
}

/* Tries one place. *done: the file is there. INK_OK without it: on to the next place. */
static ink_status try_place(transfer *t, const char *place, bool *done, ink_error *err) {
    char url[PATH_SIZE];
    int n = snprintf(url, sizeof url, "%s%s", place, t->file->name);
    if (n < 0 || n >= (int)sizeof url) return ink_fail(err, INK_E_USAGE, "an address is too long: %.100s...", place);
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = t->offset;
        bool whole = attempt(t, url), resumed = t->asked_from > 0;
        if (t->stopped) {
            return ink_fail(err, INK_E_STOPPED, "stopped while downloading %s; the same command continues it",
                            t->file->name);
        }
        if (t->fault.status != INK_OK) {
            if (err != NULL) *err = t->fault;
            return t->fault.status;
        }
        if (whole && is_good(t->part, t->file)) {
            *done = true;
            return keep(t, err);
        }
        if (whole) snprintf(t->reason, sizeof t->reason, "its SHA-256 is not the one expected");
        if (whole || t->fresh) {
            ink_status status = start_anew(t, err);
            if (status != INK_OK) return status;
            if (resumed) continue; /* the older part may have been at fault */
            break;
        }
        if (t->offset <= before) break;
    }
    return INK_OK;
}

static void close_part(transfer *t) {
    if (t->fd >= 0) close(t->fd);
    t->fd = -1;
}

static ink_status fail_busy(const transfer *t, ink_error *err) {
    return ink_fail(err, INK_E_FILE, "%s is being downloaded by another process", t->path);
}

/* Opens part and locks it. *moved: meanwhile whoever had it gave it its final name, or dropped it; it is not ours. */
static ink_status open_part(transfer *t, bool *moved, ink_error *err) {
    struct stat ours, now;
    *moved = false;
    t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (t->fd < 0) return ink_fail_errno(err, "write", t->part);
    if (flock(t->fd, LOCK_EX | LOCK_NB) != 0) return fail_busy(t, err);
    if (fstat(t->fd, &ours) != 0) return ink_fail_errno(err, "read", t->part);
    if (stat(t->part, &now) != 0 || now.st_dev != ours.st_dev || now.st_ino != ours.st_ino) {
        *moved = true;
        close_part(t);
        return INK_OK;
    }
    t->offset = (uint64_t)ours.st_size;
    return t->offset > t->file->max_bytes ? start_anew(t, err) : INK_OK;
}

/* Looks whether the file is there, else opens part. */
static ink_status begin(transfer *t, bool *there, ink_error *err) {
    struct stat facts;
    for (int i = 0; i < TRIES; i++) {
        bool moved;
        *there = is_good(t->path, t->file);
        if (*there) {
            say(t, "%s is there already", t->path);
            return INK_OK;
        }
        ink_status status = open_part(t, &moved, err);
        if (status != INK_OK) return status;
        if (moved) continue;
        if (stat(t->path, &facts) == 0) say(t, "%s is not the file expected: it is fetched again", t->path);
        return INK_OK;
    }
    return fail_busy(t, err);
}

static ink_status fetch(transfer *t, ink_error *err) {
    const ink_download *d = t->download;
    bool done = false, there = false;
    ink_status status = ink_folder_path(d->dir, t->file->name, t->path, sizeof t->path, err);
    if (status == INK_OK) {
        int length = snprintf(t->part, sizeof t->part, "%s.part", t->path);
        if (length < 0 || length >= PATH_SIZE) status = ink_fail(err, INK_E_USAGE, "the folder's name is too long");
    }
    if (status == INK_OK) status = begin(t, &there, err);
    if (status != INK_OK || there) return status;
    if (t->offset > 0 && is_good(t->part, t->file)) return keep(t, err);
    for (size_t i = 0; status == INK_OK && !done && d->places[i] != NULL; i++) {
        status = try_place(t, d->places[i], &done, err);
        if (status == INK_OK && !done && d->places[i + 1] != NULL) {
            say(t, "%s%s: %s; trying %s", d->places[i], t->file->name, t->reason, d->places[i + 1]);
        }
    }
    if (status == INK_OK && !done) {
        status = ink_fail(err, INK_E_NETWORK, "cannot download %s: %s", t->file->name, t->reason);
        ink_hint(err, t->offset > 0 ? "the same command continues where it stopped"
                                    : "is there a network? a browser can fetch the file too; put it into the folder");
    }
    if (!done && t->offset == 0) unlink(t->part);
    return status;
}

ink_status ink_download_run(const ink_download *download, ink_error *err) {
    ink_status status = ink_folder_make(download->dir, err);
    if (status != INK_OK) return status;
    if (download->places == NULL || download->places[0] == NULL) {
        return ink_fail(err, INK_E_USAGE, "no place to download from");
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ink_fail(err, INK_E_NETWORK, "libcurl cannot start");
    }
    CURL *curl = curl_easy_init();
    if (curl == NULL) status = ink_fail(err, INK_E_NETWORK, "libcurl cannot start");
    for (uint32_t i = 0; status == INK_OK && i < download->n_files; i++) {
        transfer t = {.download = download, .file = &download->files[i], .fd = -1, .curl = curl};
        status = fetch(&t, err);
        close_part(&t);
    }
    if (curl != NULL) curl_easy_cleanup(curl);
    curl_global_cleanup();
    return status;
}
