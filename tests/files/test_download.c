/* tests/files/test_download.c: downloads from a server of the test's own, on loopback, that behaves well and badly.
 * Nothing outside this machine is asked. Skipped where there is no python3. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "core/hash.h"
#include "core/rng.h"
#include "files/download.h"

#define SIZE 200000

static char folder[] = "/tmp/ink_download_XXXXXX";
static uint8_t content[SIZE], packed[SIZE + 4096], got[2 * SIZE];
static size_t packed_size;
static char sum[65], packed_sum[65];
static pid_t server;
static int port;

static const char *path(const char *name) {
    static char text[4][256];
    static int next;
    char *t = text[next++ % 4];
    snprintf(t, 256, "%s/%s", folder, name);
    return t;
}

static void save(const char *name, const void *bytes, size_t size) {
    FILE *f = fopen(path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* SIZE_MAX when there is no such file. */
static size_t load(const char *name) {
    FILE *f = fopen(path(name), "rb");
    if (f == NULL) return SIZE_MAX;
    size_t size = fread(got, 1, sizeof got, f);
    fclose(f);
    return size;
}

static bool there(const char *name) {
    struct stat facts;
    return stat(path(name), &facts) == 0;
}

/* What another process does with the part just before it is locked, once. */
static enum { NOTHING, FINISH, DROP } before_lock;

/* In place of libc's. NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): its names are its own */
int flock(int fd, int how) {
    char part[512];
    snprintf(part, sizeof part, "%s", path("dir/file.gz.part"));
    if (before_lock == FINISH) rename(part, path("dir/file.gz"));
    if (before_lock == DROP) unlink(part);
    before_lock = NOTHING;
    return (int)syscall(SYS_flock, fd, how);
}

/* What is served: half noise, half zeros, so that its gzip differs much from it. */
static void make_content(void) {
    ink_rng rng = ink_rng_at(1, INK_STREAM_GOLDEN, 55, 0);
    for (size_t i = 0; i < SIZE / 2; i++) content[i] = (uint8_t)ink_rng_u32(&rng);
    ink_sha256_of(content, SIZE, sum);
    z_stream z = {.next_in = content, .avail_in = SIZE, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed_size = z.total_out;
    deflateEnd(&z);
    ink_sha256_of(packed, packed_size, packed_sum);
}

static int start_server(void **state) {
    (void)state;
    int ends[2];
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("all_proxy");
    if (mkdtemp(folder) == NULL || pipe(ends) != 0) return -1;
    make_content();
    save("served", packed, packed_size);
    save("log", "", 0);
    mkdir(path("dir"), 0777);
    server = fork();
    if (server == 0) {
        char script[512];
        snprintf(script, sizeof script, "%s/tests/files/download_server.py", INK_TEST_SOURCE);
        dup2(ends[1], 1);
        close(ends[0]);
        execlp("python3", "python3", script, path("served"), path("log"), (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    if (f == NULL || fscanf(f, "%d", &port) != 1) port = 0;
    if (f != NULL) fclose(f);
    return 0;
}

static int stop_server(void **state) {
    (void)state;
    char command[300];
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int clear(void **state) {
    (void)state;
    unlink(path("dir/file.gz"));
    unlink(path("dir/file.gz.part"));
    save("log", "", 0);
    return 0;
}

static char said[2000];

static void hear(void *context, const char *line) {
    (void)context;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", line);
}

typedef struct request {
    const char *ways[4]; /* first parts of the paths, NULL-terminated */
    ink_download_file file;
    int (*progress)(void *context, const char *name, uint64_t done, uint64_t total);
} request;

static ink_status fetch(const request *r, ink_error *err) {
    char text[4][100];
    const char *places[5] = {0};
    if (port == 0) skip();
    for (int i = 0; r->ways[i] != NULL; i++) {
        snprintf(text[i], sizeof text[i], "http://127.0.0.1:%d/%s/", port, r->ways[i]);
        places[i] = text[i];
    }
    said[0] = '\0';
    return ink_download_run(&(ink_download){.dir = path("dir"),
                                            .places = places,
                                            .files = &r->file,
                                            .n_files = 1,
                                            .say = hear,
                                            .progress = r->progress,
                                            .stall_timeout_s = 1},
                            err);
}

static const ink_download_file plain = {"file.gz", 1 << 20, packed_sum, NULL};

static void has_file(void) {
    assert_int_equal(load("dir/file.gz"), packed_size);
    assert_memory_equal(got, packed, packed_size);
    assert_false(there("dir/file.gz.part"));
}

static const char *server_log(void) {
    size_t size = load("log");
    got[size] = '\0';
    return (const char *)got;
}

static void fetches_a_file(void **state) {
    (void)state;
    ink_error err;
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
    assert_string_equal(server_log(), "/ok/file.gz - 200\n");
    /* It is there: nobody is asked. */
    assert_int_equal(fetch(&(request){.ways = {"missing"}, .file = plain}, &err), INK_OK);
    assert_string_equal(server_log(), "/ok/file.gz - 200\n");
    assert_non_null(strstr(said, "is there already"));
    /* It is there, damaged. */
    packed[100] ^= 1;
    save("dir/file.gz", packed, packed_size);
    packed[100] ^= 1;
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
}

static void short_and_unpacked_sums(void **state) {
    (void)state;
    ink_error err;
    char eight[9];
    snprintf(eight, sizeof eight, "%.8s", packed_sum);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = {"file.gz", 1 << 20, eight, NULL}}, &err), INK_OK);
    clear(NULL);
    /* Packed anew somewhere: the content decides. */
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = {"file.gz", 1 << 20, "00", sum}}, &err), INK_OK);
    has_file();
    clear(NULL);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = {"file.gz", 1 << 20, "00", "00"}}, &err), INK_E_NETWORK);
    assert_false(there("dir/file.gz"));
}

