/* cli/options.c: takes a command line apart by the table of its verb, and says what is wrong with it.
 * It knows no verb; help, the man page and the completions read the same tables elsewhere. */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

const cli_option *cli_option_at(const cli_verb *verb, size_t i, const char **title) {
    for (size_t g = 0; g < CLI_GROUPS && verb->groups[g] != NULL; g++) {
        const cli_group *group = verb->groups[g];
        if (i < group->n) {
            if (title != NULL) *title = group->title;
            return &group->options[i];
        }
        i -= group->n;
    }
    return NULL;
}

size_t cli_choice_at(const char *choices, size_t i, const char **word) {
    const char *at = choices;
    for (; i > 0; i--) {
        at = strchr(at, '|');
        if (at == NULL) return 0;
        at++;
    }
    *word = at;
    return strcspn(at, "|");
}

bool cli_choice_plain(const char *choices) {
    return strchr(choices, '|') != NULL && choices[strspn(choices, "abcdefghijklmnopqrstuvwxyz0123456789-_|")] == '\0';
}

/* The position of a long name of `length` letters; SIZE_MAX: no such option. */
static size_t find_name(const cli_verb *verb, const char *name, size_t length) {
    const cli_option *option;
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) return i;
    }
    return SIZE_MAX;
}

static size_t find_letter(const cli_verb *verb, char letter) {
    const cli_option *option;
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) {
        if (option->letter == letter) return i;
    }
    return SIZE_MAX;
}

/* ---- what is wrong ---- */

static ink_status try_help(const cli_verb *verb, ink_error *err) {
    cli_hint(err, "inkling %s --help lists the options", verb->name);
    return INK_E_USAGE;
}

static ink_status unknown(const cli_verb *verb, const char *name, size_t length, ink_error *err) {
    const char *known[CLI_OPTIONS], *best;
    const cli_option *option;
    char word[80], near[96] = "";
    bool no = length > 3 && strncmp(name, "no-", 3) == 0;
    size_t n = 0;
    snprintf(word, sizeof word, "%.*s", length < 70 ? (int)length : 70, name);
    /* "--no-" undoes flags; an option that takes a value has nothing to undo. */
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) {
        if (!no || cli_is_flag(option)) known[n++] = option->name;
    }
    best = ink_work_near(no ? word + 3 : word, known, n);
    if (best != NULL) snprintf(near, sizeof near, " (did you mean '--%s%s'?)", no ? "no-" : "", best);
    cli_fail(err, INK_E_USAGE, "unknown option '--%s'%s", word, near);
    return try_help(verb, err);
}

static ink_status bad_value(const cli_verb *verb, const cli_option *option, const char *seen, const char *wanted,
                            ink_error *err) {
    cli_fail(err, INK_E_USAGE, "option '--%s' is '%.60s', expected %s", option->name, seen, wanted);
    snprintf(err->seen, sizeof err->seen, "%.60s", seen);
    snprintf(err->wanted, sizeof err->wanted, "%s", wanted);
    return try_help(verb, err);
}

/* ---- values ---- */

/* A number, or so many per cent: 0.96 or 96%. */
static bool read_real(const char *text, double *out) {
    char *end = NULL;
    size_t length = strspn(text, "0123456789.eE+-");
    bool percent = text[length] == '%';
    if (length == 0 || text[length + percent] != '\0') return false;
    *out = strtod(text, &end);
    if (percent) *out /= 100;
    return end == text + length && isfinite(*out);
}

/* Up to what JSON, which has only numbers with a sign, holds too. */
static bool read_whole(const char *text, uint64_t *out) {
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') return false;
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return errno == 0 && *out <= INT64_MAX;
}

