/* api/work.h: what the program inkling does beyond the installed inkling.h: one function per verb of the command line.
 * Not installed. The command line (cli/) and the page's server (web/) call this and inkling.h, and no room below.
 *
 * Rules
 *  - Options structs start as {0}: every zero or NULL means "not given", and the comment says what then holds.
 *  - Strings in options are borrowed for the call. Text that a function returns through char ** is the caller's, to be
 *    freed with ink_work_free; on failure it is NULL.
 *  - Nothing here prints: what a person should hear during the work comes through ink_watch. */
#ifndef INK_API_WORK_H
#define INK_API_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inkling.h"

#define INK_PATH_SIZE 1024

void ink_work_free(void *text);

/* src in dst (size bytes, terminated), for one line on a terminal: control characters, those of UTF-8 too, as \xNN;
 * "..." at the end of what is too long. */
void ink_work_escape(char *dst, size_t size, const char *src);

/* In place, for JSON: bytes that are no UTF-8 and control characters become '?'. */
void ink_work_mend(char *text);

/* The one of n known words that `word` was probably meant to be; NULL: none is near. For "did you mean". */
const char *ink_work_near(const char *word, const char *const *known, size_t n);

/* ---- listening ---- */

typedef enum ink_say {
    INK_SAY_INFO,   /* what was found, what is done: a line for stderr */
    INK_SAY_WARNING /* something that a person should look at; training goes on */
} ink_say;

/* Where a long piece of work stands. Fields that mean nothing in this phase are 0 (loss: NaN). */
typedef struct ink_progress {
    const char *phase;       /* "reading", "training", "validating", "predicting", "downloading", "drawing" */
    const char *unit;        /* of done and total: "images", "bytes", "digits" */
    uint64_t done, total;    /* total 0: not known */
    double rate;             /* units a second, smoothed */
    double eta_s, run_eta_s; /* until this phase ends, until the whole run ends; negative: not known */
    uint32_t epoch, epochs;  /* training: from 1 */
    double loss;             /* training: mean of this epoch so far */
    double accuracy;         /* validation accuracy of the epoch before; NaN when there is none */
} ink_progress;

/* Called on the calling thread, between batches; each should return within a millisecond. All may be NULL. */
typedef struct ink_watch {
    void *context;
    void (*say)(void *context, ink_say kind, const char *line);
    void (*progress)(void *context, const ink_progress *progress);
    /* Nonzero: finish the batch, save, return INK_E_STOPPED. */
    int (*stop)(void *context);
} ink_watch;

/* Where and how to compute. */
typedef struct ink_engine {
    const char *device;    /* "auto", "cpu", "cuda", "cuda:1"; NULL = auto. "ref" is the judge of the tests */
    const char *precision; /* "auto", "f32", "bf16"; NULL = auto */
    uint32_t threads;      /* 0: one per processor */
    bool exact;            /* only algorithms with the same bits on every processor */
} ink_engine;

/* One "--key value" that overrides a line of the recipe. */
typedef struct ink_setting {
    const char *key, *value;
} ink_setting;

/* ---- recipes ---- */

/* A key of a recipe; also a long option of `inkling train`. */
typedef struct ink_recipe_key {
    const char *key;      /* "batch-size" */
    const char *argument; /* "N", "RATE", "none|cosine|...": what follows it in help */
    const char *fallback; /* its value when no recipe sets it, as text */
    const char *help;     /* one line */
} ink_recipe_key;

/* All keys, in the order of help and of args.conf. Static. */
const ink_recipe_key *ink_work_recipe_keys(size_t *count);

/* "name   first comment line" per built-in recipe. */
INK_MUST_USE ink_status ink_work_recipe_list(char **text, ink_error *err);
/* What may stand below [net]: a screenful. */
INK_MUST_USE ink_status ink_work_recipe_layers(char **text, ink_error *err);
/* The names of what is built in, from 0: false, NULL past the last. Models: ink_model_builtin_name. */
bool ink_work_recipe_name(size_t n, char name[64]);
const char *ink_work_net_name(size_t n);
/* The text of a built-in recipe or of a file. INK_E_USAGE with a near name for an unknown one. */
INK_MUST_USE ink_status ink_work_recipe_show(const char *name, char **text, ink_error *err);

