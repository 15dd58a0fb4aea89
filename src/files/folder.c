/* files/folder.c: saves folders.
 * What stands in them is write.c's business. */
#define _GNU_SOURCE
#include "files/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/status.h"

ink_status ink_folder_sync(const char *path, ink_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES ? INK_OK : ink_fail_errno(err, "open the folder", path);
    /* Some file systems have no fsync for folders and say so with EINVAL. */
    ink_status status = fsync(fd) == 0 || errno == EINVAL ? INK_OK : ink_fail_errno(err, "save the folder", path);
    (void)close(fd);
    return status;
}
