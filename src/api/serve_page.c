/* api/serve_page.c: the page to draw on, as it was compiled in, and what its browser may do.
 * The page itself is web/index.html. */
#include <stdbool.h>
#include <string.h>

#include "api/work.h"
#include "core/embedded.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/status.h"
#include "report/text.h"

extern const ink_embedded ink_web_files[];

/* Nothing from anywhere else; camera and pasted pictures are blob: and data:, WebAssembly is compiled from the page. */
#define REST                                                                                                           \
    "; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' data:; "        \
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void put_hash(const char *from, size_t length, ink_text *out) {
    char hex[65];
    uint8_t sum[32];
    ink_sha256_of(from, length, hex);
    for (int i = 0; i < 32; i++) {
        unsigned high = (unsigned)(strchr("0123456789abcdef", hex[2 * i]) - "0123456789abcdef");
        unsigned low = (unsigned)(strchr("0123456789abcdef", hex[2 * i + 1]) - "0123456789abcdef");
        sum[i] = (uint8_t)(high << 4 | low);
    }
    ink_text_add(out, " 'sha256-");
    ink_text_base64(out, sum, sizeof sum);
    ink_text_add(out, "'");
}

/* The hash of what stands between each <script ...> and </script>; the page is ours, so that no parser is needed. */
static void put_hashes(const char *html, const char *begin, const char *end, ink_text *out) {
    for (const char *at = strstr(html, begin); at != NULL; at = strstr(at, begin)) {
        const char *from = strchr(at, '>');
        const char *to = from != NULL ? strstr(from, end) : NULL;
        if (to == NULL) return;
        put_hash(from + 1, (size_t)(to - from - 1), out);
        at = to;
    }
}

ink_status ink_work_page(const char **html, size_t *size, char **policy, ink_error *err) {
    static const char none[] = "<!doctype html><html lang=en><meta charset=utf-8><title>inkling</title>"
                               "<h1>inkling</h1><p>This build has no page. POST a picture to /v1/predict.";
    ink_text out = {0};
    *html = none;
    *size = sizeof none - 1;
    *policy = NULL;
    for (const ink_embedded *file = ink_web_files; file->name != NULL; file++) {
        if (strcmp(file->name, "index.html") != 0) continue;
        *html = (const char *)file->bytes;
        *size = file->size_bytes;
    }
    ink_text_add(&out, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
    put_hashes(*html, "<script", "</script>", &out);
    ink_text_add(&out, "; style-src 'self'");
    put_hashes(*html, "<style", "</style>", &out);
    ink_text_add(&out, REST);
    return ink_text_give(&out, "the page's policy", policy, err);
}
