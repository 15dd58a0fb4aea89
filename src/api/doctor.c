/* api/doctor.c: `inkling doctor` and `version`: what this program and this machine are, and what to do about a fault.
 * It changes nothing, save for a file of one byte that it writes and removes to see whether it may. */
#define _POSIX_C_SOURCE 200809L
#include <cairo.h>
#include <curl/curl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "api/engine.h"
#include "api/json.h"
#include "core/mem.h"
#include "core/status.h"
#include "files/csv.h"
#include "report/machine.h"
#include "report/text.h"

#define FACTS_MOST 32

/* One line: fine, or a fault with what to do about it. */
typedef struct fact {
    const char *name;
    char value[200];
    const char *remedy; /* NULL: all is well */
} fact;

typedef struct facts {
    fact item[FACTS_MOST];
    size_t n;
} facts;

static fact *add(facts *f, const char *name) {
    fact *one = &f->item[f->n < FACTS_MOST - 1 ? f->n++ : f->n];
    *one = (fact){.name = name};
    return one;
}

static const char *build_kind(void) {
#if defined(NDEBUG)
    return "release";
#else
    return "with assertions";
#endif
}

/* ---- processor, memory, disk ---- */

static void add_processor(facts *f) {
    struct utsname about;
    fact *one = add(f, "processor");
    ink_processor_name(one->value, sizeof one->value, "unknown");
    if (uname(&about) == 0)
        snprintf(add(f, "system")->value, 200, "%.60s %.60s %.60s", about.sysname, about.release, about.machine);
    const char *isa = ink_cpu_isa();
    one = add(f, "kernels");
    snprintf(one->value, sizeof one->value, "%.60s; for CSV %.60s", isa != NULL ? isa : "none", ink_csv_isa());
    if (isa == NULL) one->remedy = "INK_ISA asks for an instruction set that cannot be had here: unset it";
    snprintf(add(f, "threads")->value, 200, "%u", ink_pool_processors());
}

static void add_memory(facts *f) {
    long pages = sysconf(_SC_PHYS_PAGES), free_pages = sysconf(_SC_AVPHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    fact *one = add(f, "memory");
    double gb = (double)pages * (double)size / 1e9, free_gb = (double)free_pages * (double)size / 1e9;
    snprintf(one->value, sizeof one->value, "%d.%d GB, %d.%d GB free", (int)gb, (int)(gb * 10) % 10, (int)free_gb,
             (int)(free_gb * 10) % 10);
    if (free_gb < 0.3) one->remedy = "close other programs, or use a smaller --batch-size";
}

static void add_disk(facts *f) {
    struct statvfs disk;
    char name[] = "./.inkling-doctor-XXXXXX";
    fact *one = add(f, "this folder");
    int fd = mkstemp(name);
    if (fd < 0) {
        snprintf(one->value, sizeof one->value, "cannot be written to");
        one->remedy = "run inkling in a folder of your own, or give --out a path there";
        return;
    }
    close(fd);
    unlink(name);
    snprintf(one->value, sizeof one->value, "can be written to");
    if (statvfs(".", &disk) == 0) {
        double free_gb = (double)disk.f_bavail * (double)disk.f_frsize / 1e9;
        snprintf(one->value, sizeof one->value, "can be written to, %.0f MB free", free_gb * 1000);
        if (free_gb < 0.2) one->remedy = "free some disk space: a run needs a few MB, data about 100 MB";
    }
}

static void add_device(facts *f) {
    static ink_cuda_state state; /* a fact borrows its remedy */
    fact *one = add(f, "GPU");
    ink_cuda_tell(&state);
    snprintf(one->value, sizeof one->value, "%.199s", state.text);
    if (state.remedy[0] != '\0') one->remedy = state.remedy;
}

static void add_libraries(facts *f) {
    snprintf(add(f, "libraries")->value, 200,
             "zlib %.20s, libzip %.20s, cairo %.20s, jansson %.20s, libmicrohttpd %.20s", zlibVersion(),
             zip_libzip_version(), cairo_version_string(), JANSSON_VERSION, MHD_get_version());
    snprintf(add(f, "network")->value, 200, "libcurl %.40s; used by 'data get' alone",
             curl_version_info(CURLVERSION_NOW)->version);
}

/* ---- telling ---- */

static bool is_well(const facts *f) {
    for (size_t i = 0; i < f->n; i++) {
        if (f->item[i].remedy != NULL) return false;
    }
    return true;
}

static ink_status facts_text(const facts *f, char **text, ink_error *err) {
    ink_text t = {0};
    for (size_t i = 0; i < f->n; i++) {
        const fact *one = &f->item[i];
        ink_text_format(&t, "%-5s %-13s %s\n", one->remedy == NULL ? "ok" : "FAULT", one->name, one->value);
        if (one->remedy != NULL) ink_text_format(&t, "%-19s do: %s\n", "", one->remedy);
    }
    if (is_well(f)) ink_text_add(&t, "all is well\n");
    return ink_text_give(&t, "the report", text, err);
}

static ink_status facts_json(const facts *f, const char *schema, char **text, ink_error *err) {
    json_t *items = json_array();
    for (size_t i = 0; i < f->n; i++) {
        const fact *one = &f->item[i];
        json_array_append_new(items,
                              json_pack("{s:s, s:o, s:b, s:s?}", "name", one->name, "value", ink_json_text(one->value),
                                        "ok", one->remedy == NULL, "remedy", one->remedy));
    }
    return ink_json_give(json_pack("{s:s, s:b, s:o}", "schema", schema, "ok", is_well(f), "facts", items), text, err);
}

ink_status ink_work_doctor(bool json, char **text, bool *well, ink_error *err) {
    facts f = {.n = 0};
    *text = NULL;
    snprintf(add(&f, "inkling")->value, 200, "%s, %.120s, %s", ink_version(), ink_compiler(), build_kind());
    add_processor(&f);
    add_memory(&f);
    add_disk(&f);
    add_device(&f);
    add_libraries(&f);
    *well = is_well(&f);
    return json ? facts_json(&f, "inkling/doctor/1", text, err) : facts_text(&f, text, err);
}

ink_status ink_work_version(bool json, char **text, ink_error *err) {
    *text = NULL;
    if (json) {
        json_t *devices = json_array();
        json_array_append_new(devices, json_string("cpu"));
        if (ink_cuda_is_built) json_array_append_new(devices, json_string("cuda"));
        return ink_json_give(json_pack("{s:s, s:s, s:s, s:s, s:o}", "schema", "inkling/version/1", "version",
                                       ink_version(), "compiler", ink_compiler(), "build", build_kind(), "devices",
                                       devices),
                             text, err);
    }
    ink_text t = {0};
    ink_text_format(&t, "inkling %s\n%s, %s\ndevices: cpu%s\n", ink_version(), ink_compiler(), build_kind(),
                    ink_cuda_is_built ? ", cuda" : "");
    return ink_text_give(&t, "the version", text, err);
}
