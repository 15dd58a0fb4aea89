/* tests/files/test_write.c: files that appear whole or not at all, also when the disk is full.
 * Crashes in the middle of a save are train/checkpoint's tests. */
#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/folder.h"
#include "files/write.h"

static char path[256];

static void wants(const char *text) {
    char have[256] = "";
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    have[fread(have, 1, sizeof have - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(have, text);
}

static int start(void **state) {
    (void)state;
    snprintf(path, sizeof path, "%s/out.txt", folder());
    return 0;
}

static void commit_replaces(void **state) {
    (void)state;
    ink_error err;
    ink_file *file = NULL;
    assert_int_equal(ink_file_write_all(path, "old", 3, &err), INK_OK);
    unsigned files = folder_count();
    assert_int_equal(ink_file_begin(path, &file, &err), INK_OK);
    assert_int_equal(ink_file_print(file, &err, "%d,%s\n", 1, "new"), INK_OK);
    wants("old");
    assert_int_equal(ink_file_flush(file, &err), INK_OK);
    assert_non_null(ink_file_temporary(file));
    wants("old");
    assert_int_equal(ink_file_commit(file, &err), INK_OK);
    wants("1,new\n");
    assert_int_equal(folder_count(), files);
}

static void abandon_keeps_the_old(void **state) {
    (void)state;
    ink_error err;
    ink_file *file = NULL;
    unsigned files = folder_count();
    assert_int_equal(ink_file_begin(path, &file, &err), INK_OK);
    assert_int_equal(ink_file_write(file, "half", 4, &err), INK_OK);
    ink_file_abandon(file);
    wants("1,new\n");
    assert_int_equal(folder_count(), files);
    ink_file_abandon(NULL);
}

static void long_writes(void **state) {
    (void)state;
    ink_error err;
    ink_file *file = NULL;
    piece p = {0};
    struct stat info;
    char large[2000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (int i = 0; i < 1000; i++) piece_print(&p, "%999d", i);
    assert_int_equal(ink_file_begin(path, &file, &err), INK_OK);
    assert_int_equal(ink_file_print(file, &err, "%s", large), INK_OK);
    assert_int_equal(ink_file_write(file, p.bytes, p.size, &err), INK_OK);
    for (int i = 0; i < 100; i++) assert_int_equal(ink_file_write(file, p.bytes, 999, &err), INK_OK);
    assert_int_equal(ink_file_commit(file, &err), INK_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 1999 + 999000 + 99900);
    piece_free(&p);
}

static void a_folder_that_is_absent_and_one_that_is_the_name(void **state) {
    (void)state;
    ink_error err;
    assert_int_equal(ink_file_write_all("/no/such/folder/x", "1", 1, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot write /no/such/folder/x: No such file or directory");
    assert_int_equal(ink_file_write_all("/tmp", "1", 1, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot write /tmp: it is a folder");
    assert_int_equal(ink_file_write_all("", "1", 1, &err), INK_E_FILE);
}

static void full_disk(void **state) {
    (void)state;
    ink_error err;
    assert_int_equal(ink_file_write_all("/dev/full", "1", 1, &err), INK_E_FILE);
    assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
}

/* A limit on the size of files stands for a disk that fills up in the middle. */
static void file_too_large(void **state) {
    (void)state;
    ink_error err;
    struct rlimit old, small = {.rlim_cur = 100000};
    piece p = {0};
    for (int i = 0; i < 1000; i++) piece_print(&p, "%999d", i);
    assert_int_equal(ink_file_write_all(path, "old", 3, &err), INK_OK);
    unsigned files = folder_count();
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ink_status status = ink_file_write_all(path, p.bytes, p.size, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, INK_E_FILE);
    assert_non_null(strstr(err.text, "File too large"));
    wants("old");
    assert_int_equal(folder_count(), files);
    piece_free(&p);
}

static void devices_are_written_through(void **state) {
    (void)state;
    ink_error err;
    struct stat info;
    assert_int_equal(ink_file_write_all("/dev/null", "1", 1, &err), INK_OK);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

/* >> out.txt: what stands in the file stays, and the stream goes on behind what was written. */
static void the_file_behind_a_stream_is_written_through(void **state) {
    (void)state;
    struct stat before, after;
    ink_error err;
    assert_int_equal(ink_file_write_all(path, "old,", 4, &err), INK_OK);
    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
        int kept = dup(stream), fd = open(path, O_WRONLY | O_APPEND);
        assert_true(kept >= 0 && fd >= 0);
        assert_int_equal(fstat(fd, &before), 0);
        assert_int_equal(dup2(fd, stream), stream);
        ink_status status = ink_file_write_all(path, "new,", 4, &err);
        bool same = stat(path, &after) == 0 && after.st_ino == before.st_ino;
        assert_int_equal(dup2(kept, stream), stream);
        close(kept);
        close(fd);
        assert_int_equal(status, INK_OK);
        assert_true(same);
    }
    wants("old,new,new,");
}

static void symbolic_links_are_followed(void **state) {
    (void)state;
    char link[256];
    struct stat info;
    ink_error err;
    snprintf(link, sizeof link, "%s/link.txt", folder());
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(ink_file_write_all(link, "through", 7, &err), INK_OK);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    wants("through");
}

/* A link may be there before its file: from another folder, over a second link, and in a circle, which stays. */
static void links_to_nothing_are_followed(void **state) {
    (void)state;
    char name[300];
    struct stat info;
    ink_error err;
    snprintf(name, sizeof name, "%s/sub", folder());
    assert_int_equal(mkdir(name, 0777), 0);
    snprintf(name, sizeof name, "%s/later.txt", folder());
    assert_int_equal(symlink("sub/there.txt", name), 0);
    snprintf(name, sizeof name, "%s/sub/first.txt", folder());
    assert_int_equal(symlink("../later.txt", name), 0);
    assert_int_equal(ink_file_write_all(name, "through", 7, &err), INK_OK);
    assert_int_equal(lstat(name, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    snprintf(name, sizeof name, "%s/sub/there.txt", folder());
    assert_int_equal(lstat(name, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    snprintf(name, sizeof name, "%s/circle", folder());
    assert_int_equal(symlink("circle", name), 0);
    assert_int_equal(ink_file_write_all(name, "x", 1, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "Too many levels"));
    assert_int_equal(lstat(name, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

static void permissions_are_kept(void **state) {
    (void)state;
    struct stat info;
    ink_error err;
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(ink_file_write_all(path, "x", 1, &err), INK_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

/* What a killed process left is removed by the next writer of the same name; what a living one writes is not. */
static void stale_files_are_removed(void **state) {
    (void)state;
    char name[64], mine[256], other[256];
    ink_error err;
    snprintf(name, sizeof name, ".out.txt.%d-%d.tmp", 999999, 0);
    (void)file_with(name, "left", 4);
    (void)file_with(".other.txt.1-0.tmp", "left", 4);
    (void)file_with(".out.txt.tmp", "mine", 4);
    snprintf(mine, sizeof mine, "%s/.out.txt.%d-%d.tmp", folder(), 999999, 1);
    snprintf(other, sizeof other, "%s/.out.txt.tmp", folder());
    int fd = open(mine, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(ink_file_write_all(path, "x", 1, &err), INK_OK);
    assert_int_equal(access(mine, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    snprintf(other, sizeof other, "%s/%s", folder(), name);
    assert_int_equal(access(other, F_OK), -1);
    snprintf(other, sizeof other, "%s/.other.txt.1-0.tmp", folder());
    assert_int_equal(access(other, F_OK), 0);
    close(fd);
    assert_int_equal(ink_file_write_all(path, "x", 1, &err), INK_OK);
    assert_int_equal(access(mine, F_OK), -1);
}

/* A name as long as names may be leaves no room for what a temporary one has besides. */
static void the_longest_name(void **state) {
    (void)state;
    char name[320];
    ink_error err;
    int length = snprintf(name, sizeof name, "%s/", folder());
    memset(name + length, 'n', 255);
    name[length + 255] = '\0';
    (void)file_with(".inkling.999999-0.tmp", "left", 4);
    unsigned files = folder_count();
    assert_int_equal(ink_file_write_all(name, "x", 1, &err), INK_OK);
    assert_int_equal(access(name, F_OK), 0);
    assert_int_equal(folder_count(), files); /* one more, and what was left is gone */
}

/* A folder like a letter box: what is put there is whole, though the folder itself cannot be opened to be saved. */
static void a_folder_that_cannot_be_read(void **state) {
    (void)state;
    char box[256], name[300];
    ink_error err;
    snprintf(box, sizeof box, "%s/box", folder());
    snprintf(name, sizeof name, "%s/out.txt", box);
    assert_int_equal(mkdir(box, 0777), 0);
    assert_int_equal(chmod(box, 0333), 0);
    assert_int_equal(chmod(folder(), 0755), 0);
    uid_t user = geteuid();
    if (user == 0) assert_int_equal(seteuid(65534), 0); /* root may read everything */
    ink_status status = ink_file_write_all(name, "x", 1, &err);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(box, 0755), 0);
    assert_int_equal(status, INK_OK);
    assert_int_equal(access(name, F_OK), 0);
}

static void folders_are_made(void **state) {
    (void)state;
    char name[300], deeper[320];
    ink_error err;
    struct stat info;
    snprintf(name, sizeof name, "%s/made", folder());
    snprintf(deeper, sizeof deeper, "%s/and/more", name);
    assert_int_equal(ink_folder_make(name, &err), INK_OK);
    assert_int_equal(ink_folder_make(name, &err), INK_OK);
    assert_true(stat(name, &info) == 0 && S_ISDIR(info.st_mode));
    assert_int_equal(ink_folder_make(deeper, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_int_equal(ink_folder_make(path, &err), INK_E_FILE);
    assert_non_null(strstr(err.text, "a file has that name"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_replaces),
        cmocka_unit_test(abandon_keeps_the_old),
        cmocka_unit_test(long_writes),
        cmocka_unit_test(a_folder_that_is_absent_and_one_that_is_the_name),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(file_too_large),
        cmocka_unit_test(devices_are_written_through),
        cmocka_unit_test(the_file_behind_a_stream_is_written_through),
        cmocka_unit_test(symbolic_links_are_followed),
        cmocka_unit_test(links_to_nothing_are_followed),
        cmocka_unit_test(permissions_are_kept),
        cmocka_unit_test(stale_files_are_removed),
        cmocka_unit_test(the_longest_name),
        cmocka_unit_test(a_folder_that_cannot_be_read),
        cmocka_unit_test(folders_are_made),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