/* ---- train ---- */

typedef struct ink_train_options {
    const char *data;        /* DATA; required unless resume */
    const char *const *more; /* further DATA: all of their rows are learned from, none is held out */
    size_t n_more;
    const char *test;   /* --test: the file to predict; NULL: what stands beside DATA */
    const char *recipe; /* name or file; NULL = "default" */
    const char *net;    /* zoo name or file with a net; NULL: the recipe's own */
    const ink_setting *settings;
    size_t n_settings;
    const char *out;     /* run folder; NULL = runs/<date>-<recipe> */
    bool force;          /* an existing run in `out` is replaced */
    const char *resume;  /* run folder to continue: all settings come from its checkpoint, data from where it was */
    const char *weights; /* file (model, safetensors, .pth) or run whose weights to start from, where they fit */
    const char *freeze;  /* "body": only the last layer learns; NULL: all learn */
    const char *const *teachers; /* models to learn from too (recipe keys distil-...) */
    size_t n_teachers;           /* 0: labels alone */
    double save_every_s;         /* a checkpoint also every so many seconds; 0 = only at each epoch's end */
    const char *const *argv;     /* for env.json; NULL-terminated or NULL */
    ink_engine engine;
} ink_train_options;

/* One net of several. errors, accuracy, loss: of the rows that it held out, by its last weights. */
typedef struct ink_train_member {
    uint64_t seed;
    uint32_t epochs, train_rows, val_rows, errors;
    double accuracy, loss; /* NaN: it held nothing out */
    double seconds;        /* training and measuring */
} ink_train_member;

typedef struct ink_train_result {
    char run[INK_PATH_SIZE];  /* the run folder, absolute */
    char data[INK_PATH_SIZE]; /* DATA as it was named; of a run that goes on, absolute */
    bool unsaved;             /* INK_E_STOPPED: where it stopped could not be saved; an earlier checkpoint may stand */
    char recipe[64];
    uint64_t seed;                   /* of several nets the first one's */
    uint32_t epochs;                 /* finished */
    uint32_t train_rows, val_rows;   /* val_rows 0: nothing was held out, no accuracy is claimed */
    uint32_t best_epoch;             /* from 1; 0: none */
    double best_accuracy, best_loss; /* on the held-out rows */
    uint32_t best_errors;
    double last_accuracy, last_loss;
    double until;     /* the accuracy that training was to end at; 0: none */
    bool reached;     /* it was, after the last of the epochs */
    double trained_s; /* training and measuring, over all parts of a resumed run */
    bool test_scored; /* the test file had labels: scored once, at the end, with the last weights */
    uint32_t test_rows, test_errors;
    double test_accuracy;
    char submission[INK_PATH_SIZE]; /* "" when there was no test file */
    char graph[INK_PATH_SIZE];      /* accuracy.png; "" when no epoch was measured */
    char weights_sha256[65];        /* of last.safetensors: equal runs, equal bytes */
    double seconds;
    /* Of a cross-validation or an ensemble; nets 0: one net was trained, and what follows means nothing. val_rows and
     * what stands here are then of the rows that some net had not learned, each judged by those nets alone. */
    uint32_t nets, all_errors;
    double all_accuracy, all_low, all_high;   /* with the 95 % interval; NaN: nothing was held out */
    double mean_accuracy, deviation_accuracy; /* over the nets, each on its own held-out rows */
    char *table;                              /* a line for each net; ink_work_free */
    ink_train_member *members;                /* [nets], when all are trained, else NULL; ink_work_free */
} ink_train_result;

/* The main job (README): reads, holds out, trains, measures, draws, predicts, writes the run folder. result may be
 * filled in part when the status is INK_E_STOPPED or INK_E_DIVERGED (run says where); it is whole with
 * INK_E_THRESHOLD: all is done, but the accuracy of the recipe's `until` was not reached. */
INK_MUST_USE ink_status ink_work_train(const ink_train_options *options, const ink_watch *watch,
                                       ink_train_result *result, ink_error *err);
/* The accuracy of a run's epochs (metrics.csv) as a small text graph. */
INK_MUST_USE ink_status ink_work_graph_text(const char *run, uint32_t columns, bool utf8, char **text, ink_error *err);

/* ---- lr-find ---- */

