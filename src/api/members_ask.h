/* api/members_ask.h: what a run of several nets says of the rows that its nets held out: each row judged by the mean of
 * those nets that had not learned it. For a cross-validation that is one net a row, and all rows together. */
#ifndef INK_API_MEMBERS_ASK_H
#define INK_API_MEMBERS_ASK_H

#include "api/members.h"
#include "api/models.h"

/* Which nets, how they are run, and the images that they were cut from; all borrowed. */
typedef struct ink_members_question {
    const char *run; /* the folder; each net's held-out rows stand in its own split.csv */
    const ink_members *members;
    const ink_machine *machine;
    uint32_t max_batch;
    const char *tta; /* as ink_tta_choose takes them */
    double tta_below;
    const ink_images *images; /* with labels */
    const char *data_sha256;  /* of these; a net that learned from others is refused */
    const ink_watch *watch;
} ink_members_question;

typedef struct ink_members_answer {
    ink_images images; /* the rows that one net or more held out, in their order; owned */
    uint32_t *rows;    /* [images.count] their numbers; owned */
    ink_predictions predictions;
    double judges_mean; /* nets that judged a row, on average */
} ink_members_answer;   /* {0}: none */

/* Errors   INK_E_DATA: trained on other data, a damaged split.csv; INK_E_USAGE: no net held anything out; INK_E_FILE;
 * INK_E_STOPPED; INK_E_MEMORY. Owner: the caller, by ink_members_answer_clear. */
INK_MUST_USE ink_status ink_members_ask(const ink_members_question *question, ink_members_answer *out, ink_error *err);
void ink_members_answer_clear(ink_members_answer *answer);

#endif
