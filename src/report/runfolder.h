/* report/runfolder.h: what the parts of the run log share: for runlog*.c, and for who reads
 * files of a run folder whole. */
#ifndef INK_REPORT_RUNFOLDER_H
#define INK_REPORT_RUNFOLDER_H

#include "report/runlog.h"
#include "report/text.h"

#define INK_RUN_PATH_SIZE 4096
#define INK_METRICS_HEADER                                                                                             \
    "epoch,step,time_s,lr,train_loss,train_acc,val_loss,val_acc,val_errors,best,images_per_s,peak_mem_mb"

/* A file that only grows; size is where its last whole line ends. */
typedef struct ink_growing {
    int descriptor; /* -1: closed */
    char name[32];
    uint64_t size;
} ink_growing;

struct ink_runlog {
    char path[INK_RUN_PATH_SIZE]; /* absolute */
    char recipe[64];
    char started[32];
    bool indexed; /* has a row in ../index.csv */
    int lock;
    ink_growing metrics, events, lines;
    ink_epoch *epochs;
    uint32_t n_epochs, capacity, planned;
    uint32_t nets, nets_done; /* nets 0: a run of one */
    uint64_t step;
    double last_beat_s;               /* negative: never */
    double last_draw_s, draw_takes_s; /* when the charts were drawn; negative: never */
};

/* The whole file, terminated; *bytes: ink_mem_free. A file that is not there: *bytes NULL and INK_OK. */
INK_MUST_USE ink_status ink_run_read(const char *path, char **bytes, size_t *size, ink_error *err);

/* Appends the text as whole lines, or leaves the file as it was; empties the text. */
INK_MUST_USE ink_status ink_growing_add(const ink_runlog *log, ink_growing *file, ink_text *text, ink_error *err);
INK_MUST_USE ink_status ink_growing_sync(const ink_runlog *log, const ink_growing *file, ink_error *err);

/* Writes status.json. message may be NULL. */
INK_MUST_USE ink_status ink_run_write_status(ink_runlog *log, ink_run_state state, const char *message, ink_error *err);

/* Remembers an epoch: INK_E_MEMORY. */
INK_MUST_USE ink_status ink_run_keep_epoch(ink_runlog *log, const ink_epoch *epoch, ink_error *err);

/* The rows of a metrics.csv in memory, up to and with the last whole line whose epoch is at most `last`; *length: where
 * that line ends. name: for messages. */
INK_MUST_USE ink_status ink_run_parse(const char *name, const char *text, uint32_t last, ink_epoch **epochs,
                                      uint32_t *n, size_t *length, ink_error *err);

#endif
