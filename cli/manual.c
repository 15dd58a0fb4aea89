/* cli/manual.c: the manual page inkling(1), in mdoc, made from the tables of the verbs.
 * The page's own words are here; what verbs and options do stands in their tables. */
#include <string.h>

#include "cli/help.h"
#include "cli/verbs.h"

#define DATE   "November 24, 2026"
#define COLUMN 76

/* Text on lines of its own: sentences begin new lines, as mdoc wants it; nothing is taken for a request. */
static void put_text(FILE *to, const char *text) {
    unsigned at = 0;
    const char *p = text;
    while (*p != '\0') {
        size_t length = strcspn(p, " \n");
        if (at > 0 && (at + length >= COLUMN)) {
            fputc('\n', to);
            at = 0;
        }
        if (length > 0) {
            if (at > 0) fputc(' ', to), at++;
            if (at == 0 && (*p == '.' || *p == '\'')) fputs("\\&", to);
            for (size_t i = 0; i < length; i++) {
                bool option = p[i] == '-' && (i == 0 || p[i - 1] == '-' || p[0] == '-');
                if (p[i] == '\\') {
                    fputs("\\e", to);
                } else if (option) {
                    fputs("\\-", to);
                } else {
                    fputc(p[i], to);
                }
            }
            at += (unsigned)length;
        }
        p += length;
        if (p[0] == '\n' && p[1] == '\n') {
            fputs("\n.Pp\n", to);
            at = 0;
            p++;
        } else if (length > 0 && *p == ' ' && strchr(".?!", p[-1]) != NULL) {
            fputc('\n', to);
            at = 0;
        }
        if (*p != '\0') p++;
    }
    if (at > 0) fputc('\n', to);
}

/* A word in a line of macros. */
static void put_word(FILE *to, const char *word, size_t length) {
    fputs(" \\&", to);
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '-') fputc('\\', to);
        fputc(word[i], to);
    }
}

static void put_option(FILE *to, const cli_option *option) {
    fputs(".It", to);
    if (option->letter != 0) fprintf(to, " Fl %c ,", option->letter);
    fputs(" Fl", to);
    fputs(option->kind == CLI_YES_NO ? " \\-[no\\-]" : " \\-", to);
    for (const char *p = option->name; *p != '\0'; p++) fprintf(to, *p == '-' ? "\\-" : "%c", *p);
    if (option->argument != NULL && option->kind != CLI_YES_NO) {
        fputs(" Ar", to);
        for (const char *p = option->argument; *p != '\0';) {
            size_t length = strcspn(p, " ");
            put_word(to, p, length);
            p += length;
            p += strspn(p, " ");
        }
    }
    fputc('\n', to);
    char help[500];
    size_t n = (size_t)snprintf(help, sizeof help, "%s", option->help);
    if (option->fallback != NULL && option->fallback[0] != '\0' && n < sizeof help) {
        snprintf(help + n, sizeof help - n, " [%s]", option->fallback);
    }
    put_text(to, help);
}

