/* api/recipes.c: finds recipes and nets, built in or on disk, and tells what there is.
 * Their grammar is train/recipe.h's and nn/net.h's. */
#include "api/recipes.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/near.h"
#include "core/status.h"
#include "files/source.h"
#include "report/text.h"

#define TEXT_MOST ((size_t)1 << 20)

ink_status ink_text_read(const char *path, char **text, ink_error *err) {
    ink_source *source = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    *text = NULL;
    ink_status status = ink_source_open(path, &source, err);
    if (status == INK_OK) status = ink_source_read_all(source, TEXT_MOST, &bytes, &size, err);
    ink_source_close(source);
    if (status == INK_OK && memchr(bytes, '\0', size) != NULL) {
        status = ink_fail(err, INK_E_USAGE, "%s: a NUL byte: this is no text", path);
        ink_mem_free(bytes);
        bytes = NULL;
    }
    *text = (char *)bytes;
    return status;
}

/* A word that can only be meant as a file. */
static bool looks_like_file(const char *name) {
    return strchr(name, '/') != NULL || strchr(name, '.') != NULL;
}

/* Recipe file names end in ".txt"; people type them without. */
static void without_ending(const char *file, char name[64]) {
    snprintf(name, 64, "%.60s", file);
    size_t length = strlen(name);
    if (length > 4) name[length - 4] = '\0';
}

static ink_status unknown_recipe(const char *name, ink_error *err) {
    ink_near near = {.word = name};
    char names[64][64], list[256] = "";
    size_t n = 0;
    for (; n < 64 && ink_recipe_file(n) != NULL; n++) {
        without_ending(ink_recipe_file(n), names[n]);
        ink_near_try(&near, names[n]);
        if (strlen(list) + strlen(names[n]) + 2 < sizeof list) strcat(strcat(list, " "), names[n]);
    }
    ink_fail(err, INK_E_USAGE, "unknown recipe \"%.60s\"", name);
    if (near.best != NULL) {
        ink_hint(err, "did you mean \"%s\"?", near.best);
    } else {
        ink_hint(err, "built in:%s; or name a file", list);
    }
    return INK_E_USAGE;
}

ink_status ink_recipe_open(const char *name, ink_recipe *out, ink_error *err) {
    char *text = NULL;
    if (name == NULL) name = "default";
    ink_recipe_start(out);
    const char *built_in = ink_recipe_find(name);
    if (built_in != NULL) return ink_recipe_parse(out, built_in, name, err);
    if (!looks_like_file(name)) return unknown_recipe(name, err);
    ink_status status = ink_text_read(name, &text, err);
    if (status == INK_OK) status = ink_recipe_parse(out, text, name, err);
    ink_mem_free(text);
    if (status != INK_OK) ink_recipe_clear(out);
    return status;
}

/* Does the text have a line [net] or "key = value"? Then it is a recipe, else a net. */
static bool is_recipe_text(const char *text) {
    if (strncmp(text, "[net]", 5) == 0 || strstr(text, "\n[net]") != NULL) return true;
    while (*(text += strcspn(text, "#=")) == '#') text += strcspn(text, "\n"); /* a comment makes no recipe */
    return *text == '=';
}

ink_status ink_recipe_open_net(ink_recipe *recipe, const char *name, ink_error *err) {
    ink_near near = {.word = name};
    ink_recipe other;
    char *text = NULL;
    size_t n;
    const char *zoo_text = ink_zoo_find(name);
    if (zoo_text != NULL) return ink_recipe_set_net(recipe, zoo_text, name, 1, err);
    if (!looks_like_file(name)) {
        const ink_zoo_entry *zoo = ink_zoo(&n);
        for (size_t i = 0; i < n; i++) ink_near_try(&near, zoo[i].name);
        ink_fail(err, INK_E_USAGE, "unknown net \"%.60s\"", name);
        if (near.best != NULL) {
            ink_hint(err, "did you mean \"%s\"?", near.best);
        } else {
            ink_hint(err, "'inkling info' lists the nets; or name a file");
        }
        return INK_E_USAGE;
    }
    ink_status status = ink_text_read(name, &text, err);
    if (status == INK_OK && is_recipe_text(text)) {
        ink_recipe_start(&other);
        status = ink_recipe_parse(&other, text, name, err);
        if (status == INK_OK && other.net_text == NULL) status = ink_fail(err, INK_E_USAGE, "%s has no [net]", name);
        if (status == INK_OK) status = ink_recipe_set_net(recipe, other.net_text, other.net_file, other.net_line, err);
        ink_recipe_clear(&other);
    } else if (status == INK_OK) {
        status = ink_recipe_set_net(recipe, text, name, 1, err);
    }
    ink_mem_free(text);
    return status;
}

