/* api/judge.h: what predictions are worth, as files in a folder: what `eval --out` and the end of `train` share. */
#ifndef INK_API_JUDGE_H
#define INK_API_JUDGE_H

#include "api/models.h"
#include "data/digit_files.h"
#include "report/confusion.h"
#include "report/mistakes.h"
#include "report/suspects.h"

#define INK_WORST_MOST 48

typedef struct ink_judgement {
    ink_confusion confusion;
    ink_scores scores;
    ink_mistake worst[INK_WORST_MOST];
    uint8_t *worst_pixels; /* [n_worst][28*28], owned; NULL unless images are 28 x 28 */
    uint32_t n_worst;
    ink_mistake suspects[INK_WORST_MOST];
    uint8_t *suspect_pixels; /* as worst_pixels */
    uint32_t n_suspects, suspects_in_all;
    /* What was judged, borrowed from the call of ink_judge until written. */
    const ink_images *images;
    const uint32_t *rows;
    const ink_predictions *predictions;
} ink_judgement;

/* images: those that were predicted, with labels. rows[count]: their numbers in their file; NULL: 0, 1, ... files: the
 * picture of each number; NULL: they were no pictures.
 * Errors   INK_E_MEMORY. The caller clears it, and keeps what it passed until then. */
typedef struct ink_judged {
    const ink_images *images;
    const uint32_t *rows;
    const ink_digit_file *files;
    const ink_predictions *predictions;
} ink_judged;
INK_MUST_USE ink_status ink_judge(const ink_judged *judged, ink_judgement *out, ink_error *err);
void ink_judgement_clear(ink_judgement *judgement);

/* confusion.csv .svg .png, reliability.svg .png, worst.csv .svg .png, predictions.csv, report.txt, report.json into a
 * folder that exists; suspects: suspects.csv .svg .png too, for rows that the model has not learned, else an earlier
 * judgement's are removed. */
INK_MUST_USE ink_status ink_judgement_write(const ink_judgement *judgement, bool suspects, const char *folder,
                                            ink_error *err);

/* INK_E_USAGE when one of these files is in the folder, and is none of an earlier judgement. */
INK_MUST_USE ink_status ink_judgement_spare(const char *folder, ink_error *err);

/* The report for people and as JSON; suspects: with the suspected labels. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_judgement_text(const ink_judgement *judgement, bool suspects, char **text, ink_error *err);
INK_MUST_USE ink_status ink_judgement_json(const ink_judgement *judgement, bool suspects, char **text, ink_error *err);

/* The rows with held_out[i] == wanted, copied: images and labels, and their numbers (ink_mem_free). */
INK_MUST_USE ink_status ink_images_pick(const ink_images *images, const uint8_t *held_out, uint8_t wanted,
                                        ink_images *out, uint32_t **rows, ink_error *err);

#endif