/* "90", "90s", "10m", "1.5h". */
static bool read_period(const char *text, double *out) {
    char number[32];
    size_t length = strlen(text);
    double unit = 1;
    if (length == 0 || length >= sizeof number) return false;
    memcpy(number, text, length + 1);
    switch (number[length - 1]) {
    case 's': number[--length] = '\0'; break;
    case 'm': number[--length] = '\0', unit = 60; break;
    case 'h': number[--length] = '\0', unit = 3600; break;
    default: break;
    }
    if (!read_real(number, out) || *out < 0) return false;
    *out *= unit;
    return true;
}

static ink_status check_number(const cli_verb *verb, const cli_option *option, const char *value, ink_error *err) {
    char wanted[96];
    double seen = 0;
    uint64_t whole = 0;
    bool any = !(option->high > option->low);
    if (option->kind == CLI_WHOLE) {
        bool good = read_whole(value, &whole);
        seen = (double)whole;
        if (good && (any || (seen >= option->low && seen <= option->high))) return INK_OK;
        if (any) {
            snprintf(wanted, sizeof wanted, "a whole number up to %lld", (long long)INT64_MAX);
        } else {
            snprintf(wanted, sizeof wanted, "a whole number %.0f..%.0f", option->low, option->high);
        }
    } else {
        bool good = read_real(value, &seen);
        if (good && (any ? seen >= 0 : seen >= option->low && seen <= option->high)) return INK_OK;
        if (any) {
            snprintf(wanted, sizeof wanted, "a number that is not negative");
        } else {
            snprintf(wanted, sizeof wanted, "a number from %g to %g", option->low, option->high);
        }
    }
    return bad_value(verb, option, value, wanted, err);
}

static ink_status check_choice(const cli_verb *verb, const cli_option *option, const char *value, ink_error *err) {
    const char *known[16], *word, *best;
    char copy[256], wanted[128], *at = copy;
    size_t n = 0;
    assert(strlen(option->argument) < sizeof copy);
    for (size_t i = 0, length; (length = cli_choice_at(option->argument, i, &word)) > 0 && n < 16; i++) {
        if (strlen(value) == length && memcmp(value, word, length) == 0) return INK_OK;
        memcpy(at, word, length);
        at[length] = '\0';
        known[n++] = at;
        at += length + 1;
    }
    best = ink_work_near(value, known, n);
    if (best != NULL) {
        snprintf(wanted, sizeof wanted, "%s (did you mean '%s'?)", option->argument, best);
    } else {
        snprintf(wanted, sizeof wanted, "%s", option->argument);
    }
    return bad_value(verb, option, value, wanted, err);
}

static ink_status store(cli_args *args, size_t at, const char *value, ink_error *err) {
    const cli_option *option = cli_option_at(args->verb, at, NULL);
    ink_status status = INK_OK;
    double seconds;
    switch (option->kind) {
    case CLI_WHOLE:
    case CLI_REAL: status = check_number(args->verb, option, value, err); break;
    case CLI_CHOICE: status = check_choice(args->verb, option, value, err); break;
    case CLI_PERIOD:
        if (!read_period(value, &seconds)) {
            return bad_value(args->verb, option, value, "a time such as 90s, 10m or 2h", err);
        }
        break;
    case CLI_YES_NO:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
            return bad_value(args->verb, option, value, "yes or no", err);
        }
        break;
    case CLI_LIST:
        if (args->n_listed == CLI_LISTED) {
            return cli_fail(err, INK_E_USAGE, "option '--%s' is given more than %d times", option->name, CLI_LISTED);
        }
        args->listed[args->n_listed++] = value;
        break;
    case CLI_OUT:
        if (strcmp(value, "-") == 0) {
            return bad_value(args->verb, option, value, "a name to write to (./- is one, /dev/stdout another)", err);
        }
        break;
    case CLI_FLAG:
    case CLI_TEXT: break;
    }
    if (status == INK_OK) args->value[at] = value;
    return status;
}

/* ---- the words, one after the other ---- */

typedef struct reader {
    cli_args *args;
    char **argv;
    int argc, at;
} reader;

