/* report/json.c: text of any bytes, and numbers, as jansson's values.
 * What is written with them is the reports' and verbs' business. */
#include "report/json.h"

#include <math.h>

#include "core/mem.h"
#include "report/text.h"

json_t *ink_json_text(const char *text) {
    if (text == NULL) return json_null();
    json_t *value = json_string(text);
    if (value != NULL) return value;
    char *mended = ink_mem_string(text);
    if (mended == NULL) return NULL;
    ink_text_mend(mended);
    value = json_string(mended);
    ink_mem_free(mended);
    return value;
}

json_t *ink_json_real(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}
