/* api/train_run.h: one training run: what its parts (settings, saving, ending) share. For api/train*.c alone. */
#ifndef INK_API_TRAIN_RUN_H
#define INK_API_TRAIN_RUN_H

#include "api/engine.h"
#include "api/judge.h"
#include "api/members.h"
#include "api/predict.h"
#include "api/train_teachers.h"
#include "report/runlog.h"
#include "report/text.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

#define INK_CHECKPOINT_NAME "checkpoint.ink"

typedef struct ink_train_run {
    const ink_train_options *options;
    const ink_watch *watch;
    ink_train_result *result;
    ink_recipe recipe;
    ink_machine machine;
    ink_dataset set;
    uint32_t own_rows;    /* of set.train, from DATA; those behind them are never held out */
    ink_text more;        /* absolute paths of the other DATA, a line each */
    ink_text more_sha256; /* of their images, a line each */
    uint8_t *held_out;    /* [set.train.count], as data/split.h says */
    ink_train_teachers teachers;
    ink_trainer *trainer;
    ink_runlog *log;
    ink_runlog *whole;      /* of the run of several nets that this is one of, borrowed; NULL: of none */
    ink_checkpoint resumed; /* what --resume read; {0} otherwise */
    bool learn_head;
    char origin[1024];                             /* of the first weights, as a line; "" for --resume */
    char data[INK_PATH_SIZE], test[INK_PATH_SIZE]; /* as absolute paths; test "" when not named */
    char weights[INK_PATH_SIZE];                   /* --weights, that too, or a built-in model; "" when not given */
    double started_s, saved_s, told_s;             /* clocks: run, last checkpoint, last progress */
    uint64_t started_step;
    double rate;          /* rows a second, smoothed */
    uint64_t rate_rows;   /* rows seen when rate was last brought up to date */
    double rate_s;        /* and when */
    ink_error save_error; /* the last failed checkpoint; INK_OK: none */
} ink_train_run;

/* Fills recipe, machine and, for --resume, resumed and the options that it remembers. */
INK_MUST_USE ink_status ink_train_settle(ink_train_run *run, ink_error *err);

/* The absolute path of a file; "-" stays. Errors: INK_E_FILE, INK_E_USAGE too long. */
INK_MUST_USE ink_status ink_train_absolute(const char *path, char out[INK_PATH_SIZE], ink_error *err);

/* Can a list of lines keep it for --resume? INK_E_USAGE: a line feed stands in it. */
INK_MUST_USE ink_status ink_train_check_line(const char *path, ink_error *err);

/* What env.json holds of the run; borrows from it. */
ink_run_env ink_train_env(const ink_train_run *run);

/* Fills `more`: from the options, or for --resume from the checkpoint. */
INK_MUST_USE ink_status ink_train_settle_more(ink_train_run *run, ink_error *err);
/* After DATA was read: appends the rows of `more` to it. */
INK_MUST_USE ink_status ink_train_read_more(ink_train_run *run, ink_error *err);
/* held_out of a run that goes on, as its checkpoint has it. Errors: INK_E_DATA it is of another number of rows. */
INK_MUST_USE ink_status ink_train_take_split(ink_train_run *run, ink_error *err);
/* After the split: rows of `more` that are copies of held-out ones are not learned. Says how many. */
INK_MUST_USE ink_status ink_train_leave_out(ink_train_run *run, ink_error *err);

/* The whole way to the trainer: settle, data, split, trainer; and the way back. */
INK_MUST_USE ink_status ink_train_prepare(ink_train_run *run, ink_error *err);
void ink_train_close(ink_train_run *run);

/* --budget: sets the recipe's epochs by the pace of a few steps, which are undone, and writes them to the run folder.
 * Does nothing without it. */
INK_MUST_USE ink_status ink_train_fit_budget(ink_train_run *run, ink_error *err);

/* Writes the checkpoint. */
INK_MUST_USE ink_status ink_train_save(ink_train_run *run, ink_error *err);

/* The best epoch so far, from the trainer into the result. */
void ink_train_note_best(ink_train_run *run);

/* The trainer's watch over this run. */
ink_trainer_watch ink_train_watch(ink_train_run *run);

/* Trains one net: settings, data and held_out are there. Frees trainer, log, teachers and held_out. */
INK_MUST_USE ink_status ink_train_one(ink_train_run *run, ink_error *err);
/* The same up to the run folder: could the net be built and trained as the recipe says? Leaves its numbers of rows in
 * the result, and in the machine the precision that `auto` comes to. */
INK_MUST_USE ink_status ink_train_try(ink_train_run *run, ink_error *err);
/* Nothing known yet. */
void ink_train_result_start(ink_train_result *result);

/* Does the recipe ask for several nets (members, folds)? Then ink_train_many trains them, data and settings being
 * there, each in a folder of its own in the run folder, and judges them together. */
bool ink_train_is_many(const ink_train_run *run);
INK_MUST_USE ink_status ink_train_many(ink_train_run *run, ink_error *err);

/* report.html: the whole run on one page, whether it trained one net or several. */
INK_MUST_USE ink_status ink_train_page(ink_train_run *run, const ink_judgement *judgement, ink_error *err);

/* After the last epoch: predicts the test file or scores it. */
INK_MUST_USE ink_status ink_train_submit(ink_train_run *run, ink_error *err);

#endif
