/* tests/fuzz/replay.c: runs a fuzz harness over the files of a corpus, so that every build can do it.
 * It makes no new inputs: that is libFuzzer's work (make fuzz). */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX ((long)64 << 20)

static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    int failed = 1;
    uint8_t *data = NULL;
    if (fseek(file, 0, SEEK_END) != 0) goto done;
    long size = ftell(file);
    if (size < 0 || size > INPUT_BYTES_MAX || fseek(file, 0, SEEK_SET) != 0) goto done;
    data = malloc(size > 0 ? (size_t)size : 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) goto done;
    (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    failed = 0;
done:
    if (failed) fprintf(stderr, "%s: cannot read\n", path);
    free(data);
    fclose(file);
    return failed;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (folder == NULL) {
        perror(argv[1]);
        return 1;
    }
    int failed = 0, inputs = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        int length = snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (length < 0 || (size_t)length >= sizeof path) continue;
        failed |= replay(path);
        inputs++;
    }
    closedir(folder);
    printf("%d inputs\n", inputs);
    if (inputs == 0) fprintf(stderr, "%s: an empty corpus\n", argv[1]);
    return failed || inputs == 0;
}
