/* files/source.c: bytes from anywhere, unpacked where they are gzip, counted against bounds.
 * It knows no format but gzip: what the bytes mean is for those who read them. */
#define _DEFAULT_SOURCE
#include "files/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"

#define BLOCK_BYTES      ((size_t)64 * 1024)
#define GROW_BYTES       ((size_t)64 * 1024)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib: the largest window, and gzip's header and trailer with their checks */

struct ink_source {
    char *name;
    ink_source_from from;
    uint8_t *block; /* raw bytes not yet used: block[at .. got) */
    size_t at, got;
    bool from_ended, sniffed, gzip;
    z_stream z;
    bool z_open, in_member;
    uint64_t raw_bytes;       /* taken from `from` */
    uint64_t unpacked_bytes;  /* made, delivered or waiting in peek */
    uint64_t delivered_bytes; /* by read */
    uint8_t peek[INK_SOURCE_PEEK_MAX];
    size_t peek_at, peek_got;
    bool ended, failed;
    ink_error fault;
    bool size_known;
    uint64_t size; /* unpacked, where size_known */
};

/* ---- where bytes come from: a descriptor, memory ---- */

typedef struct descriptor {
    int fd;
    bool keep_open, regular;
    uint64_t size, done;
    char name[256];
} descriptor;

