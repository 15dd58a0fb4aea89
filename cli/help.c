/* cli/help.c: help on a terminal.
 * It writes no words of its own about options: those stand in the tables. */
#include "cli/help.h"

#include <string.h>

#include "cli/verbs.h"

#define HELP_AT 27 /* the column where explanations begin */
#define WIDEST  100

static const char *const first_steps[] = {
    "train train.csv                 learn, and write submission.csv",
    "data make digits --count 10000  no data at hand? draw some",
    "help train                      all about one verb",
};

/* Writes text broken into lines at blanks; the first begins at column `at`, the others at `indent`. */
static void wrap(FILE *to, const char *text, unsigned at, unsigned indent, unsigned columns) {
    const char *p = text;
    while (*p != '\0') {
        size_t length = strcspn(p, " \n");
        if (p[0] == '\n') {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            p++;
            continue;
        }
        if (at + length > columns && at > indent) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
        }
        fwrite(p, 1, length, to);
        at += (unsigned)length;
        p += length;
        if (*p == ' ') {
            p++;
            if (at < columns && *p != '\0' && at + 1 + strcspn(p, " \n") <= columns) {
                fputc(' ', to);
                at++;
            } else {
                at = columns;
            }
        }
    }
    fputc('\n', to);
}

static unsigned width(unsigned columns) {
    return columns > WIDEST ? WIDEST : columns < 50 ? 50 : columns;
}

void cli_option_usage(const cli_option *option, char *text, size_t size) {
    char letter[8] = "    ";
    if (option->letter != 0) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    if (option->kind == CLI_FLAG) {
        snprintf(text, size, "%s--%s", letter, option->name);
    } else if (option->kind == CLI_YES_NO) {
        snprintf(text, size, "%s--[no-]%s", letter, option->name);
    } else {
        snprintf(text, size, "%s--%s %s", letter, option->name, option->argument);
    }
}

static void put_option(FILE *to, const cli_option *option, unsigned columns) {
    char usage[200], help[400];
    size_t n;
    cli_option_usage(option, usage, sizeof usage);
    n = (size_t)snprintf(help, sizeof help, "%s", option->help);
    if (option->fallback != NULL && option->fallback[0] != '\0' && n < sizeof help) {
        snprintf(help + n, sizeof help - n, " [%s]", option->fallback);
    }
    fprintf(to, "  %s", usage);
    n = strlen(usage) + 2;
    if (n + 2 > HELP_AT) {
        fprintf(to, "\n%*s", HELP_AT, "");
    } else {
        fprintf(to, "%*s", (int)(HELP_AT - n), "");
    }
    wrap(to, help, HELP_AT, HELP_AT, columns);
}

static void put_verbs(FILE *to, const char *family, unsigned columns) {
    size_t length = family != NULL ? strlen(family) : 0;
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        const cli_verb *verb = cli_verbs[i];
        char usage[120];
        if (family != NULL && (strncmp(verb->name, family, length) != 0 || verb->name[length] != ' ')) continue;
        snprintf(usage, sizeof usage, "%s %s", verb->name, verb->words);
        if (strlen(usage) > HELP_AT - 4) {
            fprintf(to, "  %s\n%*s", usage, HELP_AT, "");
        } else {
            fprintf(to, "  %-*s", HELP_AT - 2, usage);
        }
        wrap(to, verb->summary, HELP_AT, HELP_AT, columns);
    }
}