bool cli_is_flag(const cli_option *option) {
    return option->kind == CLI_FLAG || option->kind == CLI_YES_NO;
}

/* The value of an option that needs one: `attached` (behind "=" or the letter), else the next word. */
static ink_status take_value(reader *in, size_t at, const char *attached, ink_error *err) {
    const cli_option *option = cli_option_at(in->args->verb, at, NULL);
    const char *value = attached;
    if (value == NULL && in->at < in->argc && strncmp(in->argv[in->at], "--", 2) != 0) value = in->argv[in->at++];
    if (value == NULL) {
        cli_fail(err, INK_E_USAGE, "option '--%s' needs a value: %s", option->name, option->argument);
        return try_help(in->args->verb, err);
    }
    if (value[0] == '\0') return bad_value(in->args->verb, option, value, option->argument, err);
    return store(in->args, at, value, err);
}

static ink_status take_flag(reader *in, size_t at, const char *attached, ink_error *err) {
    const cli_option *option = cli_option_at(in->args->verb, at, NULL);
    const char *value = "yes";
    if (attached != NULL && option->kind == CLI_FLAG) {
        cli_fail(err, INK_E_USAGE, "option '--%s' takes no value (seen: '%.60s')", option->name, attached);
        return try_help(in->args->verb, err);
    }
    if (attached != NULL) {
        value = attached;
    } else if (option->kind == CLI_YES_NO && in->at < in->argc &&
               (strcmp(in->argv[in->at], "yes") == 0 || strcmp(in->argv[in->at], "no") == 0)) {
        value = in->argv[in->at++];
    }
    return store(in->args, at, value, err);
}

static ink_status take_long(reader *in, const char *name, ink_error *err) {
    const cli_verb *verb = in->args->verb;
    size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    size_t at = find_name(verb, name, length);
    if (at == SIZE_MAX && length > 3 && strncmp(name, "no-", 3) == 0) {
        at = find_name(verb, name + 3, length - 3);
        if (at != SIZE_MAX && cli_is_flag(cli_option_at(verb, at, NULL)) && attached == NULL) {
            return store(in->args, at, "no", err);
        }
        if (at != SIZE_MAX && cli_is_flag(cli_option_at(verb, at, NULL))) {
            cli_fail(err, INK_E_USAGE, "option '--%.*s' takes no value (seen: '%.60s')", (int)length, name, attached);
            return try_help(verb, err);
        }
        at = SIZE_MAX;
    }
    if (at == SIZE_MAX) return unknown(verb, name, length, err);
    return cli_is_flag(cli_option_at(verb, at, NULL)) ? take_flag(in, at, attached, err)
                                                      : take_value(in, at, attached, err);
}

