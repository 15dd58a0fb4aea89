/* report/page.h: report.html: one file that holds a whole run: score, charts, confusion matrix, mistakes, settings.
 * It loads nothing from anywhere, follows light and dark, and fits a phone. */
#ifndef INK_REPORT_PAGE_H
#define INK_REPORT_PAGE_H

#include "inkling.h"
#include "report/confusion.h"
#include "report/epoch.h"
#include "report/mistakes.h"

/* A line of the table of facts: "weights", "sha256 ...". */
typedef struct ink_page_fact {
    const char *name, *value;
} ink_page_fact;

/* What is NULL or 0 is left out. All borrowed. */
typedef struct ink_page {
    const char *title; /* "inkling: v3, 2026-01-31" */
    const ink_epoch *epochs;
    uint32_t n_epochs;
    uint32_t n_nets;                /* whose means the epochs are; 0 or 1: they are one net's */
    const char *nets;               /* of a run of several: a table of them, as text */
    const ink_confusion *confusion; /* of the held-out rows, by the best weights */
    const char *measured_on;        /* "4,200 held-out digits, best weights (epoch 8)" */
    const ink_mistake *worst;
    uint32_t n_worst;
    const uint8_t *worst_pixels; /* [n_worst][28][28] */
    const ink_mistake *suspects; /* report/suspects.h */
    uint32_t n_suspects, suspects_in_all;
    const uint8_t *suspect_pixels; /* [n_suspects][28][28] */
    const char *settings;          /* args.conf */
    const ink_page_fact *facts;
    uint32_t n_facts;
} ink_page;

/* *html: ink_mem_free. */
INK_MUST_USE ink_status ink_page_html(const ink_page *page, char **html, ink_error *err);

#endif
