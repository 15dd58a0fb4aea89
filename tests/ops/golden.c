/* tests/ops/golden.c: the reader of golden files, for tests alone.
 * The files are ours and trusted: a fault in one fails the test. */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

FILE *golden_open(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/%s", INK_TEST_SOURCE, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) fail_msg("cannot open %s", path);
    return file;
}

bool golden_next(FILE *file, char *heading, size_t size, golden_tensor *tensor) {
    static char line[8192];
    do {
        if (fgets(line, sizeof line, file) == NULL) return false;
    } while (line[0] == '#' || line[0] == '\n');
    line[strcspn(line, "\n")] = '\0';
    *tensor = (golden_tensor){0};
    if (strncmp(line, "case ", 5) == 0 || strncmp(line, "net ", 4) == 0) {
        snprintf(heading, size, "%s", strchr(line, ' ') + 1);
        return true;
    }
    size_t length = strcspn(line, " ");
    if (length >= sizeof tensor->name) fail_msg("a long name in a golden file: %s", line);
    memcpy(tensor->name, line, length);
    char *at = line + length;
    tensor->count = strtoul(at, &at, 10);
    tensor->norm = strtod(at, &at);
    tensor->sum = strtod(at, &at);
    while (*at == ' ' && tensor->n_samples < GOLDEN_SAMPLES) tensor->samples[tensor->n_samples++] = strtod(at, &at);
    if (*at != '\0' || tensor->count == 0) fail_msg("a line that a golden file should not have: %s", line);
    return true;
}

double golden_difference(const golden_tensor *tensor, const double *values, size_t count, double floor) {
    if (count != tensor->count) return INFINITY;
    double squares = 0, sum = 0, elements = (double)count;
    for (size_t i = 0; i < count; i++) {
        squares += values[i] * values[i];
        sum += values[i];
    }
    double worst = fmax(fabs(sqrt(squares) - tensor->norm) / sqrt(elements), fabs(sum - tensor->sum) / elements);
    for (size_t i = 0; i < tensor->n_samples; i++) {
        worst = fmax(worst, fabs(values[i * count / tensor->n_samples] - tensor->samples[i]));
    }
    if (!isfinite(squares)) return INFINITY;
    double unit = fmax(tensor->norm / sqrt(elements), floor);
    return worst == 0 ? 0 : unit > 0 ? worst / unit : INFINITY;
}
