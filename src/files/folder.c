/* files/folder.c: makes folders and saves them.
 * What stands in them is write.c's business. */
#define _GNU_SOURCE
#include "files/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/status.h"

ink_status ink_folder_path(const char *folder, const char *name, char *path, size_t size, ink_error *err) {
    int length = snprintf(path, size, "%s/%s", folder, name);
    if (length >= 0 && (size_t)length < size) return INK_OK;
    return ink_fail(err, INK_E_USAGE, "the path of %.60s in %.60s... is too long", name, folder);
}

ink_status ink_folder_make(const char *path, ink_error *err) {
    struct stat about;
    if (mkdir(path, 0777) == 0) return INK_OK;
    int why = errno;
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode)) return INK_OK;
        return ink_fail(err, INK_E_FILE, "cannot make the folder %s: a file has that name", path);
    }
    errno = why;
    return ink_fail_errno(err, "make the folder", path);
}

ink_status ink_folder_sync(const char *path, ink_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES ? INK_OK : ink_fail_errno(err, "open the folder", path);
    /* Some file systems have no fsync for folders and say so with EINVAL. */
    ink_status status = fsync(fd) == 0 || errno == EINVAL ? INK_OK : ink_fail_errno(err, "save the folder", path);
    (void)close(fd);
    return status;
}
