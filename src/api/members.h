/* api/members.h: the list of nets in a run of several (an ensemble, a cross-validation): members.ink in its folder.
 *
 *   RUN/members.ink        safetensors: "results" F64 [n][6], a row for each net; metadata: the settings of the run
 *   RUN/members/01 ...     the run folder of each net, as if it had been trained alone */
#ifndef INK_API_MEMBERS_H
#define INK_API_MEMBERS_H

#include "files/safetensors.h"
#include "report/epoch.h"

#define INK_MEMBERS_NAME "members.ink"
#define INK_MEMBERS_MOST 99

typedef struct ink_member {
    bool done;
    uint32_t epochs, train_rows, val_rows, errors; /* errors: of its own held-out rows, by its last weights */
    double loss, seconds;
} ink_member;

typedef struct ink_members {
    ink_tensors file; /* its notes: ink_tensors_note(&file, key) */
    uint32_t n;
    ink_member member[INK_MEMBERS_MOST];
} ink_members;

/* Is there such a list in this folder? */
bool ink_members_are(const char *folder);

/* Errors   INK_E_FILE; INK_E_DATA: not such a list; INK_E_MEMORY. The caller frees members.file. */
INK_MUST_USE ink_status ink_members_load(const char *folder, ink_members *out, ink_error *err);
/* Have all its nets been trained? INK_E_USAGE: the first that has not, and how to go on. */
INK_MUST_USE ink_status ink_members_check_done(const ink_members *members, const char *folder, ink_error *err);
/* From a file that was read. INK_E_DATA: no results of 1 to 99 nets in it. */
INK_MUST_USE ink_status ink_members_take(const ink_tensors *file, const char *name, ink_members *out, ink_error *err);

/* notes: borrowed. Whole or not at all. */
INK_MUST_USE ink_status ink_members_save(const char *folder, const ink_members *members, const ink_pair *notes,
                                         size_t n_notes, ink_error *err);

/* The epochs of a run, as ink_run_epochs has them; of a run of several nets their means over those nets that are
 * trained, up to the shortest one's last, none of them `best`: *nets of them (1: an ordinary run; 0, and *n 0: none is
 * trained yet).
 * Errors   of the files; INK_E_DATA: a trained net without epochs. Owner: the caller, ink_mem_free. */
INK_MUST_USE ink_status ink_members_epochs(const char *folder, ink_epoch **epochs, uint32_t *n, uint32_t *nets,
                                           ink_error *err);

/* "RUN/members/03" for k = 2. Errors: INK_E_USAGE too long. */
INK_MUST_USE ink_status ink_member_path(const char *folder, uint32_t k, char *path, size_t size, ink_error *err);

#endif