/* ---- for the program ---- */

const ink_recipe_key *ink_work_recipe_keys(size_t *count) {
    static ink_recipe_key keys[INK_RECIPE_KEYS_MAX];
    const ink_recipe_key_info *infos = ink_recipe_keys(count);
    for (size_t i = 0; i < *count; i++) {
        keys[i] = (ink_recipe_key){infos[i].key, infos[i].argument, infos[i].fallback, infos[i].help};
    }
    return keys;
}

ink_status ink_work_recipe_list(char **text, ink_error *err) {
    size_t size = 1, at = 0;
    *text = NULL;
    for (size_t n = 0; ink_recipe_file(n) != NULL; n++) size += 256;
    char *out = ink_mem_new(size, 1);
    if (out == NULL) return ink_fail_memory(err, size, "a list");
    for (size_t n = 0; ink_recipe_file(n) != NULL; n++) {
        char name[64];
        without_ending(ink_recipe_file(n), name);
        const char *line = ink_recipe_find(name);
        /* The first comment begins with the name again: "# v3: the pixels scaled, ..." */
        line += strspn(line, "# ");
        size_t length = strlen(name);
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            line += length + 1 + strspn(line + length + 1, " ");
        at += (size_t)snprintf(out + at, size - at, "%-14s %.*s\n", name,
                               (int)(strcspn(line, "\n") < 200 ? strcspn(line, "\n") : 200), line);
    }
    *text = out;
    return INK_OK;
}

ink_status ink_work_recipe_layers(char **text, ink_error *err) {
    ink_text t = {0};
    ink_text_add(&t,
                 "Below [net], and in a file for --net, each line is a layer. What stands in [ ] may be left out.\n\n");
    for (size_t i = 0; ink_net_usage(i) != NULL; i++) ink_text_format(&t, "  %s\n", ink_net_usage(i));
    ink_text_add(&t,
                 "  repeat N { ... }\n\n"
                 "K outputs, a window of RxS, stride and padding in pixels; P:E pads above and left, below and right.\n"
                 "Behind { each layer has a line of its own, and so has }.\n"
                 "linear, conv, depthwise and batchnorm may end in lr FACTOR (their own factor on the learning rate),\n"
                 "each layer in as NAME. Above the layers: input 1|3 (channels), and\n"
                 "init torch|kaiming-normal|glorot|dirac (first weights of the lines below it).\n");
    return ink_text_give(&t, "the layers", text, err);
}

bool ink_work_recipe_name(size_t n, char name[64]) {
    if (ink_recipe_file(n) == NULL) return false;
    without_ending(ink_recipe_file(n), name);
    return true;
}

const char *ink_work_net_name(size_t n) {
    size_t count;
    const ink_zoo_entry *zoo = ink_zoo(&count);
    return n < count ? zoo[n].name : NULL;
}

ink_status ink_work_recipe_show(const char *name, char **text, ink_error *err) {
    *text = NULL;
    const char *built_in = ink_recipe_find(name);
    if (built_in == NULL) return looks_like_file(name) ? ink_text_read(name, text, err) : unknown_recipe(name, err);
    *text = ink_mem_string(built_in);
    return *text != NULL ? INK_OK : ink_fail_memory(err, strlen(built_in), "a recipe");
}

void ink_work_escape(char *dst, size_t size, const char *src) {
    ink_escape(dst, size, src, strlen(src), size);
}

void ink_work_mend(char *text) {
    ink_text_mend(text);
}

void ink_work_free(void *text) {
    ink_mem_free(text);
}