typedef struct ink_lr_find_options {
    const char *data, *recipe, *net; /* as for train */
    const ink_setting *settings;
    size_t n_settings;
    const char *out;  /* the chart becomes <out>.svg and <out>.png, or the one that out ends in; NULL = "lr-find" */
    double low, high; /* of the sweep; 0 = 1e-7 and 10 */
    uint32_t steps;   /* 0 = 300 */
    uint32_t columns; /* width of the terminal, for text; 0 = 80 */
    ink_engine engine;
} ink_lr_find_options;

typedef struct ink_lr_find_result {
    double suggestion;
    uint32_t steps;                              /* taken before the loss grew beyond hope */
    char svg[INK_PATH_SIZE], png[INK_PATH_SIZE]; /* "": not drawn */
    char *text;                                  /* the loss over the rate, a bar a line; ink_work_free */
} ink_lr_find_result;

/* Raises the learning rate step by step, draws the loss, suggests a rate. Nothing learned is kept. */
INK_MUST_USE ink_status ink_work_lr_find(const ink_lr_find_options *options, const ink_watch *watch,
                                         ink_lr_find_result *result, ink_error *err);

/* ---- predict, eval ---- */

typedef struct ink_predict_options {
    const char *const *models;   /* files or run folders; several are an ensemble (mean of probabilities) */
    size_t n_models;             /* 0: the built-in model */
    const char *data;            /* DATA: its test file if it has one, else its only file */
    const char *out;             /* NULL: "submission.csv", but none of pictures */
    const char *probabilities;   /* file for ImageId,p0,...,p9; NULL: none */
    bool force;                  /* an existing file may be replaced (a submission always may) */
    uint32_t eval_batch_size;    /* 0 = 1000 */
    const char *const *pictures; /* for ink_work_predict_pictures, instead of data: files, or folders of pictures */
    size_t n_pictures;
    const char *tta;  /* "all", "5": the ways in which each image is looked at (api/tta.h); NULL: one */
    double tta_below; /* only those images whose likeliest digit is less probable than this; 0: every image */
    ink_engine engine;
} ink_predict_options;

typedef struct ink_predict_result {
    char submission[INK_PATH_SIZE];
    uint32_t rows;
    uint32_t counts[10]; /* how often each digit was predicted */
    double seconds, images_per_s;
} ink_predict_result;

INK_MUST_USE ink_status ink_work_predict(const ink_predict_options *options, const ink_watch *watch,
                                         ink_predict_result *result, ink_error *err);

/* A picture file, by its name or its first bytes; a folder with class folders of such, or with such in it. */
bool ink_work_is_picture(const char *path);
bool ink_work_holds_pictures(const char *path);

/* What is on one picture. */
typedef struct ink_picture_answer {
    char *file;
    ink_status status; /* INK_OK: digit and p count; else why says in one line what is wrong with the file */
    char *why;
    uint32_t digit;
    float p[10];
} ink_picture_answer;

typedef struct ink_picture_answers {
    ink_picture_answer *answers;
    uint32_t count;
} ink_picture_answers; /* {0}: none */

/* One digit a picture. A file that is no picture, or shows no digit, spoils its own answer alone. */
INK_MUST_USE ink_status ink_work_predict_pictures(const ink_predict_options *options, const ink_watch *watch,
                                                  ink_picture_answers *out, ink_error *err);
void ink_work_picture_answers_free(ink_picture_answers *answers);

typedef struct ink_eval_options {
    const char *const *models;
    size_t n_models;
    const char *data;         /* labelled DATA: its train file, or t10k where there is one, or a labelled file */
    bool held_out;            /* only the rows that every run among the models held out: their split.csv */
    bool suspects;            /* tell which labels are probably wrong; of rows that no model has learned */
    uint32_t eval_batch_size; /* 0 = 1000 */
    const char *out;          /* folder for report.txt, .json and the files of api/judge.h; NULL: none */
    const char *tta;          /* as for predict */
    double tta_below;
    ink_engine engine;
} ink_eval_options;

typedef struct ink_eval_result {
    uint32_t rows, errors;
    double accuracy, low, high; /* fraction, and its 95 % Wilson interval */
    double loss;                /* mean cross-entropy */
    char *text;                 /* report for a person: accuracy, per-digit table, most confused; ink_work_free */
    char *json;                 /* one object: schema, accuracy, errors, loss, rows, digits, ...; ink_work_free */
} ink_eval_result;

