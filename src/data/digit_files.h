/* data/digit_files.h: PNG and JPEG files as digits, one digit a picture.
 *
 *   ink_digit_files train = {0}, test = {0};
 *   st = ink_digit_files_find("digits", &arena, &train, &test, &err);     digits/7/a.png, digits/7/b.png, ...
 *   st = ink_digit_files_read(&train, pool, &images, &err);
 *
 * Folders  DIR/0 .. DIR/9 (class folders: the name is the label), or the same in DIR/train and DIR/test ("training" and
 *          "testing" too), or pictures in DIR itself, without labels. Pictures are what ends in .png, .jpg or .jpeg;
 *          hidden files are passed over, and so are the pictures of a run folder (args.conf in it), which are charts.
 * Order    by the files' names, numbers in them compared as numbers, then by label: "2.png" stands before "10.png",
 *          and MNIST unpacked to training/<label>/<row>.png comes in MNIST's own order.
 * Digit    Ink and paper: paper is the median of the outermost pixels, ink what lies on the side where the picture
 *          reaches farther from it, so that either polarity is read. A picture that is MNIST's already is taken pixel
 *          for pixel: 28 x 28, light ink on paper of at most 16, centre of mass within 1 pixel of 14 both ways, and
 *          what is over a quarter of its brightest 14 to 21 pixels on its longer side. Any other is stretched so that
 *          paper is 0 and the strongest ink 255, four times the median distance of the outermost pixels from paper is
 *          taken for noise and cut off, and ink_digit_normalise does the rest. A picture whose ink stands out from
 *          paper by less than 32 of 255 is blank. */
#ifndef INK_DATA_DIGIT_FILES_H
#define INK_DATA_DIGIT_FILES_H

#include "core/arena.h"
#include "core/pool.h"
#include "data/normaliser.h"
#include "files/bitmap.h"
#include "files/images.h"

#define INK_NO_LABEL 255

typedef struct ink_digit_file {
    const char *path; /* in the caller's arena */
    uint8_t label;    /* 0 .. 9, or INK_NO_LABEL */
} ink_digit_file;

typedef struct ink_digit_files {
    const ink_digit_file *files; /* all with a label, or none; in the caller's arena */
    uint32_t count;
} ink_digit_files; /* {0}: none */

/* What there is in a folder; nothing is no error. Pictures without labels come as train.
 * Errors   INK_E_FILE a folder cannot be read; INK_E_DATA more than 10 million files; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_digit_files_find(const char *folder, ink_arena *arena, ink_digit_files *train,
                                             ink_digit_files *test, ink_error *err);

/* All of them, 28 x 28; labels as in the list. Blank pictures come as 784 zeros. pool may be NULL.
 * Errors   the first file that cannot be read, by its name. Owner: the caller (ink_images_free). */
INK_MUST_USE ink_status ink_digit_files_read(const ink_digit_files *list, ink_pool *pool, ink_images *out,
                                             ink_error *err);

/* One file; *blank: no ink was found. */
INK_MUST_USE ink_status ink_digit_file_read(const char *path, uint8_t out[INK_DIGIT_PIXELS], bool *blank,
                                            ink_error *err);

/* The digit of a picture, as stated above; false, with out all 0, when it is blank. The picture's bytes are changed. */
bool ink_digit_of_bitmap(ink_bitmap *picture, uint8_t out[INK_DIGIT_PIXELS]);

#endif