static void resumes(void **state) {
    (void)state;
    ink_error err;
    save("dir/file.gz.part", packed, 5000);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
    assert_string_equal(server_log(), "/ok/file.gz bytes=5000- 206\n");
    /* The part is whole already: only its name was missing. */
    clear(NULL);
    save("dir/file.gz.part", packed, packed_size);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
    assert_string_equal(server_log(), "");
}

static void resumes_what_was_cut(void **state) {
    (void)state;
    ink_error err;
    /* Each request brings half of the rest: four of them leave a sixteenth, which the next place sends. */
    assert_int_equal(fetch(&(request){.ways = {"cut", "ok"}, .file = plain}, &err), INK_OK);
    has_file();
    assert_non_null(strstr(server_log(), "/ok/file.gz bytes="));
    clear(NULL);
    assert_int_equal(fetch(&(request){.ways = {"cut"}, .file = plain}, &err), INK_E_NETWORK);
    assert_non_null(strstr(err.text, "cannot download file.gz: "));
    assert_string_equal(err.hint, "the same command continues where it stopped");
    size_t part = load("dir/file.gz.part");
    assert_true(part > packed_size / 2 && part < packed_size);
    assert_memory_equal(got, packed, part);
    assert_false(there("dir/file.gz"));
}

static void bad_parts(void **state) {
    (void)state;
    ink_error err;
    static const char *const ways[] = {"ok", "norange", "badrange"};
    for (size_t i = 0; i < 3; i++) {
        clear(NULL);
        save("dir/file.gz.part", content + 7, 3000); /* of some other file */
        assert_int_equal(fetch(&(request){.ways = {ways[i]}, .file = plain}, &err), INK_OK);
        has_file();
    }
    clear(NULL);
    save("dir/file.gz.part", content, packed_size + 10); /* longer than the file: 416 */
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
    clear(NULL);
    assert_int_equal(fetch(&(request){.ways = {"cutnorange", "norange"}, .file = plain}, &err), INK_OK);
    has_file();
}

static void next_place(void **state) {
    (void)state;
    ink_error err;
    static const char *const ways[] = {"missing", "brokenly", "wrong", "loop", "stall"};
    static const char *const reasons[] = {"the server answered 404", "the server answered 500",
                                          "its SHA-256 is not the one expected", "redirects", "too slow"};
    for (size_t i = 0; i < 5; i++) {
        clear(NULL);
        assert_int_equal(fetch(&(request){.ways = {ways[i], "ok"}, .file = plain}, &err), INK_OK);
        has_file();
        if (strstr(said, reasons[i]) == NULL) fail_msg("\"%s\" lacks \"%s\"", said, reasons[i]);
        clear(NULL);
        assert_int_equal(fetch(&(request){.ways = {ways[i]}, .file = plain}, &err), INK_E_NETWORK);
        assert_false(there("dir/file.gz"));
        if (strstr(err.text, reasons[i]) == NULL) fail_msg("\"%s\" lacks \"%s\"", err.text, reasons[i]);
    }
    clear(NULL);
    assert_int_equal(fetch(&(request){.ways = {"away"}, .file = plain}, &err), INK_OK);
    has_file();
}

static void nobody_listens(void **state) {
    (void)state;
    ink_error err;
    const char *places[] = {"http://127.0.0.1:1/", NULL};
    ink_download d = {.dir = path("dir"), .places = places, .files = &plain, .n_files = 1};
    assert_int_equal(ink_download_run(&d, &err), INK_E_NETWORK);
    assert_non_null(strstr(err.text, "cannot download file.gz: "));
    assert_false(there("dir/file.gz.part"));
    places[0] = "ftp://127.0.0.1:1/";
    assert_int_equal(ink_download_run(&d, &err), INK_E_NETWORK);
    places[0] = "file:///etc/";
    assert_int_equal(ink_download_run(&d, &err), INK_E_NETWORK);
}

