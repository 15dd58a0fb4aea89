/* data/places.h: which file of DATA is which, before any of them is read. For data/dataset.c alone. */
#ifndef INK_DATA_PLACES_H
#define INK_DATA_PLACES_H

#include <stdbool.h>

#include "core/arena.h"
#include "data/digit_files.h"
#include "files/archive.h"

/* A file, or an entry of a zip. Neither: there is none. */
typedef struct ink_place {
    const char *path;     /* in the arena */
    ink_archive *archive; /* borrowed from ink_places */
    size_t entry;
} ink_place;

typedef struct ink_places {
    ink_place train, test, sample, test_labels; /* CSV */
    ink_place train_images, train_labels;       /* IDX */
    ink_place test_images, test_image_labels;   /* IDX: t10k */
    ink_digit_files train_pictures, test_pictures;
    const char *pictures; /* how DATA was named, where these lists are not empty */
    bool single;          /* DATA is one file */
    bool lone_test;       /* and that file is test.csv, here in `train`; its sample and test_labels are found too */
    bool transposed;      /* EMNIST keeps its images transposed */
    ink_archive *archive; /* DATA is a zip */
} ink_places;

/* Looks at path: a folder, a zip, a CSV, IDX or picture file, "-". Files beside a lone train.csv or train-images file
 * are found too. Names live in the arena.
 * Errors   INK_E_FILE; INK_E_DATA nothing useful in a folder or zip (the hint lists what was looked for); INK_E_MEMORY.
 * Owner    the caller: ink_places_close, when no place is open any more. */
INK_MUST_USE ink_status ink_places_find(const char *path, ink_arena *arena, ink_places *out, ink_error *err);
void ink_places_close(ink_places *places);

bool ink_place_there(const ink_place *place);

/* A place as a source. A zip with one file in it (train.csv.zip) opens as that file. */
typedef struct ink_opened {
    ink_source *source;
    ink_archive *own; /* of a zip opened for this */
} ink_opened;
INK_MUST_USE ink_status ink_place_open(const ink_place *place, ink_opened *out, ink_error *err);
void ink_opened_close(ink_opened *opened);

#endif
