/* train/recipe.c: recipe text: lines of key = value, then [net] and the net's text.
 * What the keys mean stands in recipe_keys.c; the net's grammar in nn/net.h. */
#include "train/recipe.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "core/utf8.h"
#include "train/recipe_texts.h"

#define LINE_MOST 512
#define KEY_MOST  32
#define NAME_MOST 60

void ink_recipe_start(ink_recipe *recipe) {
    size_t n;
    const ink_recipe_key_info *keys = ink_recipe_keys(&n);
    memset(recipe, 0, sizeof *recipe);
    for (size_t i = 0; i < n; i++) {
        ink_status status = ink_recipe_set(recipe, keys[i].key, keys[i].fallback, "fallback", NULL);
        assert(status == INK_OK);
        (void)status;
    }
}

void ink_recipe_clear(ink_recipe *recipe) {
    ink_mem_free(recipe->net_text);
    ink_mem_free(recipe->net_file);
    recipe->net_text = recipe->net_file = NULL;
}

ink_status ink_recipe_set_net(ink_recipe *recipe, const char *text, const char *file, uint64_t line, ink_error *err) {
    char *net_text = ink_mem_string(text), *net_file = ink_mem_string(file);
    if (net_text == NULL || net_file == NULL) {
        ink_mem_free(net_text);
        ink_mem_free(net_file);
        return ink_fail_memory(err, strlen(text), "a net");
    }
    ink_utf8_mend(net_text); /* a remark in another encoding is no reason not to save the model */
    ink_recipe_clear(recipe);
    recipe->net_text = net_text;
    recipe->net_file = net_file;
    recipe->net_line = line;
    return INK_OK;
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) text[--length] = '\0';
    return text;
}

/* "key = value", or `net = NAME` of the zoo. */
static ink_status parse_line(ink_recipe *recipe, char *line, const char *file, uint64_t number, ink_error *err) {
    char where[320];
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return ink_fail_line(err, INK_E_USAGE, file, number, 0, line, "key = value, or [net]", "the line");
    }
    *equals = '\0';
    char *key = trim(line), *value = trim(equals + 1);
    snprintf(where, sizeof where, "%.250s:%llu", file, (unsigned long long)number);
    if (strcmp(key, "net") == 0) {
        const char *text = ink_zoo_find(value);
        if (text == NULL) {
            ink_fail_line(err, INK_E_USAGE, file, number, 0, value, "the name of a net", "net");
            ink_hint(err, "'inkling info' lists them; a net of your own stands below a line [net]");
            return INK_E_USAGE;
        }
        return ink_recipe_set_net(recipe, text, value, 1, err);
    }
    return ink_recipe_set(recipe, key, value, where, err);
}

/* "recipes/v3.txt" -> "v3", as a model file can hold it: UTF-8, cut where a letter ends. */
static void name_from_file(const char *file, char *name, size_t size) {
    const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
    size_t length = strlen(base);
    if (length > NAME_MOST) {
        length = NAME_MOST;
        while (length > 0 && ((unsigned char)base[length] & 0xc0) == 0x80) length--;
    }
    snprintf(name, size, "%.*s", (int)length, base);
    ink_utf8_mend(name);
    length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".txt") == 0) name[length - 4] = '\0';
}

ink_status ink_recipe_parse(ink_recipe *recipe, const char *text, const char *file, ink_error *err) {
    uint64_t number = 0;
    name_from_file(file, recipe->name, sizeof recipe->name);
    while (*text != '\0') {
        char line[LINE_MOST];
        size_t length = strcspn(text, "\n");
        number++;
        if (length >= sizeof line) {
            return ink_fail_line(err, INK_E_USAGE, file, number, 0, NULL, "at most 511 characters", "line too long");
        }
        memcpy(line, text, length);
        line[length] = '\0';
        text += length + (text[length] == '\n');
        line[strcspn(line, "#")] = '\0';
        char *words = trim(line);
        if (words[0] == '\0') continue;
        if (strcmp(words, "[net]") == 0) return ink_recipe_set_net(recipe, text, file, number + 1, err);
        ink_status status = parse_line(recipe, words, file, number, err);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

ink_status ink_recipe_text(const ink_recipe *recipe, char **text, ink_error *err) {
    size_t n, at = 0;
    const ink_recipe_key_info *keys = ink_recipe_keys(&n);
    size_t net_length = recipe->net_text != NULL ? strlen(recipe->net_text) : 0;
    size_t size = n * (KEY_MOST + INK_RECIPE_VALUE_SIZE) + net_length + 64;
    *text = NULL;
    char *out = ink_mem_new(size, 1);
    if (out == NULL) return ink_fail_memory(err, size, "a recipe's text");
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, size - at, "%-15s = %s\n", keys[i].key, recipe->value[i]);
    }
    if (net_length > 0) {
        bool ended = recipe->net_text[net_length - 1] == '\n';
        snprintf(out + at, size - at, "[net]\n%s%s", recipe->net_text, ended ? "" : "\n");
    }
    *text = out;
    return INK_OK;
}

/* "v3.txt" -> is it the recipe of that name? */
static bool is_recipe(const ink_embedded *file, const char *name) {
    size_t length = strlen(name);
    return strncmp(file->name, name, length) == 0 && strcmp(file->name + length, ".txt") == 0;
}

const char *ink_recipe_find(const char *name) {
    for (const ink_embedded *file = ink_recipe_texts; file->name != NULL; file++) {
        if (is_recipe(file, name)) return (const char *)file->bytes;
    }
    return NULL;
}

const char *ink_recipe_file(size_t n) {
    size_t at = 0;
    while (at < n && ink_recipe_texts[at].name != NULL) at++;
    return ink_recipe_texts[at].name;
}