/* "-o FILE", "-oFILE", "-qo FILE"; word stands behind the dash. */
static ink_status take_letters(reader *in, const char *word, ink_error *err) {
    const cli_verb *verb = in->args->verb;
    size_t length = strcspn(word, "=");
    if (length > 1 && find_name(verb, word, length) != SIZE_MAX) {
        cli_fail(err, INK_E_USAGE, "unknown option '-%.60s' (did you mean '--%.60s'?)", word, word);
        return try_help(verb, err);
    }
    for (const char *p = word; *p != '\0'; p++) {
        size_t at = find_letter(verb, *p);
        if (at == SIZE_MAX) {
            cli_fail(err, INK_E_USAGE, "unknown option '-%c'", *p);
            return try_help(verb, err);
        }
        if (!cli_is_flag(cli_option_at(verb, at, NULL))) return take_value(in, at, p[1] != '\0' ? p + 1 : NULL, err);
        ink_status status = take_flag(in, at, NULL, err);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

ink_status cli_need_words(const cli_args *args, size_t least, ink_error *err) {
    const cli_verb *verb = args->verb;
    if (args->n_words >= least) return INK_OK;
    cli_fail(err, INK_E_USAGE, "%s needs %s", verb->name, verb->missing);
    cli_hint(err, "usage: inkling %s %s (inkling %s --help tells more)", verb->name, verb->words, verb->name);
    return INK_E_USAGE;
}

/* "epochs=3": an option whose dashes were forgotten. (A file of such a name is called ./epochs=3.) */
static bool is_option(const cli_verb *verb, const char *word) {
    const char *equals = strchr(word, '=');
    return equals != NULL && find_name(verb, word, (size_t)(equals - word)) != SIZE_MAX;
}

static ink_status check_words(const cli_args *args, ink_error *err) {
    const cli_verb *verb = args->verb;
    size_t most = 0;
    for (size_t i = 0; i < args->n_words; i++) {
        if (args->words[i][0] != '\0') continue;
        cli_fail(err, INK_E_USAGE, "%s: one of its words is empty: ''", verb->name);
        return try_help(verb, err);
    }
    while (most < args->n_words && most < verb->most && (most == 0 || !is_option(verb, args->words[most]))) most++;
    if (args->n_words > most) {
        const char *word = args->words[most];
        char near[96] = "";
        if (is_option(verb, word)) {
            snprintf(near, sizeof near, " (did you mean '--%.60s'?)", word);
        }
        cli_fail(err, INK_E_USAGE, "%s: one word too many: '%.60s'%s", verb->name, word, near);
        cli_hint(err, "usage: inkling %s%s%s (inkling %s --help tells more)", verb->name,
                 verb->words[0] != '\0' ? " " : "", verb->words, verb->name);
        return INK_E_USAGE;
    }
    if (verb->folder > 0 && args->n_words >= verb->folder && strcmp(args->words[verb->folder - 1], "-") == 0) {
        cli_fail(err, INK_E_USAGE, "%s writes a folder: '-' is none", verb->name);
        cli_hint(err, "./- is one of that name");
        return INK_E_USAGE;
    }
    return cli_need_words(args, verb->least, err);
}

ink_status cli_parse(const cli_verb *verb, int argc, char **argv, cli_args *args, ink_error *err) {
    reader in = {.args = args, .argv = argv, .argc = argc};
    bool only_words = false;
    int n_words = 0;
    memset(args, 0, sizeof *args);
    args->verb = verb;
    assert(cli_option_at(verb, CLI_OPTIONS, NULL) == NULL);
    while (in.at < argc) {
        char *word = argv[in.at++];
        ink_status status = INK_OK;
        if (only_words || word[0] != '-' || word[1] == '\0') {
            argv[n_words++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_words = true;
        } else if (word[1] == '-') {
            status = take_long(&in, word + 2, err);
        } else {
            status = take_letters(&in, word + 1, err);
        }
        if (status != INK_OK) return status;
    }
    args->words = (const char **)argv;
    args->n_words = (size_t)n_words;
    if (cli_flag(args, "help") || cli_flag(args, "version")) return INK_OK;
    return check_words(args, err);
}

/* ---- asking ---- */

static const char *value_of(const cli_args *args, const char *name) {
    size_t at = find_name(args->verb, name, strlen(name));
    assert(at != SIZE_MAX);
    return at != SIZE_MAX ? args->value[at] : NULL;
}

const char *cli_text(const cli_args *args, const char *name) {
    return value_of(args, name);
}

bool cli_flag(const cli_args *args, const char *name) {
    const char *value = value_of(args, name);
    return value != NULL && strcmp(value, "yes") == 0;
}

uint64_t cli_whole(const cli_args *args, const char *name) {
    const char *value = value_of(args, name);
    uint64_t whole = 0;
    return value != NULL && read_whole(value, &whole) ? whole : 0;
}

double cli_real(const cli_args *args, const char *name) {
    const char *value = value_of(args, name);
    double real = 0;
    if (value != NULL && !read_period(value, &real)) read_real(value, &real);
    return real;
}
