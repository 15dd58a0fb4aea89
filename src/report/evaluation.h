/* report/evaluation.h: everything about one set of predictions, as files in a folder:
 *
 *   report.txt   report.json        the scores: for people, for programs
 *   confusion.csv .svg .png         counts and per cent of the row
 *   calibration.svg .png            is it as sure as it is right?
 *   worst.csv .svg .png             the worst mistakes, with their pictures */
#ifndef INK_REPORT_EVALUATION_H
#define INK_REPORT_EVALUATION_H

#include "inkling.h"
#include "report/confusion.h"
#include "report/mistakes.h"

/* A sheet of mistakes that fits a page. */
#define INK_WORST_SHOWN 60u

typedef struct ink_evaluation {
    const ink_confusion *confusion;
    const ink_mistake *worst; /* ink_mistakes_find */
    uint32_t n_worst;
    const uint8_t *worst_pixels; /* [n_worst][28][28], in the order of worst; NULL: no worst.svg and .png */
} ink_evaluation;

/* Writes them into an existing folder; each file whole or not at all, those of before replaced.
 * Errors   INK_E_FILE, INK_E_MEMORY */
INK_MUST_USE ink_status ink_evaluation_write(const ink_evaluation *evaluation, const char *folder, ink_error *err);

#endif