void cli_help_short(FILE *to) {
    char line[100] = "";
    size_t at = 0;
    fputs("inkling reads handwritten digits. Hand it labelled ones: it learns, shows how\n"
          "well, and writes Kaggle's submission.csv.\n\n"
          "usage: inkling VERB [OPTION...] [WORD...]\n\n"
          "verbs: ",
          to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        size_t length = strcspn(cli_verbs[i]->name, " ");
        /* "data show" and "data make" are one word here. */
        bool again = i > 0 && strcspn(cli_verbs[i - 1]->name, " ") == length &&
                     strncmp(cli_verbs[i - 1]->name, cli_verbs[i]->name, length) == 0;
        if (again) continue;
        at +=
            (size_t)snprintf(line + at, sizeof line - at, "%s%.*s", at > 0 ? " " : "", (int)length, cli_verbs[i]->name);
        if (at >= sizeof line) at = sizeof line - 1;
    }
    fprintf(to, "%s\n\nexamples:\n", line);
    for (size_t i = 0; i < sizeof first_steps / sizeof first_steps[0]; i++)
        fprintf(to, "  inkling %s\n", first_steps[i]);
    fputs("\ninkling --help lists every verb, inkling help --man prints the whole manual.\n", to);
}

void cli_help_all(FILE *to, unsigned columns) {
    const char *meaning;
    int code;
    columns = width(columns);
    fputs("usage: inkling VERB [OPTION...] [WORD...]\n\n", to);
    wrap(to,
         "inkling reads handwritten digits. Hand it labelled ones, such as Kaggle's train.csv: it learns, shows how "
         "well, "
         "and writes submission.csv.",
         0, 0, columns);
    fputs("\nVerbs:\n", to);
    put_verbs(to, NULL, columns);
    fputs("\nOptions of every verb (inkling VERB --help lists the others):\n", to);
    for (size_t i = 0; i < cli_common.n; i++) put_option(to, &cli_common.options[i], columns);
    fputs("\nExamples:\n", to);
    for (size_t i = 0; i < sizeof first_steps / sizeof first_steps[0]; i++)
        fprintf(to, "  inkling %s\n", first_steps[i]);
    fputs("\nExit codes:\n", to);
    for (size_t i = 0; (meaning = cli_exit_meaning(i, &code)) != NULL; i++) fprintf(to, "  %3d  %s\n", code, meaning);
    fputs("\nResults go to stdout, everything else to stderr.\n", to);
}

void cli_help_verb(FILE *to, const cli_verb *verb, unsigned columns) {
    const char *title, *before = NULL;
    const cli_option *option;
    columns = width(columns);
    fprintf(to, "usage: inkling %s [OPTION...]%s%s\n\n", verb->name, verb->words[0] != '\0' ? " " : "", verb->words);
    wrap(to, verb->about, 0, 0, columns);
    for (size_t i = 0; (option = cli_option_at(verb, i, &title)) != NULL; i++) {
        if (title != before) fprintf(to, "\n%s:\n", title);
        before = title;
        put_option(to, option, columns);
    }
    fputs("\nWhat stands in [brackets] holds when the option is not given.\n", to);
    if (verb->examples[0] != NULL) fputs("\nExamples:\n", to);
    for (size_t i = 0; i < CLI_EXAMPLES && verb->examples[i] != NULL; i++)
        fprintf(to, "  inkling %s\n", verb->examples[i]);
}

void cli_help_family(FILE *to, const char *family) {
    fprintf(to, "usage: inkling %s VERB [OPTION...] [WORD...]\n\n", family);
    put_verbs(to, family, 80);
    fprintf(to, "\ninkling %s VERB --help lists the options of one.\n", family);
}

const char *cli_exit_meaning(size_t i, int *code) {
    static const struct {
        int code;
        const char *meaning;
    } codes[] = {
        {0, "all is well"},
        {1, "a fault of inkling's own, or out of memory"},
        {2, "usage: an option, word or recipe that makes no sense"},
        {3, "bad data or a bad model file"},
        {4, "a file or the disk: cannot open, read or write, no space"},
        {5, "a device or feature that this machine or build lacks"},
        {6, "network: a download failed, or its checksum differs"},
        {7, "the training diverged; the last good weights are kept"},
        {8, "a threshold that was asked for was not met"},
        {130, "stopped by SIGINT (Ctrl-C); a run is saved and can go on"},
        {143, "stopped by SIGTERM or SIGUSR1; a run is saved and can go on"},
    };
    if (i >= sizeof codes / sizeof codes[0]) return NULL;
    *code = codes[i].code;
    return codes[i].meaning;
}
