/* data/dataset.h: DATA, whatever it is, as images and labels; and what there is to say about it.
 *
 *   ink_dataset set = {0};
 *   st = ink_dataset_find(&(ink_dataset_options){.path = "data", .use = INK_USE_TRAIN, .pool = pool}, &set, &err);
 *   for (i = 0; i < set.n_found; i++) say(set.found[i]);         "train.csv: 42000 images of 28x28, 10 classes: ..."
 *   for (i = 0; i < set.n_warnings; i++) warn(set.warnings[i]);
 *   ... set.train.pixels, set.train.labels, set.test ...
 *   ink_dataset_clear(&set);
 *
 * DATA is one of
 *   - a CSV file with a header (label,pixel0,... or pixel0,...) or without; plain, gzipped, or in a zip of its own
 *   - a folder that holds train.csv, test.csv, sample_submission.csv, each plain, .gz or .zip, and test_labels.csv
 *   - a zip with those inside (Kaggle's digit-recognizer.zip), in folders or not
 *   - an IDX file of images with its labels beside it (train-images-idx3-ubyte, train-labels-idx1-ubyte, plain or .gz;
 *     also "train-images.idx3-ubyte"), or a folder of such files: t10k is then the test set, with labels
 *   - a folder with class folders 0 .. 9 of PNG or JPEG files, or with train and test folders that have such; one
 *     picture, or a folder of pictures, without labels (data/digit_files.h says how they become 28 x 28)
 *   - "-", a CSV on standard input
 * In a folder CSV files are taken before IDX files, and these before pictures. Nothing else is searched in folders
 * below. */
#ifndef INK_DATA_DATASET_H
#define INK_DATA_DATASET_H

#include "core/arena.h"
#include "data/digit_files.h"
#include "data/fingerprint.h"
#include "files/submission.h"

typedef enum ink_use {
    INK_USE_TRAIN,   /* train: labelled images, required. test: read when there is one */
    INK_USE_PREDICT, /* test: the test file if there is one, else the only file, labels or not. train stays empty */
    INK_USE_EVAL,    /* test: labelled images to score: t10k or a test file with labels, else the train file */
    INK_USE_SHOW,    /* train, labels or not; test only when there is no train file */
    INK_USE_CHECK    /* both, labels or not; copies are not counted */
} ink_use;

typedef struct ink_dataset_options {
    const char *path; /* DATA */
    const char *test; /* a test file named by the user, CSV or IDX images; NULL: what stands beside DATA */
    ink_use use;
    ink_pool *pool; /* reads and hashes in parallel; NULL: on the calling thread. The result is the same */
} ink_dataset_options;

typedef struct ink_dataset {
    ink_images train, test; /* count 0: there is none. Same height and width when both are there */
    ink_submission sample;  /* sample_submission.csv, which asks for exactly test's ids; count 0: there is none */
    const char *train_name, *test_name, *sample_name; /* as DATA was named: "kaggle.zip/train.csv"; or NULL */
    const ink_digit_file *train_files, *test_files;   /* [count] when the images came from pictures; else NULL */
    char train_sha256[65], test_sha256[65];           /* see ink_images_sha256; "" where absent */
    const char **found, **warnings;                   /* whole lines for a person, without newline */
    uint32_t n_found, n_warnings;
    ink_duplicates duplicates; /* of train and test; not looked for with INK_USE_PREDICT, CHECK */
    uint32_t class_counts[10]; /* of train, else of test; all 0 without labels */
    ink_arena memory;          /* holds the names and lines */
} ink_dataset;                 /* {0} is an empty one */

/* Errors   INK_E_FILE, INK_E_DATA as the files say; INK_E_DATA when a folder or zip holds nothing useful (the hint
 * lists what was looked for), when train and test differ in size, when labels are missing where `use` needs them, when
 * a test file's count differs from its labels' or from sample_submission's; INK_E_USAGE for no path. */
INK_MUST_USE ink_status ink_dataset_find(const ink_dataset_options *options, ink_dataset *out, ink_error *err);
/* Frees all and leaves an empty one. */
void ink_dataset_clear(ink_dataset *set);

#endif