static void too_long(void **state) {
    (void)state;
    ink_error err;
    assert_int_equal(fetch(&(request){.ways = {"endless"}, .file = {"file.gz", 300000, packed_sum, NULL}}, &err),
                     INK_E_NETWORK);
    assert_string_equal(err.text, "cannot download file.gz: it is longer than 300000 bytes");
    assert_false(there("dir/file.gz.part"));
    assert_int_equal(fetch(&(request){.ways = {"endless", "ok"}, .file = {"file.gz", 300000, packed_sum, NULL}}, &err),
                     INK_OK);
    has_file();
}

static uint64_t last_done, last_total;

static int stop_at_once(void *context, const char *name, uint64_t done, uint64_t total) {
    (void)context;
    assert_string_equal(name, "file.gz");
    last_done = done;
    last_total = total;
    return done > 0;
}

static int go_on(void *context, const char *name, uint64_t done, uint64_t total) {
    (void)stop_at_once(context, name, done, total);
    return 0;
}

static void progress_and_stop(void **state) {
    (void)state;
    ink_error err;
    save("dir/file.gz.part", packed, 5000);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain, .progress = stop_at_once}, &err), INK_E_STOPPED);
    assert_false(there("dir/file.gz"));
    assert_true(there("dir/file.gz.part"));
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain, .progress = go_on}, &err), INK_OK);
    assert_int_equal(last_done, packed_size);
    assert_int_equal(last_total, packed_size);
    has_file();
}

static void folder_and_lock(void **state) {
    (void)state;
    ink_error err;
    ink_download d = {.dir = "/nowhere/at/all",
                      .places = (const char *[]){"http://127.0.0.1:1/", NULL},
                      .files = &plain,
                      .n_files = 1};
    assert_int_equal(ink_download_run(&d, &err), INK_E_FILE);
    save("dir/file.gz.part", packed, 10);
    int fd = open(path("dir/file.gz.part"), O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "is being downloaded by another process"));
    assert_int_equal(load("dir/file.gz.part"), 10); /* the other's, and it stays */
    close(fd);
    d.places = (const char *[]){NULL};
    d.dir = path("dir");
    assert_int_equal(ink_download_run(&d, &err), INK_E_USAGE);
}

/* The part is another process's until just before we lock it: it then has its final name, or is gone. */
static void finished_before_the_lock(void **state) {
    (void)state;
    ink_error err;
    save("dir/file.gz.part", packed, packed_size);
    before_lock = FINISH;
    assert_int_equal(fetch(&(request){.ways = {"missing"}, .file = plain}, &err), INK_OK);
    assert_int_equal(before_lock, NOTHING);
    has_file();
    assert_string_equal(server_log(), "");
    clear(NULL);
    save("dir/file.gz.part", packed, 5000);
    before_lock = DROP;
    assert_int_equal(fetch(&(request){.ways = {"ok"}, .file = plain}, &err), INK_OK);
    has_file();
    assert_string_equal(server_log(), "/ok/file.gz - 200\n");
}

static void known_words(void **state) {
    (void)state;
    ink_error err;
    ink_download d = {0};
    assert_int_equal(ink_download_known("mnist", &d, &err), INK_OK);
    assert_int_equal(d.n_files, 4);
    for (uint32_t i = 0; i < 4; i++) assert_true(strlen(d.files[i].sha256) == 64 && strlen(d.files[i].unpacked) == 64);
    assert_int_equal(ink_download_known("resnet34", &d, &err), INK_OK);
    assert_string_equal(d.files[0].name, "resnet34-b627a593.pth");
    for (size_t i = 0; d.places[i] != NULL; i++) assert_int_equal(strncmp(d.places[i], "https://", 8), 0);
    assert_int_equal(ink_download_known("minst", &d, &err), INK_E_USAGE);
    assert_string_equal(err.hint, "did you mean \"mnist\"?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fetches_a_file, clear),
        cmocka_unit_test_setup(short_and_unpacked_sums, clear),
        cmocka_unit_test_setup(resumes, clear),
        cmocka_unit_test_setup(resumes_what_was_cut, clear),
        cmocka_unit_test_setup(bad_parts, clear),
        cmocka_unit_test_setup(next_place, clear),
        cmocka_unit_test_setup(nobody_listens, clear),
        cmocka_unit_test_setup(too_long, clear),
        cmocka_unit_test_setup(progress_and_stop, clear),
        cmocka_unit_test_setup(folder_and_lock, clear),
        cmocka_unit_test_setup(finished_before_the_lock, clear),
        cmocka_unit_test(known_words),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
