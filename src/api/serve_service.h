/* api/serve_service.h: inside the service of api/work.h: what its files share. */
#ifndef INK_API_SERVE_SERVICE_H
#define INK_API_SERVE_SERVICE_H

#include <pthread.h>

#include "api/builtin.h"
#include "api/models.h"
#include "api/serve.h"

/* By what a file is known again. */
typedef struct ink_file_mark {
    bool there;
    uint64_t device, inode, size;
    int64_t second, nanosecond;
} ink_file_mark;

/* A model with the threads that compute it. */
typedef struct ink_loaded {
    ink_machine machine;
    ink_models models; /* compiled for max_batch */
    ink_model *single; /* the same net for one image at a time: the same bits, and sooner than a batch of few */
    uint32_t few;      /* so many images, or fewer, go through `single` */
    ink_model *look;   /* the same net, compiled so that its layers can be read; NULL until it is asked for */
    char sha256[65];
} ink_loaded;

struct ink_service {
    pthread_mutex_t lock;    /* of now: held for one run, or for the exchange */
    pthread_mutex_t telling; /* of about: never held for long */
    char *about;             /* the model as JSON */
    ink_loaded *now;
    ink_file_mark mark;          /* of the file that was loaded last, or refused */
    char path[INK_PATH_SIZE];    /* of the model's file; "": a built-in one */
    const ink_embedded *builtin; /* else NULL */
    char name[64];               /* for people */
    ink_engine engine;           /* its words are borrowed from the caller of open */
    uint32_t max_batch;
    pthread_mutex_t keeping;              /* of the corrections */
    char corrections[INK_PATH_SIZE - 64]; /* "": none are kept */
    uint32_t n_kept;
};

/* p[n][10] of n images. */
INK_MUST_USE ink_status ink_service_run(ink_service *service, const uint8_t *images, uint32_t n, float *p,
                                        ink_error *err);

/* What the layers see in one image, as ",\"layers\":[...]" appended. */
INK_MUST_USE ink_status ink_service_look(ink_service *service, const uint8_t image[INK_DIGIT_PIXELS], ink_text *out,
                                         ink_error *err);

/* Makes the folder and remembers it. */
INK_MUST_USE ink_status ink_corrections_begin(ink_service *service, const char *folder, ink_error *err);

/* A JSON string with its quotes; NULL is null. Bytes that are no UTF-8 become '?'. */
void ink_json_put_string(ink_text *out, const char *string);

#endif
