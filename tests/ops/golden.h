/* tests/ops/golden.h: reads the golden files of tests/golden/make_pytorch.py: lines of words, lines of tensors. */
#ifndef INK_TESTS_OPS_GOLDEN_H
#define INK_TESTS_OPS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GOLDEN_SAMPLES 64

/* One line: "conv1.weight 576 NORM SUM SAMPLE ...". */
typedef struct golden_tensor {
    char name[128];
    size_t count;     /* elements of the tensor */
    double norm, sum; /* of all of them: Euclidean norm, sum */
    size_t n_samples;
    double samples[GOLDEN_SAMPLES]; /* number i is element i * count / n_samples */
} golden_tensor;

/* Opens tests/golden/<name>; fails the running test when it cannot. */
FILE *golden_open(const char *name);

/* The next line that is no remark. A heading ("case ...", "net ...") goes to `heading` and true comes back with
 * tensor->name empty; false at the end. */
bool golden_next(FILE *file, char *heading, size_t size, golden_tensor *tensor);

/* The largest difference of samples, norm and mean, in units of the tensor's root mean square, or of `floor` when that
 * is larger; infinite when counts differ or a number is not finite. */
double golden_difference(const golden_tensor *tensor, const double *values, size_t count, double floor);

#endif
