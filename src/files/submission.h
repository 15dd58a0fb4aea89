/* files/submission.h: Kaggle's submission.csv and sample_submission.csv, and the file of probabilities.
 *
 * Form     `ImageId,Label`, then one line an image: `1,2`. LF, ids 1 .. count in order, labels 0 .. 9. Written to a
 *          temporary name, read again and compared number by number before it takes its name (files/write.h). */
#ifndef INK_FILES_SUBMISSION_H
#define INK_FILES_SUBMISSION_H

#include "files/source.h"

typedef struct ink_submission {
    uint32_t *ids;   /* [count], owned */
    uint8_t *labels; /* [count], owned */
    uint32_t count;
} ink_submission; /* {0}: none */

/* Reads a submission or a sample of one. Accepts LF, CRLF and CR, a byte order mark, quotes and spaces; no final end of
 * line, empty lines at the end. Errors: INK_E_DATA with line and column (1 the id, 2 the label): another header, an id
 * that is no number from 1, an id that comes twice, a label that is no 0 .. 9. Owner: the caller. */
INK_MUST_USE ink_status ink_submission_read(ink_source *source, ink_submission *out, ink_error *err);
void ink_submission_free(ink_submission *submission);

/* INK_OK when the sample asks for exactly the ids 1 .. count, in any order; else INK_E_DATA: how many it wants, or the
 * first id that is missing. name: the sample's, for the message. */
INK_MUST_USE ink_status ink_submission_match(const ink_submission *sample, const char *name, uint32_t count,
                                             ink_error *err);

/* Writes labels[count] as ids 1 .. count. sample NULL: unchecked; else ink_submission_match decides before anything is
 * written. Errors: those of files/write.h; INK_E_DATA; INK_E_USAGE a label above 9, or count 0; INK_E_FILE when what
 * was read again differs. */
INK_MUST_USE ink_status ink_submission_write(const char *path, const uint8_t *labels, uint32_t count,
                                             const ink_submission *sample, const char *sample_name, ink_error *err);

/* Writes `ImageId,p0,...,p<classes-1>`, then per image its id from 1 and its probabilities as %.9g (which gives the
 * same float back), with a point whatever the locale. p: [count][classes]. */
INK_MUST_USE ink_status ink_probabilities_write(const char *path, const float *p, uint32_t count, uint32_t classes,
                                                ink_error *err);

#endif
