/* tests/report/scratch.h: a folder of its own for each test, and looks into what was written there. */
#ifndef INK_TEST_SCRATCH_H
#define INK_TEST_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* cmocka's setup and teardown: *state is the path of a new empty folder; all in it goes at the end. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* folder/name, good until the 64th call after. */
const char *scratch_path(const char *folder, const char *name);
/* The file as a string, to be freed; fails the test when it cannot be read. size may be NULL. */
char *scratch_read(const char *path, size_t *size);
void scratch_write(const char *path, const char *text);
bool scratch_exists(const char *path);

/* NULL when text is well-formed XML (one root, tags closed in order, attributes quoted, entities known), else what is
 * wrong. A simple reader: no DTD, no namespaces. */
const char *xml_fault(const char *text);

#endif
