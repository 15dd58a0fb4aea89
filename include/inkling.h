/* inkling.h: reads handwritten digits. The one installed header: all that an embedding program needs.
 *
 *   ink_error err;
 *   ink_model *model = NULL;
 *   float p[10];
 *   if (ink_model_open("best.safetensors", NULL, &model, &err) != INK_OK) { fprintf(stderr, "%s\n", err.text); ... }
 *   if (ink_model_predict(model, image, 1, p, &err) != INK_OK) ...   // image: 784 bytes, 0 paper .. 255 ink
 *   ink_model_free(model);                                           // p[7]: how probable it is that it shows a 7
 *
 * Rules that hold for every function here
 *  - What can fail returns an ink_status; the reason goes to the caller's ink_error (may be NULL: not wanted).
 *  - Out-pointers are NULL unless INK_OK came back. The caller owns what open returned and frees it with free.
 *  - const pointers are borrowed for the call only.
 *  - The library never prints, exits, aborts, or changes the locale; of the environment it reads INK_ISA alone.
 */
#ifndef INKLING_H
#define INKLING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define INK_API          __attribute__((visibility("default")))
#define INK_MUST_USE     __attribute__((warn_unused_result))
#define INK_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define INK_API
#define INK_MUST_USE
#define INK_PRINTF(f, a)
#endif

#define INK_VERSION_MAJOR 0
#define INK_VERSION_MINOR 1
#define INK_VERSION_PATCH 0

/* What became of a call. 0 to 8 are also the program's exit codes. */
typedef enum ink_status {
    INK_OK = 0,
    INK_E_INTERNAL = 1,  /* a fault of inkling's own: please report it */
    INK_E_USAGE = 2,     /* an argument, option or recipe that makes no sense */
    INK_E_DATA = 3,      /* bad data or a bad model: the bytes were read and are wrong */
    INK_E_FILE = 4,      /* a file or the disk: cannot open, read, write, no space */
    INK_E_ABSENT = 5,    /* a device or feature that this machine or build lacks */
    INK_E_NETWORK = 6,   /* a download failed or its checksum differs */
    INK_E_DIVERGED = 7,  /* the loss became infinite or NaN; the last good weights were kept */
    INK_E_THRESHOLD = 8, /* a threshold that the caller asked for was not met */
    INK_E_MEMORY = 9,    /* out of memory (the program exits with 1) */
    INK_E_STOPPED = 10   /* the caller asked to stop (the program exits with 130 or 143) */
} ink_status;

/* Why a call failed. `text` is one whole line, place included, ready to print; the other fields hold its
 * parts for programs. A field that has nothing to say is "" or 0 (byte: has_byte 0). Control characters of a
 * file, and bytes that are no UTF-8, are shown as \xNN. */
typedef struct ink_error {
    ink_status status;
    int has_byte;
    uint64_t line;    /* 1-based line of a text file, 0: none */
    uint64_t column;  /* 1-based field or character of that line, 0: none */
    uint64_t byte;    /* 0-based offset in the file, valid when has_byte */
    char file[256];   /* the file concerned, as the caller named it */
    char seen[64];    /* what stood there */
    char wanted[128]; /* what was expected there */
    char text[768];   /* the line to print */
    char hint[256];   /* what to do about it: a second line, or "" */
} ink_error;

/* "0.1.0": borrowed, static. */
INK_API const char *ink_version(void);

/* A fixed English word for a status ("bad data"): borrowed, static, never NULL. */
INK_API const char *ink_status_word(ink_status status);

/* ---- a model: a net, its weights, and how pixels become numbers ---- */

typedef struct ink_model ink_model;

/* {0} is fine: one thread, 64 images at once. */
typedef struct ink_model_options {
    uint32_t threads;   /* that predict may use, the caller's counted; at most 256; 0 = 1 */
    uint32_t max_batch; /* images computed at once: more is faster and takes more memory; at most 65536; 0 = 64 */
} ink_model_options;

/* Opens a model file (safetensors with the net's text inside, as `inkling train` and `inkling import` write it).
 * options may be NULL.
 * Errors   INK_E_FILE; INK_E_DATA: no safetensors, no net in it, a tensor that is missing, too many, of another shape
 *          or not finite, each named; INK_E_MEMORY; INK_E_ABSENT: INK_ISA names what this processor lacks;
 *          INK_E_USAGE: it names nothing known, or an option is beyond its limit. */
INK_API INK_MUST_USE ink_status ink_model_open(const char *path, const ink_model_options *options, ink_model **out,
                                               ink_error *err);

/* The same from memory; bytes may go once it returns. name stands in messages. */
INK_API INK_MUST_USE ink_status ink_model_open_memory(const void *bytes, size_t size, const char *name,
                                                      const ink_model_options *options, ink_model **out,
                                                      ink_error *err);

/* Opens a model that is compiled into the library: no file needed. name NULL: "digits", the one for any digit,
 * drawn and photographed ones too; "tiny" is a tenth of its size. docs/models.md says what each was trained on and how
 * well it does.
 * Errors   INK_E_USAGE: no model of that name, the names are told; as above. */
INK_API INK_MUST_USE ink_status ink_model_open_builtin(const char *name, const ink_model_options *options,
                                                       ink_model **out, ink_error *err);

/* The name of the i-th of them, from 0, in the order of the alphabet; NULL past the end. Borrowed, static. */
INK_API const char *ink_model_builtin_name(size_t i);

/* p[i*10 + d] = probability that image i shows digit d, for i < n; they sum to 1 for each image.
 * images: n times 784 bytes, row by row, 0 paper .. 255 ink, normalised as MNIST's are (ink_digit_prepare does it).
 * One call at a time per model. The same bits for any number of threads.
 * Errors   INK_E_USAGE for NULL or n 0; INK_E_DATA: the weights are so large that p would not be finite. */
INK_API INK_MUST_USE ink_status ink_model_predict(ink_model *model, const uint8_t *images, size_t n, float *p,
                                                  ink_error *err);

/* NULL is fine. */
INK_API void ink_model_free(ink_model *model);

/* A grey picture of one digit, any size from 1x1 to 4096x4096, as a model wants it: cut to the ink, its longer side
 * scaled to 20 pixels, the centre of mass in the middle of 28x28, the darkest ink 255.
 * grey: height rows of width bytes, each row stride_bytes after the one before; 0 paper .. 255 ink, or with dark_ink
 * nonzero 255 paper .. 0 ink.
 * Errors   INK_E_DATA: no ink at all (out is then blank); INK_E_USAGE: NULL, a size out of range, a
 *          stride below the width; INK_E_MEMORY. */
INK_API INK_MUST_USE ink_status ink_digit_prepare(const uint8_t *grey, uint32_t width, uint32_t height,
                                                  size_t stride_bytes, int dark_ink, uint8_t out[784], ink_error *err);

#ifdef __cplusplus
}
#endif
#endif
