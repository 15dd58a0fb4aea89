/* files/folder.h: folders: what lies in them by name; made where they are missing, and saved with the names that they
 * hold. */
#ifndef INK_FILES_FOLDER_H
#define INK_FILES_FOLDER_H

#include <stddef.h>

#include "inkling.h"

/* folder/name in path, of size bytes. Errors: INK_E_USAGE it is longer. */
INK_MUST_USE ink_status ink_folder_path(const char *folder, const char *name, char *path, size_t size, ink_error *err);

/* One folder, its parent being there; one that is there is fine.
 * Errors   INK_E_FILE: it cannot be made, or the name is that of a file. */
INK_MUST_USE ink_status ink_folder_make(const char *path, ink_error *err);

/* fsync: a name that was made in it outlives a loss of power. A folder that may be written but not read cannot be
 * saved, and is no error: the file in it is whole.
 * Errors   INK_E_FILE with errno's text */
INK_MUST_USE ink_status ink_folder_sync(const char *path, ink_error *err);

#endif
