/* files/folder.h: folders, saved with the names that they hold. */
#ifndef INK_FILES_FOLDER_H
#define INK_FILES_FOLDER_H

#include "inkling.h"

/* fsync: a name that was made in it outlives a loss of power. A folder that may be written but not read cannot be
 * saved, and is no error: the file in it is whole.
 * Errors   INK_E_FILE with errno's text */
INK_MUST_USE ink_status ink_folder_sync(const char *path, ink_error *err);

#endif