INK_MUST_USE ink_status ink_work_eval(const ink_eval_options *options, const ink_watch *watch, ink_eval_result *result,
                                      ink_error *err);

/* ---- import, export ---- */

typedef struct ink_import_options {
    const char *file;      /* PyTorch's .pth or .pt, safetensors, "-" for standard input */
    const char *net;       /* zoo name or file with a net; NULL: what the file says of itself */
    const char *normalise; /* as the recipe's key; NULL: the file's own, else "imagenet" for nets of 3 channels, else
                              "range 255 0" */
    const char *out;       /* the model file */
    uint64_t seed;         /* of what is missing */
    bool partial;          /* tensors may be missing or unknown beyond the head too */
    bool force;            /* an existing file is replaced */
} ink_import_options;

typedef struct ink_import_result {
    uint32_t loaded, missing; /* of the net's tensors; the missing ones were drawn from seed */
    char normalise[64];       /* "imagenet": how pixels become numbers, in a recipe's words; "": as FILE itself said */
    char *text;               /* what was loaded, skipped, missing, for a person; ink_work_free */
    char *json;               /* the same, one object; ink_work_free */
} ink_import_result;

/* Weights of other programs to a model file. Errors: INK_E_DATA the body (all but the last layer that has parameters)
 * does not fit, with every difference; INK_E_USAGE no net is named, unknown words. */
INK_MUST_USE ink_status ink_work_import(const ink_import_options *options, ink_import_result *result, ink_error *err);

typedef struct ink_export_result {
    uint32_t tensors; /* written, counts of batch norms included */
    uint64_t numbers; /* in them, those counts left out */
} ink_export_result;

typedef struct ink_export_options {
    const char *model; /* a model file or a run folder */
    const char *out;
    bool force;
    const char *dtype;        /* "f32", "f16", "i8" (bytes with a scale a channel); NULL = "f32" */
    const char *const *notes; /* "score=99.4 %": about, score, command, seed; kept in the file. Not with f32 */
    size_t n_notes;
} ink_export_options;

/* A model to safetensors that torch.nn.Module.load_state_dict takes as it is, or (f16, i8) to a smaller file for
 * inkling; a model in both cases. */
INK_MUST_USE ink_status ink_work_export(const ink_export_options *options, ink_export_result *result, ink_error *err);

/* ---- compare, plot ---- */

#define INK_COMPARE_PAIRED 6 /* more runs than these are listed, with their mean, neither paired nor drawn */
#define INK_COMPARE_MOST   100

typedef struct ink_compare_options {
    const char *const *runs; /* 2 to INK_COMPARE_MOST run folders */
    size_t n_runs;
    const char *column; /* of metrics.csv; NULL = "val_acc" */
    const char *axis;   /* "epoch", "step", "time"; NULL = "epoch" */
    const char *out;    /* the graph, .svg and .png are added; NULL = "compare" */
} ink_compare_options;

/* Runs side by side with their mean and deviation, McNemar's test on the rows that two held out, the settings that
 * differ; one graph. *text (ink_work_free): for a person, or one JSON object; after an error too where only the graph
 * is missing, else NULL.
 * Errors   INK_E_FILE no run, a graph that cannot be written; INK_E_DATA a damaged run; INK_E_USAGE. */
INK_MUST_USE ink_status ink_work_compare(const ink_compare_options *options, bool json, char **text, ink_error *err);

typedef struct ink_plot_options {
    const char *run;
    const char *columns; /* "val_acc,train_acc": 1 to 6 that share a scale; NULL: the charts of the run folder anew */
    const char *axis;    /* as above */
    const char *out;     /* as above; NULL: plot.svg and plot.png in the run folder */
} ink_plot_options;

/* *nets: of so many nets the means were drawn; 1: of an ordinary run. */
INK_MUST_USE ink_status ink_work_plot(const ink_plot_options *options, uint32_t *nets, ink_error *err);

/* ---- show ---- */

typedef enum ink_look { INK_LOOK_FILTERS, INK_LOOK_MAPS, INK_LOOK_SALIENCY } ink_look;