static void put_group(FILE *to, const cli_group *group) {
    fputs(".Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < group->n; i++) put_option(to, &group->options[i]);
    fputs(".El\n", to);
}

static void put_verb(FILE *to, const cli_verb *verb) {
    bool machine = false;
    fprintf(to, ".Ss %s\n.Nm\n.Cm %s\n.Op Ar option ...\n", verb->name, verb->name);
    for (const char *p = verb->words; *p != '\0';) {
        size_t length = strcspn(p, " ");
        bool optional = *p == '[';
        fputs(optional ? ".Op Ar" : ".Ar", to);
        if (optional) {
            size_t word = strcspn(p + 1, ".]");
            put_word(to, p + 1, word);
            if (p[1 + word] == '.') fputs(" ...", to);
        } else {
            put_word(to, p, length);
        }
        fputc('\n', to);
        p += length;
        p += strspn(p, " ");
    }
    fputs(".Pp\n", to);
    put_text(to, verb->about);
    for (size_t g = 0; g < CLI_GROUPS && verb->groups[g] != NULL; g++) {
        const cli_group *group = verb->groups[g];
        if (group == &cli_machine) machine = true;
        if (group == &cli_machine || group == &cli_common || group->n == 0) continue;
        fputs(".Pp\n", to);
        fprintf(to, "%s:\n", group->title);
        put_group(to, group);
    }
    if (machine) fputs(".Pp\nThe options under\n.Sx Options for computing\nhold too.\n", to);
}

static void put_examples(FILE *to) {
    fputs(".Sh EXAMPLES\n.Bd -literal -offset indent\n", to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        for (size_t k = 0; k < CLI_EXAMPLES && cli_verbs[i]->examples[k] != NULL; k++) {
            fputs("inkling ", to);
            for (const char *p = cli_verbs[i]->examples[k]; *p != '\0'; p++) fprintf(to, *p == '-' ? "\\-" : "%c", *p);
            fputc('\n', to);
        }
    }
    fputs(".Ed\n", to);
}

static void put_exit_codes(FILE *to) {
    const char *meaning;
    int code;
    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; (meaning = cli_exit_meaning(i, &code)) != NULL; i++) {
        fprintf(to, ".It %d\n", code);
        put_text(to, meaning);
    }
    fputs(".El\n", to);
}

static void put_files(FILE *to) {
    static const char *const files[][2] = {
        {"report.html", "the whole run on one page"},
        {"args.conf", "all settings as run; a recipe that repeats it"},
        {"metrics.csv , metrics.jsonl", "a row per epoch: loss, accuracy, errors, speed"},
        {"accuracy.png , accuracy.svg", "the graph of the accuracy; loss beside it, and both together in curves"},
        {"submission.csv", "the predictions for Kaggle"},
        {"split.csv", "which rows were held out"},
        {"learned.ink", "which images were learned, eight bytes each, by which eval and train know them again"},
        {"report.txt , confusion.png , worst.png", "how each digit fares, what is taken for what, the worst mistakes"},
        {"train.log , status.json , env.json", "what happened, how it stands, where it ran"},
        {"checkpoint.ink", "all that --resume reads"},
        {"weights/best.safetensors , weights/last.safetensors", "the models, net and normalisation inside"},
    };
    fputs(".Sh FILES\nIn the run folder of\n.Cm train :\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        fprintf(to, ".It Pa %s\n", files[i][0]);
        put_text(to, files[i][1]);
    }
    fputs(".El\n", to);
}

void cli_manual(FILE *to) {
    fputs(".Dd " DATE "\n.Dt INKLING 1\n.Os\n.Sh NAME\n.Nm inkling\n.Nd read handwritten digits\n"
          ".Sh SYNOPSIS\n.Nm\n.Ar verb\n.Op Ar option ...\n.Op Ar word ...\n.Sh DESCRIPTION\n",
          to);
    put_text(
        to, "inkling reads handwritten digits. Hand it labelled ones, such as Kaggle's train.csv: it learns, shows how "
            "well, and writes submission.csv. Results go to stdout, everything else to stderr.\n\n"
            "Long options take their value as the next word or behind an equals sign. A flag is undone by its name "
            "with no- before it. The word -- ends the options; the word - is stdin where a file is read. "
            "What stands in [brackets] holds when the option is not given.");
    for (size_t i = 0; cli_verbs[i] != NULL; i++) put_verb(to, cli_verbs[i]);
    fputs(".Ss Options for computing\n", to);
    put_group(to, &cli_machine);
    fputs(".Ss Options of every verb\n", to);
    put_group(to, &cli_common);
    fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
          ".It Ev NO_COLOR\nNot empty: no colour in messages.\n"
          ".It Ev CLICOLOR_FORCE , FORCE_COLOR\nNot empty: colour even where stderr is no terminal.\n"
          ".It Ev LC_ALL , LC_CTYPE , LANG\nLetters beyond ASCII are drawn only when these say UTF-8.\n"
          ".It Ev COLUMNS\nThe width, where the terminal does not tell it.\n"
          ".It Ev INK_ISA\nLowers the instruction set that is computed with.\n.El\n",
          to);
    put_files(to);
    put_exit_codes(to);
    put_examples(to);
}
