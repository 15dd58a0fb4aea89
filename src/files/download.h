/* files/download.h: fetches the few public files that inkling knows, by HTTPS. The one place that uses the network
 * (libcurl), and only when a person says `inkling data get`.
 *
 * Safety   Every file's SHA-256 is known beforehand or, for torchvision's weights, the first 8 digits that their names
 * carry; nothing else is ever kept under its final name. Data goes to NAME.part, which a later call continues (Range);
 * a server that ignores Range starts the file anew. When a place fails, the next one is tried. */
#ifndef INK_FILES_DOWNLOAD_H
#define INK_FILES_DOWNLOAD_H

#include "inkling.h"

/* One file to fetch. */
typedef struct ink_download_file {
    const char *name;     /* its name at the place, and in the folder */
    uint64_t max_bytes;   /* a longer one is refused while it comes */
    const char *sha256;   /* of the file as it comes, or its first digits; NULL: not known */
    const char *unpacked; /* of what gzip makes of it; NULL: not known. Either one that matches is enough */
} ink_download_file;

typedef struct ink_download {
    const char *dir;                /* made when absent (its parent must be there) */
    const char *const *places;      /* addresses of folders that end in "/", tried in turn; NULL-terminated */
    const ink_download_file *files; /* those with a good copy in dir already are not fetched again */
    uint32_t n_files;
    /* Bytes of this file so far, and its size (0: not known). Nonzero from it: stop. NULL: not wanted. */
    int (*progress)(void *context, const char *name, uint64_t done, uint64_t total);
    void (*say)(void *context, const char *line); /* "mirror X failed: ...; trying Y". NULL: not wanted */
    void *context;
    uint32_t connect_timeout_s, stall_timeout_s; /* 0: 15 and 30; stalled: under 1 kB/s for that long */
} ink_download;

/* Errors   INK_E_NETWORK no place gave the file (which file, and the last reason), or its sum differs; INK_E_FILE;
 * INK_E_STOPPED; INK_E_MEMORY. Files that were fetched before a failure stay. */
INK_MUST_USE ink_status ink_download_run(const ink_download *download, ink_error *err);

/* Fills in places, files and n_files for a word of `data get`: "mnist", "resnet18", "resnet34". All static.
 * Errors   INK_E_USAGE with the known words. */
INK_MUST_USE ink_status ink_download_known(const char *what, ink_download *download, ink_error *err);

#endif