typedef struct ink_look_options {
    ink_look what;
    const char *model; /* NULL: the built-in one */
    const char *data;  /* DATA; not for filters */
    uint32_t image;    /* which image of it, from 0 */
    const char *out;   /* .png or .svg; NULL = "filters.png", "maps.png", "saliency.png" */
    uint32_t columns;  /* width of the terminal, for the text */
    bool utf8;
    ink_engine engine;
} ink_look_options;

/* The first layer's filters, the feature maps of an image, or which of its pixels the answer hangs on: a picture; text:
 * some of it for the terminal. */
INK_MUST_USE ink_status ink_work_look(const ink_look_options *options, const ink_watch *watch, char **text,
                                      ink_error *err);

/* ---- data ---- */

typedef struct ink_show_options {
    const char *data;
    const char *out;     /* PNG; NULL = "digits.png" */
    uint32_t count;      /* digits on the sheet; 0 = 100 */
    uint64_t seed;       /* which ones; 0: the first of each class in turn */
    const char *augment; /* recipe whose distortions are applied, or the words of its key; NULL: none */
    uint32_t columns;    /* width of the terminal, for the text */
    bool utf8;
} ink_show_options;

/* Draws a sheet; text: a few digits and the counts per class for the terminal. */
INK_MUST_USE ink_status ink_work_data_show(const ink_show_options *options, const ink_watch *watch, char **text,
                                           ink_error *err);

typedef struct ink_check_options {
    const char *data;
    const char *test; /* NULL: what stands beside DATA */
    const char *out;  /* folder for check.txt, check.json and pictures; NULL: none */
    double distance;  /* of near copies, at most 0.5; 0 = 0.03 */
    uint32_t threads; /* 0: one per processor */
} ink_check_options;

typedef struct ink_check_result {
    uint32_t findings; /* kinds of oddities that were found */
    char *text, *json; /* ink_work_free */
} ink_check_result;

/* Copies, near copies, blank images, uneven classes, digits that do not lie as MNIST's. */
INK_MUST_USE ink_status ink_work_data_check(const ink_check_options *options, const ink_watch *watch,
                                            ink_check_result *result, ink_error *err);

typedef struct ink_make_options {
    const char *dir; /* gets train.csv (count rows), test.csv, test_labels.csv (count / 4), sample_submission.csv */
    uint32_t count;  /* 0 = 60000 */
    uint64_t seed;
    bool force;       /* existing files are replaced */
    uint32_t threads; /* 0: one per processor */
} ink_make_options;

INK_MUST_USE ink_status ink_work_data_make(const ink_make_options *options, const ink_watch *watch, ink_error *err);

typedef struct ink_get_options {
    const char *what;          /* "mnist", "resnet18", "resnet34" */
    const char *dir;           /* made when absent */
    const char *const *mirror; /* base addresses tried first, NULL-terminated; NULL: the public ones */
} ink_get_options;

/* The one function that uses the network. */
INK_MUST_USE ink_status ink_work_data_get(const ink_get_options *options, const ink_watch *watch, ink_error *err);

/* ---- serve ---- */

/* A model in service: what `inkling serve` asks. All functions may be called from several threads at once. */
typedef struct ink_service ink_service;

typedef struct ink_service_options {
    const char *model;       /* file or run folder; NULL: the built-in model */
    const char *corrections; /* folder, made when absent, for ink_service_correct; NULL: none are kept */
    uint32_t max_batch;      /* images computed at once; 0 = 64 */
    ink_engine engine;       /* threads 0: one per processor but one */
} ink_service_options;

INK_MUST_USE ink_status ink_service_open(const ink_service_options *options, ink_service **out, ink_error *err);
void ink_service_free(ink_service *service);

typedef enum ink_body {
    INK_BODY_PIXELS,  /* n * 784 bytes, 0 paper .. 255 ink, as the net wants them */
    INK_BODY_PICTURE, /* PNG or JPEG */
    INK_BODY_JSON     /* {"images":[[784 whole numbers 0..255],...]} */
} ink_body;

