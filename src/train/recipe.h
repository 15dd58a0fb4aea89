/* train/recipe.h: one way of training, as text and as numbers: how pixels are scaled, what is held out, optimizer,
 * schedule, distortions, and the net. ink_recipe_keys says what each key means.
 *
 *   key = value          # one a line, above [net]; unknown keys are errors
 *   [net]                # then the net's text (nn/net.h) to the end of the file; or the key  net = NAME  of the zoo
 */
#ifndef INK_TRAIN_RECIPE_H
#define INK_TRAIN_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/augment.h"
#include "data/split.h"
#include "inkling.h"
#include "nn/net.h"
#include "train/schedule.h"

#define INK_RECIPE_VALUE_SIZE 200
#define INK_RECIPE_KEYS_MAX   64
#define INK_RECIPE_BATCH_MOST 65536u /* images that a program takes at once (ops/needs.h) */

typedef enum ink_normalise_kind {
    INK_NORMALISE_NONE,    /* 0..255 as they are */
    INK_NORMALISE_RANGE,   /* x / divisor - offset */
    INK_NORMALISE_MEANSTD, /* (x / 255 - mean) / std */
    INK_NORMALISE_AUTO,    /* the same, mean and std of the training rows' pixels */
    INK_NORMALISE_IMAGENET /* the same with ImageNet's three, on 3 equal channels */
} ink_normalise_kind;

typedef struct ink_recipe {
    char name[64];
    /* What each key says, in the order of ink_recipe_keys, as text; "" never: the fallback stands until it is set. */
    char value[INK_RECIPE_KEYS_MAX][INK_RECIPE_VALUE_SIZE];
    ink_normalise_kind normalise;
    double normalise_a, normalise_b; /* divisor and offset, or mean and std */
    ink_split_kind val_kind;
    double val_fraction;
    uint64_t seed;
    bool shuffle;
    uint32_t epochs, batch_size, eval_batch_size, workers;
    ink_optimizer optimizer;
    double lr, body_lr_scale, muon_lr;
    ink_schedule schedule;
    double label_smoothing;
    double hard_share;                        /* train/hard.h; 1: every image */
    double distil_weight, distil_temperature; /* with teachers alone */
    double temperature;                       /* of the finished net; 0: fitted on the held-out rows */
    double until;                             /* accuracy on the held-out rows at which training ends; 0: none */
    double budget_s; /* the time that epochs are fitted to (api/train_budget.c); 0: epochs stands */
    ink_augment augment;
    uint32_t members;  /* nets trained side by side, whose answers are averaged; 1: one net */
    bool members_same; /* all hold out the same rows, so that they can be measured together */
    uint32_t folds;    /* of cross-validation; 0: none */
    char *net_text;    /* owned; NULL until a net is set */
    char *net_file;    /* owned; for messages: "v3" or "nets/my.txt" */
    uint64_t net_line; /* of net_text's first line in net_file */
} ink_recipe;

typedef struct ink_recipe_key_info {
    const char *key, *argument, *fallback, *help;
} ink_recipe_key_info;

/* All keys, in the order of help and of ink_recipe_text. Static. */
const ink_recipe_key_info *ink_recipe_keys(size_t *count);

/* Every key at its fallback, no net. */
void ink_recipe_start(ink_recipe *recipe);

/* Sets one key. where: for messages ("--lr", or "my.txt:3"); borrowed.
 * Errors   INK_E_USAGE unknown key (with "did you mean"), a value that makes no sense. The recipe is then unchanged. */
INK_MUST_USE ink_status ink_recipe_set(ink_recipe *recipe, const char *key, const char *value, const char *where,
                                       ink_error *err);

/* Pixels to numbers, as the recipe says. mean and std are those of the training rows' pixels as 0..1; only `meanstd
 * auto` asks for them. */
void ink_recipe_normalise(const ink_recipe *recipe, double mean, double std, ink_normalise *out);

/* The net: the name of the zoo's, else a file's text that the caller read. Replaces what was set. */
INK_MUST_USE ink_status ink_recipe_set_net(ink_recipe *recipe, const char *text, const char *file, uint64_t line,
                                           ink_error *err);

/* Reads recipe text over what is there already. file: for messages, and the recipe's name is its last part without
 * ".txt".
 * Errors   INK_E_USAGE with file and line. */
INK_MUST_USE ink_status ink_recipe_parse(ink_recipe *recipe, const char *text, const char *file, ink_error *err);

/* The recipe as text that ink_recipe_parse reads back: every key, then the net. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_recipe_text(const ink_recipe *recipe, char **text, ink_error *err);

/* Frees the net's text. */
void ink_recipe_clear(ink_recipe *recipe);

/* The text of a built-in recipe (recipes/<name>.txt, compiled into the program), or NULL. */
const char *ink_recipe_find(const char *name);
/* The file name ("v3.txt") of the n-th built-in recipe, by name, or NULL past the end. */
const char *ink_recipe_file(size_t n);

#endif
