/* train/checkpoint.h: a run on disk: all that resuming it needs, in one file.
 *
 * Form     "INKCKPT1", u64 little-endian n, n bytes of safetensors (files/safetensors.h), 64 hexadecimal digits: the
 *          SHA-256 of all before them. So every changed bit and every missing byte is noticed.
 * Inside   tensors "all/<name>" and "best/<name>" F32, "split" U8 (1: held out), "counts" I64, "sums" F64 (the
 *          position); metadata: the caller's notes (recipe text, where the data were, their hash, ...).
 * Safety   written whole or not at all (files/write.h); the one before it is kept as "<path>.1". */
#ifndef INK_TRAIN_CHECKPOINT_H
#define INK_TRAIN_CHECKPOINT_H

#include "files/safetensors.h"
#include "train/trainer.h"

typedef struct ink_checkpoint {
    ink_trainer_position position;
    ink_weights all, best; /* best.n 0: none yet */
    uint8_t *held_out;     /* [n_rows] */
    uint32_t n_rows;
    ink_tensors file;   /* owns the notes: ink_tensors_note(&file, key) */
    char path[1100];    /* what was read: path, or "<path>.1" */
    char fallback[768]; /* why "<path>.1" was read instead, or "" */
} ink_checkpoint;       /* {0}: none */

/* Writes where the trainer stands. notes: borrowed; a note's key must not repeat, its value may be any
 * bytes.
 * Errors   INK_E_DIVERGED a weight is not finite: nothing is written; INK_E_FILE; INK_E_MEMORY. */
INK_MUST_USE ink_status ink_checkpoint_save(const char *path, const ink_trainer *trainer, const uint8_t *held_out,
                                            uint32_t n_rows, const ink_pair *notes, size_t n_notes, ink_error *err);

/* Reads path; when that is damaged or missing, "<path>.1", and says why in fallback.
 * Errors   INK_E_FILE neither is there; INK_E_DATA both are damaged (the text is of path), a newer format, or not a
 *          checkpoint (a model file is named as such). Owner: the caller, ink_checkpoint_clear. */
INK_MUST_USE ink_status ink_checkpoint_load(const char *path, ink_checkpoint *out, ink_error *err);
void ink_checkpoint_clear(ink_checkpoint *checkpoint);

#endif