/* One request and its answer, as HTTP carries them (docs/serving.md says what stands in the bodies). */
typedef struct ink_question {
    ink_body body;
    const uint8_t *bytes; /* borrowed for the call */
    size_t size;
    bool layers;  /* what the layers see as well; of one image */
    bool segment; /* several digits in one picture */
    /* the answer */
    int code;        /* HTTP's: 200; 400 a body that makes no sense; 422 no digit; 500 */
    char *answer;    /* JSON, ink_work_free; NULL: out of memory, code 500 */
    uint32_t images; /* that were read */
} ink_question;

/* Answers all n, their images in as few runs as possible. */
void ink_service_answer(ink_service *service, ink_question *const *questions, size_t n);

/* {"image":"base64 of 784 bytes","label":7} kept as <corrections>/7/<first half of its SHA-256>.png. Code 200, 400, 404
 * (no folder), 500 (the disk), 507 (too many). */
void ink_service_correct(ink_service *service, const uint8_t *body, size_t size, int *code, char **answer);

/* Looks at the model's file and, when it is another one than was loaded (or `always`), loads it; *swapped: it serves
 * from now on. A file that cannot be loaded is an error, told once, and the old model stays. */
INK_MUST_USE ink_status ink_service_refresh(ink_service *service, bool always, bool *swapped, ink_error *err);

/* The model as JSON: name, net, normalisation, SHA-256, ... */
INK_MUST_USE ink_status ink_service_about(ink_service *service, char **json, ink_error *err);

/* {"error":{"code":...,"message":...,"pointer":...}}; NULL when memory is out. */
char *ink_service_error_json(const char *code, const char *message, const char *pointer);

/* The page to draw on, static, and the Content-Security-Policy that lets its inline parts run (ink_work_free). */
INK_MUST_USE ink_status ink_work_page(const char **html, size_t *size, char **policy, ink_error *err);

/* ---- facts ---- */

/* A table of layers, output shapes, parameters and multiply-adds of a zoo net, a net or recipe file, a model file or a
 * run; for models also normalisation, origin and SHA-256. what NULL: the zoo, a line each. */
INK_MUST_USE ink_status ink_work_info(const char *what, bool json, char **text, ink_error *err);

/* Processor, instruction sets and the one chosen, threads, memory, device, libraries, write access: a line each, with
 * what to do about a fault. *well: there is none. */
INK_MUST_USE ink_status ink_work_doctor(bool json, char **text, bool *well, ink_error *err);

/* Version, compiler, features built in. */
INK_MUST_USE ink_status ink_work_version(bool json, char **text, ink_error *err);

/* ---- read: photos of handwriting ---- */

typedef struct ink_read_options {
    const char *const *models; /* as ink_predict_options has them */
    size_t n_models;
    const char *const *files; /* PNG or JPEG; "-" is standard input */
    size_t n_files;
    const char *annotate; /* PNG: the one picture with what was read drawn over it; NULL: none */
    const char *steps;    /* folder for what each stage made, in a folder of its own for each of several files */
    float sure;           /* a digit less probable is '?'; 0: the usual */
    ink_engine engine;    /* several files: one thread each */
} ink_read_options;

typedef struct ink_read_file {
    char *text;        /* a line per written line, each with "\n"; "" when there is no digit; NULL when it failed */
    ink_error error;   /* of this file; status INK_OK: none */
    uint32_t digits;   /* that stand in text, unsure ones counted */
    uint32_t unsure;   /* '?' */
    const char *doubt; /* why the page was not believed as a whole; NULL: it was. Static */
    double seconds;    /* decoding included */
} ink_read_file;

typedef struct ink_read_result {
    ink_read_file *files; /* [n_files], in the order given */
    size_t n_files;
    char *json; /* one object with all pages: boxes, probabilities, doubts, errors */
} ink_read_result;

/* Reads every file; one that cannot be read does not stop the others (its error says why). Frees: ink_read_clear.
 * Errors   of the models and the options, of writing pictures; INK_E_STOPPED. */
INK_MUST_USE ink_status ink_work_read(const ink_read_options *options, const ink_watch *watch, ink_read_result *result,
                                      ink_error *err);
void ink_read_clear(ink_read_result *result);

