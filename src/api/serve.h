/* api/serve.h: inside the service of api/work.h: bodies of requests, and the bodies of answers. */
#ifndef INK_API_SERVE_H
#define INK_API_SERVE_H

#include "api/work.h"
#include "data/normaliser.h"
#include "report/text.h"

/* What is wrong with a body: HTTP's code, a word for programs, a line for people, and where (a JSON pointer). */
typedef struct ink_complaint {
    int code; /* 0: nothing */
    const char *word;
    char message[256];
    char pointer[64];
} ink_complaint;

/* Fills it; false, so that a check can end in one line. pointer NULL: the whole body. */
bool ink_complain(ink_complaint *out, int code, const char *word, const char *pointer, const char *format, ...)
    INK_PRINTF(5, 6);
/* The same for a status of the rooms: bad data is the client's (400), all else ours (500). */
bool ink_complain_of(ink_complaint *out, const ink_error *err);

/* {"error":{...}} appended, without "{}" around it: "\\"error\\":{...}". */
void ink_complaint_put(const ink_complaint *complaint, ink_text *out);

/* {"images":[[...],...]}: *images is [*n][784], the caller's (ink_mem_free). No recursion, one pass. */
INK_MUST_USE bool ink_body_images(const uint8_t *body, size_t size, uint8_t **images, uint32_t *n, ink_complaint *why);

/* {"image":"...","label":7} */
INK_MUST_USE bool ink_body_correction(const uint8_t *body, size_t size, uint8_t image[INK_DIGIT_PIXELS], uint8_t *label,
                                      ink_complaint *why);

#endif
