/* report/json.h: values for JSON that may have none: text of any bytes, numbers that were not measured. */
#ifndef INK_REPORT_JSON_H
#define INK_REPORT_JSON_H

#include <jansson.h>

/* JSON is UTF-8, the path of a file need not be: in a text with other bytes they and control characters become '?'.
 * NULL becomes null. The result is NULL only when memory ran out. */
json_t *ink_json_text(const char *text);

/* JSON has no NaN and no infinities: they become null. */
json_t *ink_json_real(double value);

#endif