typedef struct ink_pages_options {
    const char *dir;      /* made when absent; gets page-NNNN.png or .jpg, and labels.json */
    const char *data;     /* labelled DATA whose digits are written; NULL: digits that inkling draws */
    const char *held_out; /* run folder: only the rows of DATA that it held out; NULL: all rows of DATA */
    uint32_t count;       /* pages with digits; 0: 20 */
    uint32_t empty;       /* pages without: blank, ruled, doodled in turn */
    bool forms;           /* pages with digits are forms: boxes that adjoin, combs, tables in turn */
    uint32_t severity;    /* 0..5 */
    uint64_t seed;
    bool force; /* replace files that are there */
    uint32_t threads;
} ink_pages_options;

/* Draws labelled pages of handwriting (data/handpage.h). digits: how many stand on them. */
INK_MUST_USE ink_status ink_work_data_pages(const ink_pages_options *options, const ink_watch *watch, uint64_t *digits,
                                            ink_error *err);

typedef struct ink_eval_pages_result {
    uint32_t pages, empty_pages;
    uint32_t digits, found, right, wrong, unsure; /* of the labels' digits */
    uint32_t extra;                               /* digits read where there is none, on pages with digits */
    uint32_t false_digits;                        /* the same on pages without */
    uint32_t strings, strings_right, lines, lines_right;
    double seconds; /* of reading, over all pages, decoding included */
    char *text, *json;
} ink_eval_pages_result; /* text and json: ink_work_free */

/* Reads the pages that ink_work_data_pages wrote into dir and compares with its labels. */
INK_MUST_USE ink_status ink_work_eval_pages(const char *dir, const ink_read_options *options, const ink_watch *watch,
                                            ink_eval_pages_result *result, ink_error *err);

/* ---- bench ---- */

typedef struct ink_net_bench_options {
    const char *net;   /* zoo name or file with a net */
    bool training;     /* steps of training with Adam; else inference */
    const char *layer; /* instead of net: lines of net text, forward alone */
    const char *input; /* of layer: "64x14x14" */
    uint32_t batch_size;
    double seconds; /* how long to measure; 0 = 3 */
    ink_engine engine;
} ink_net_bench_options;

typedef struct ink_net_bench {
    char precision[8]; /* as computed */
    uint32_t threads, batch_size, steps;
    double step_s, best_step_s; /* median and least */
    double images_per_s;        /* by the median */
    double gflops;              /* 1e9 multiplications and additions a second, padding not counted */
    double peak_gflops;         /* what the processor reached from registers alone, in the same run; 0: not known */
    double peak_share;          /* gflops / peak_gflops; algorithms with fewer operations can pass 1 */
    uint64_t memory_bytes;      /* of the compiled net */
    double device_busy;         /* a GPU's time over wall time, 0..1; < 0: the processor computes */
} ink_net_bench;

INK_MUST_USE ink_status ink_work_bench_net(const ink_net_bench_options *options, const ink_watch *watch,
                                           ink_net_bench *result, ink_error *err);

typedef struct ink_sweep_options {
    const char *recipe; /* NULL = "v7" */
    const char *net;    /* NULL: the recipe's */
    const uint32_t *batch_sizes, *workers;
    size_t n_batch_sizes, n_workers;
    double seconds; /* for each combination; 0 = 5 */
    ink_engine engine;
} ink_sweep_options;

typedef struct ink_sweep_cell {
    uint32_t batch_size, workers;
    double images_per_s;
    double busy;        /* processor time of all threads over wall time of all processors, 0..1 */
    double device_busy; /* a GPU's time over wall time, 0..1; < 0: the processor computes */
} ink_sweep_cell;

/* Trains with each batch size and each number of workers; cells[n_batch_sizes * n_workers], workers varying fastest. */
INK_MUST_USE ink_status ink_work_bench_sweep(const ink_sweep_options *options, const ink_watch *watch,
                                             ink_sweep_cell *cells, ink_error *err);

typedef struct ink_csv_bench {
    uint64_t bytes;
    uint32_t rows, threads, repeats;
    double seconds;  /* the best of repeats, file in the page cache */
    double gb_per_s; /* 1e9 bytes */
} ink_csv_bench;

/* Parses a CSV (or .gz) `repeats` times (0 = 5) with `threads` (0: one per processor). */
INK_MUST_USE ink_status ink_work_bench_csv(const char *path, uint32_t threads, uint32_t repeats, ink_csv_bench *result,
                                           ink_error *err);

#endif