static ink_status descriptor_read(void *context, void *buf, size_t size, size_t *got, ink_error *err) {
    descriptor *d = context;
    ssize_t n;
    if (size > (size_t)INT_MAX) size = (size_t)INT_MAX;
    do {
        n = read(d->fd, buf, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return ink_fail_errno(err, "read", d->name);
    *got = (size_t)n;
    d->done += (uint64_t)n;
    if (n == 0 && d->regular && d->done < d->size) {
        ink_fail(err, INK_E_FILE, "%s became shorter while it was read: %llu bytes, %llu at the start", d->name,
                 (unsigned long long)d->done, (unsigned long long)d->size);
        ink_hint(err, "another program may be writing it: try again when it is done");
        return INK_E_FILE;
    }
    return INK_OK;
}

static void descriptor_close(void *context) {
    descriptor *d = context;
    if (!d->keep_open) (void)close(d->fd); /* nothing was written: there is nothing to lose */
    ink_mem_free(d);
}

typedef struct memory {
    const uint8_t *bytes;
    size_t size, at;
} memory;

static ink_status memory_read(void *context, void *buf, size_t size, size_t *got, ink_error *err) {
    memory *m = context;
    (void)err;
    if (size > m->size - m->at) size = m->size - m->at;
    if (size > 0) memcpy(buf, m->bytes + m->at, size);
    m->at += size;
    *got = size;
    return INK_OK;
}

/* ---- opening ---- */

ink_status ink_source_open_from(const ink_source_from *from, const char *name, ink_source **out, ink_error *err) {
    *out = NULL;
    ink_source *source = ink_mem_new(1, sizeof *source);
    if (source == NULL) {
        if (from->close != NULL) from->close(from->context);
        return ink_fail_memory(err, sizeof *source, name);
    }
    source->from = *from;
    source->name = ink_mem_string(name);
    source->block = ink_mem_new(BLOCK_BYTES, 1);
    if (source->name == NULL || source->block == NULL) {
        ink_source_close(source);
        return ink_fail_memory(err, BLOCK_BYTES, name);
    }
    *out = source;
    return INK_OK;
}

static ink_status open_descriptor(const char *path, descriptor *d, ink_error *err) {
    struct stat info;
    if (strcmp(path, "-") == 0) {
        d->fd = STDIN_FILENO;
        d->keep_open = true;
        ink_escape(d->name, sizeof d->name, "standard input", 14, 14);
    } else {
        d->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        ink_escape(d->name, sizeof d->name, path, strlen(path), sizeof d->name);
        if (d->fd < 0) return ink_fail_errno(err, "open", path);
    }
    if (fstat(d->fd, &info) != 0) return ink_fail_errno(err, "look at", d->name);
    if (S_ISDIR(info.st_mode)) return ink_fail(err, INK_E_FILE, "cannot read %s: it is a folder, not a file", d->name);
    d->regular = S_ISREG(info.st_mode) && info.st_size > 0;
    if (d->regular) {
        off_t here = d->keep_open ? lseek(d->fd, 0, SEEK_CUR) : 0; /* a shell may have read some of our input */
        d->size = here >= 0 && here < info.st_size ? (uint64_t)(info.st_size - here) : 0;
    }
    return INK_OK;
}

ink_status ink_source_open(const char *path, ink_source **out, ink_error *err) {
    *out = NULL;
    descriptor *d = ink_mem_new(1, sizeof *d);
    if (d == NULL) return ink_fail_memory(err, sizeof *d, path);
    d->fd = -1;
    ink_status status = open_descriptor(path, d, err);
    if (status != INK_OK) {
        if (d->fd < 0) d->keep_open = true;
        descriptor_close(d);
        return status;
    }
    uint64_t size = d->size;
    bool regular = d->regular;
    const ink_source_from from = {.context = d, .read = descriptor_read, .close = descriptor_close};
    status = ink_source_open_from(&from, d->keep_open ? "standard input" : path, out, err);
    if (status != INK_OK) return status;
    (*out)->size_known = regular;
    (*out)->size = size;
    return INK_OK;
}

ink_status ink_source_open_memory(const void *bytes, size_t size, const char *name, ink_source **out, ink_error *err) {
    *out = NULL;
    memory *m = ink_mem_new(1, sizeof *m);
    if (m == NULL) return ink_fail_memory(err, sizeof *m, name);
    *m = (memory){.bytes = bytes, .size = size};
    const ink_source_from from = {.context = m, .read = memory_read, .close = ink_mem_free};
    ink_status status = ink_source_open_from(&from, name, out, err);
    if (status != INK_OK) return status;
    (*out)->size_known = true;
    (*out)->size = size;
    return INK_OK;
}

void ink_source_close(ink_source *source) {
    if (source == NULL) return;
    if (source->z_open) inflateEnd(&source->z);
    if (source->from.close != NULL) source->from.close(source->from.context);
    ink_mem_free(source->block);
    ink_mem_free(source->name);
    ink_mem_free(source);
}

/* ---- raw bytes ---- */

static ink_status take(ink_source *source, void *buf, size_t size, size_t *got) {
    *got = 0;
    if (source->from_ended) return INK_OK;
    ink_status status = source->from.read(source->from.context, buf, size, got, &source->fault);
    if (status != INK_OK) return status;
    if (*got == 0) source->from_ended = true;
    source->raw_bytes += *got;
    return INK_OK;
}

/* More raw bytes behind those that are unused; only called when few are. */
static ink_status refill(ink_source *source) {
    size_t got, kept = source->got - source->at;
    if (kept > 0 && source->at > 0) memmove(source->block, source->block + source->at, kept);
    source->at = 0;
    source->got = kept;
    ink_status status = take(source, source->block + kept, BLOCK_BYTES - kept, &got);
    if (status == INK_OK) source->got += got;
    return status;
}

static ink_status sniff(ink_source *source) {
    while (source->got - source->at < 3 && !source->from_ended) {
        ink_status status = refill(source);
        if (status != INK_OK) return status;
    }
    source->sniffed = true;
    const uint8_t *p = source->block + source->at;
    source->gzip = source->got - source->at >= 2 && p[0] == 0x1f && p[1] == 0x8b;
    if (!source->gzip) return INK_OK;
    source->size_known = false;
    if (inflateInit2(&source->z, GZIP_WINDOW_BITS) != Z_OK) return ink_fail_memory(&source->fault, 0, source->name);
    source->z_open = source->in_member = true;
    return INK_OK;
}

/* ---- unpacked bytes ---- */

static ink_status fail_gzip(ink_source *source, int result) {
    unsigned long long at = (unsigned long long)source->unpacked_bytes;
    if (result == Z_MEM_ERROR) return ink_fail_memory(&source->fault, 0, source->name);
    const char *why = source->z.msg != NULL ? source->z.msg : "damaged data";
    if (result == Z_NEED_DICT) why = "needs a dictionary";
    ink_fail(&source->fault, INK_E_DATA, "%s: the gzip data is damaged after %llu unpacked bytes: %s", source->name, at,
             why);
    ink_hint(&source->fault, "make or download the file again");
    return INK_E_DATA;
}

static ink_status fail_truncated(ink_source *source) {
    ink_fail(&source->fault, INK_E_DATA, "%s: the gzip data ends early, after %llu unpacked bytes", source->name,
             (unsigned long long)source->unpacked_bytes);
    ink_hint(&source->fault, "the file is not whole: make or download it again");
    return INK_E_DATA;
}

/* Between two gzip members: *more says whether another follows. */
static ink_status next_member(ink_source *source, bool *more) {
    while (source->got - source->at < 2 && !source->from_ended) {
        ink_status status = refill(source);
        if (status != INK_OK) return status;
    }
    *more = source->got > source->at;
    if (!*more) return INK_OK;
    const uint8_t *p = source->block + source->at;
    if (source->got - source->at < 2 || p[0] != 0x1f || p[1] != 0x8b) {
        return ink_fail_byte(&source->fault, INK_E_DATA, source->name, source->raw_bytes - (source->got - source->at),
                             NULL, NULL, "bytes that are no gzip follow the gzip data");
    }
    if (inflateReset(&source->z) != Z_OK) return fail_gzip(source, Z_DATA_ERROR);
    source->in_member = true;
    return INK_OK;
}

/* Some unpacked bytes, at least one unless the end or a fault comes first. */
static ink_status unpack(ink_source *source, uint8_t *buf, size_t size, size_t *got) {
    *got = 0;
    if (size > (size_t)INT_MAX) size = (size_t)INT_MAX;
    while (*got == 0) {
        ink_status status = INK_OK;
        if (!source->in_member) {
            bool more;
            status = next_member(source, &more);
            if (status != INK_OK || !more) return status;
        }
        if (source->at == source->got && !source->from_ended) status = refill(source);
        if (status != INK_OK) return status;
        source->z.next_in = source->block + source->at;
        source->z.avail_in = (uInt)(source->got - source->at);
        source->z.next_out = buf;
        source->z.avail_out = (uInt)size;
        int result = inflate(&source->z, Z_NO_FLUSH);
        source->at = source->got - source->z.avail_in;
        *got = size - source->z.avail_out;
        source->unpacked_bytes += *got;
        if (result == Z_STREAM_END) {
            source->in_member = false;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return fail_gzip(source, result);
        } else if (*got == 0 && source->from_ended && source->at == source->got) {
            return fail_truncated(source);
        }
    }
    return INK_OK;
}

static ink_status plain(ink_source *source, uint8_t *buf, size_t size, size_t *got) {
    size_t held = source->got - source->at;
    ink_status status = INK_OK;
    if (held == 0) {
        status = take(source, buf, size, got); /* straight into the caller's memory */
    } else {
        *got = size < held ? size : held;
        memcpy(buf, source->block + source->at, *got);
        source->at += *got;
    }
    source->unpacked_bytes += *got;
    return status;
}

static ink_status check_bounds(ink_source *source) {
    uint64_t n = source->unpacked_bytes;
    if (n > INK_SOURCE_BYTES_MAX) {
        return ink_fail(&source->fault, INK_E_DATA, "%s: more than %llu bytes: too large to be a set of digits",
                        source->name, (unsigned long long)INK_SOURCE_BYTES_MAX);
    }
    if (source->gzip && n > INK_SOURCE_RATIO_FREE && n / INK_SOURCE_RATIO_MAX > source->raw_bytes) {
        return ink_fail(&source->fault, INK_E_DATA, "%s: unpacks to more than %u times its size: refused as a bomb",
                        source->name, INK_SOURCE_RATIO_MAX);
    }
    return INK_OK;
}

/* Fills buf unless the end or a fault comes first; a fault is kept in the source. */
static size_t produce(ink_source *source, uint8_t *buf, size_t size) {
    size_t done = 0;
    ink_status status = source->sniffed ? INK_OK : sniff(source);
    while (status == INK_OK && done < size && !source->ended) {
        size_t got = 0;
        status =
            source->gzip ? unpack(source, buf + done, size - done, &got) : plain(source, buf + done, size - done, &got);
        if (status == INK_OK) source->ended = got == 0;
        if (status == INK_OK) status = check_bounds(source);
        done += got; /* what came before a fault is good */
    }
    if (status != INK_OK) {
        source->failed = true;
        source->fault.status = status;
    }
    return done;
}

ink_status ink_source_read(ink_source *source, void *buf, size_t size, size_t *got, ink_error *err) {
    uint8_t *to = buf;
    size_t held = source->peek_got - source->peek_at;
    *got = size < held ? size : held;
    if (*got > 0) memcpy(to, source->peek + source->peek_at, *got);
    source->peek_at += *got;
    if (*got < size && !source->failed && !source->ended) *got += produce(source, to + *got, size - *got);
    source->delivered_bytes += *got;
    if (*got == 0 && size > 0 && source->failed) {
        if (err != NULL) *err = source->fault;
        return source->fault.status;
    }
    return INK_OK;
}

ink_status ink_source_peek(ink_source *source, const uint8_t **bytes, size_t *got, ink_error *err) {
    size_t held = source->peek_got - source->peek_at;
    if (held < INK_SOURCE_PEEK_MAX && !source->failed && !source->ended) {
        if (held > 0) memmove(source->peek, source->peek + source->peek_at, held);
        source->peek_at = 0;
        source->peek_got = held + produce(source, source->peek + held, INK_SOURCE_PEEK_MAX - held);
    }
    *bytes = source->peek + source->peek_at;
    *got = source->peek_got - source->peek_at;
    if (*got == 0 && source->failed) {
        if (err != NULL) *err = source->fault;
        return source->fault.status;
    }
    return INK_OK;
}

ink_status ink_source_read_all(ink_source *source, size_t max_bytes, uint8_t **bytes, size_t *size, ink_error *err) {
    uint64_t known;
    size_t have = 0, room = GROW_BYTES;
    *bytes = NULL;
    *size = 0;
    if (max_bytes < room) room = max_bytes + 1;
    if (ink_source_size(source, &known) && known <= max_bytes) room = (size_t)known + 1;
    uint8_t *p = ink_mem_new(room + 1, 1);
    if (p == NULL) return ink_fail_memory(err, room, source->name);
    for (;;) {
        size_t got, limit = room > max_bytes ? max_bytes + 1 : room; /* one more byte tells "too many" */
        ink_status status = ink_source_read(source, p + have, limit - have, &got, err);
        have += got;
        if (status == INK_OK && have > max_bytes) {
            status = ink_fail(err, INK_E_DATA, "%s: more than %llu bytes, the most that is read here", source->name,
                              (unsigned long long)max_bytes);
        }
        if (status != INK_OK) {
            ink_mem_free(p);
            return status;
        }
        if (got == 0) break;
        if (have < room) continue;
        uint8_t *larger = ink_mem_resize(p, room * 2 + 1, 1);
        if (larger == NULL) {
            ink_mem_free(p);
            return ink_fail_memory(err, room * 2, source->name);
        }
        p = larger;
        room *= 2;
    }
    p[have] = 0;
    *bytes = p;
    *size = have;
    return INK_OK;
}

ink_status ink_source_sha256(const char *path, char hex[65], ink_error *err) {
    ink_source *source = NULL;
    uint8_t block[65536];
    size_t got = 1;
    ink_sha256 sha;
    ink_status status = ink_source_open(path, &source, err);
    ink_sha256_start(&sha);
    while (status == INK_OK && got > 0) {
        status = ink_source_read(source, block, sizeof block, &got, err);
        if (status == INK_OK) ink_sha256_add(&sha, block, got);
    }
    if (status == INK_OK) ink_sha256_end(&sha, hex);
    ink_source_close(source);
    return status;
}

/* ---- facts ---- */

const char *ink_source_name(const ink_source *source) {
    return source->name;
}

uint64_t ink_source_offset(const ink_source *source) {
    return source->delivered_bytes;
}

bool ink_source_size(const ink_source *source, uint64_t *size) {
    /* Before the first look nobody knows whether it is packed. */
    if (!source->size_known || !source->sniffed) return false;
    *size = source->size;
    return true;
}

bool ink_source_is_gzip(const ink_source *source) {
    return source->gzip;
}
