/* cli/completion.c: what completes inkling's words in bash, zsh and fish, made from the tables of the verbs.
 * Names of recipes, nets and models are those that are built in. */
#include <string.h>

#include "cli/help.h"
#include "cli/verbs.h"

/* The first word of a verb of two: "data" of "data show"; length 0 when it has one. */
static size_t family_of(const cli_verb *verb) {
    size_t length = strcspn(verb->name, " ");
    return verb->name[length] == ' ' ? length : 0;
}

static bool family_again(size_t i) {
    size_t length = family_of(cli_verbs[i]);
    return length > 0 && i > 0 && strncmp(cli_verbs[i - 1]->name, cli_verbs[i]->name, length + 1) == 0;
}

/* First words of all verbs, each once. */
static void put_first_words(FILE *to) {
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        if (family_again(i)) continue;
        fprintf(to, "%s%.*s", i > 0 ? " " : "", (int)strcspn(cli_verbs[i]->name, " "), cli_verbs[i]->name);
    }
}

/* What a word may name, beside files. */
enum { RECIPES = 1, NETS = 2, MODELS = 4 };

static unsigned named_by(const cli_option *option) {
    if (strcmp(option->name, "recipe") == 0 || strcmp(option->name, "augment") == 0) return RECIPES;
    if (strcmp(option->name, "net") == 0) return NETS;
    return !cli_is_flag(option) && strcmp(option->argument, "MODEL") == 0 && option->kind == CLI_LIST ? MODELS : 0;
}

static unsigned named_in(const cli_verb *verb) {
    return (strstr(verb->words, "RECIPE") != NULL ? RECIPES : 0) | (strstr(verb->words, "NET") != NULL ? NETS : 0) |
           (strstr(verb->words, "MODEL") != NULL ? MODELS : 0);
}

static void put_name(FILE *to, const char *name, bool *any) {
    fprintf(to, "%s%s", *any ? " " : "", name);
    *any = true;
}

static void put_names(FILE *to, unsigned what) {
    bool any = false;
    char buffer[64];
    const char *name;
    for (size_t i = 0; (what & MODELS) != 0 && (name = ink_model_builtin_name(i)) != NULL; i++)
        put_name(to, name, &any);
    for (size_t i = 0; (what & NETS) != 0 && (name = ink_work_net_name(i)) != NULL; i++) put_name(to, name, &any);
    for (size_t i = 0; (what & RECIPES) != 0 && ink_work_recipe_name(i, buffer); i++) put_name(to, buffer, &any);
}

static void put_choices(FILE *to, const char *choices, const char *between) {
    const char *word;
    for (size_t i = 0, n; (n = cli_choice_at(choices, i, &word)) > 0; i++) {
        fprintf(to, "%s%.*s", i > 0 ? between : "", (int)n, word);
    }
}

static bool names_file(const cli_option *option) {
    return option->kind == CLI_TEXT || option->kind == CLI_OUT;
}

static bool offers_choices(const cli_option *option) {
    return !cli_is_flag(option) && option->argument != NULL && cli_choice_plain(option->argument);
}

/* ---- bash ---- */

static void bash_verb(FILE *to, const cli_verb *verb) {
    const cli_option *option;
    fprintf(to, "    '%s')\n        case $prev in\n", verb->name);
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) {
        if (named_by(option) != 0) {
            fprintf(to, "        --%s) choices='", option->name);
            put_names(to, named_by(option));
            fputs("' ;;\n", to);
        } else if (offers_choices(option)) {
            fprintf(to, "        --%s) choices='", option->name);
            put_choices(to, option->argument, " ");
            fputs("' ;;\n", to);
        }
    }
    fputs("        esac\n        options='", to);
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) {
        fprintf(to, "%s--%s", i > 0 ? " " : "", option->name);
        if (option->kind == CLI_YES_NO) fprintf(to, " --no-%s", option->name);
    }
    fputs("'\n", to);
    if (named_in(verb) != 0) {
        fputs("        names='", to);
        put_names(to, named_in(verb));
        fputs("'\n", to);
    }
    fputs("        ;;\n", to);
}

static void bash(FILE *to) {
    fputs("# Completes the words of inkling in bash; made by: inkling help --completion bash\n"
          "_inkling() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local verb=${COMP_WORDS[1]} options='' choices='' names='' first='",
          to);
    put_first_words(to);
    fputs("'\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W \"$first --help --version\" -- \"$cur\"))\n"
          "        return\n"
          "    fi\n"
          "    # --option=value arrives as three words.\n"
          "    if [ \"$cur\" = '=' ]; then cur=''; fi\n"
          "    if [ \"$prev\" = '=' ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    case $verb in\n",
          to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        size_t length = family_of(cli_verbs[i]);
        if (length == 0 || family_again(i)) continue;
        fprintf(to, "    %.*s)\n        if [ \"$COMP_CWORD\" -eq 2 ]; then\n            COMPREPLY=($(compgen -W '",
                (int)length, cli_verbs[i]->name);
        for (size_t k = i; cli_verbs[k] != NULL && strncmp(cli_verbs[k]->name, cli_verbs[i]->name, length + 1) == 0;
             k++) {
            fprintf(to, "%s%s", k > i ? " " : "", cli_verbs[k]->name + length + 1);
        }
        fputs("' -- \"$cur\"))\n            return\n        fi\n        verb=\"$verb ${COMP_WORDS[2]}\"\n        ;;\n",
              to);
    }
    fputs(
        "    help)\n        COMPREPLY=($(compgen -W \"$first --man --completion\" -- \"$cur\"))\n        ;;\n    esac\n"
        "    case $verb in\n",
        to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) bash_verb(to, cli_verbs[i]);
    fputs("    esac\n"
          "    if [ -n \"$choices\" ]; then\n"
          "        COMPREPLY=($(compgen -W \"$choices\" -- \"$cur\"))\n"
          "    elif [ \"${cur#-}\" != \"$cur\" ]; then\n"
          "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
          "    elif [ -n \"$names\" ] && [ \"${prev#-}\" = \"$prev\" ]; then\n"
          "        COMPREPLY=($(compgen -W \"$names\" -- \"$cur\"))\n"
          "        if [ ${#COMPREPLY[@]} -gt 0 ]; then\n"
          "            local IFS=$'\\n'\n" /* a file's name may hold blanks */
          "            compopt -o filenames 2>/dev/null\n"
          "            COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
          "        fi\n"
          "    fi\n"
          "}\n"
          "# No answer means files, with bash's own rules.\n"
          "complete -o default -F _inkling inkling\n",
          to);
}

/* ---- zsh ---- */

/* Text inside '...' where the letters of `special` are escaped with a backslash. */
static void put_escaped(FILE *to, const char *text, const char *special) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            fputs("'\\''", to);
        } else {
            if (strchr(special, *p) != NULL) fputc('\\', to);
            fputc(*p, to);
        }
    }
}

/* The action of _arguments that offers names and files. A blank in front: called with these words alone. */
static void zsh_names(FILE *to, unsigned what) {
    fputs(what != 0 ? " _inkling_names " : "_files", to);
    put_names(to, what);
}

static void zsh_option(FILE *to, const cli_option *option) {
    fputs("        ", to);
    if (option->letter != 0)
        fprintf(to, "'(-%c --%s)'{-%c,--%s}", option->letter, option->name, option->letter, option->name);
    fputc('\'', to);
    if (option->letter == 0) fprintf(to, "%s--%s", option->kind == CLI_LIST ? "*" : "", option->name);
    if (!cli_is_flag(option)) fputc(option->letter == 0 ? '=' : '+', to);
    fputc('[', to);
    put_escaped(to, option->help, "[]:\\");
    fputc(']', to);
    if (!cli_is_flag(option)) {
        fputc(':', to);
        put_escaped(to, option->argument, "[]:\\");
        fputc(':', to);
        if (named_by(option) != 0) {
            zsh_names(to, named_by(option));
        } else if (offers_choices(option)) {
            fputc('(', to);
            put_choices(to, option->argument, " ");
            fputc(')', to);
        } else if (names_file(option)) {
            fputs("_files", to);
        }
    }
    fputs("' \\\n", to);
    if (option->kind == CLI_YES_NO) fprintf(to, "        '--no-%s' \\\n", option->name);
}

static void zsh_verb(FILE *to, const cli_verb *verb) {
    const cli_option *option;
    fprintf(to, "    '%s')\n        _arguments -s \\\n", verb->name);
    for (size_t i = 0; (option = cli_option_at(verb, i, NULL)) != NULL; i++) zsh_option(to, option);
    fputs("        '*:file:", to);
    zsh_names(to, named_in(verb));
    fputs("'\n        ;;\n", to);
}

static void zsh(FILE *to) {
    fputs("#compdef inkling\n"
          "# Completes the words of inkling in zsh; made by: inkling help --completion zsh\n"
          "_inkling_names() {\n"
          "    _alternative \"names:name:($*)\" 'files:file:_files'\n"
          "}\n"
          "_inkling() {\n"
          "    local -a verbs\n"
          "    local verb=$words[2]\n"
          "    if (( CURRENT == 2 )); then\n"
          "        verbs=(\n",
          to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        size_t length = family_of(cli_verbs[i]);
        if (family_again(i)) continue;
        fprintf(to, "            '%.*s:", (int)strcspn(cli_verbs[i]->name, " "), cli_verbs[i]->name);
        put_escaped(to, cli_verbs[i]->summary, ":\\");
        fputs(length > 0 ? ", and more'\n" : "'\n", to);
    }
    fputs("        )\n        _describe verb verbs\n        return\n    fi\n    case $verb in\n", to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        size_t length = family_of(cli_verbs[i]);
        if (length == 0 || family_again(i)) continue;
        fprintf(to, "    %.*s)\n        if (( CURRENT == 3 )); then\n            verbs=(\n", (int)length,
                cli_verbs[i]->name);
        for (size_t k = i; cli_verbs[k] != NULL && strncmp(cli_verbs[k]->name, cli_verbs[i]->name, length + 1) == 0;
             k++) {
            fprintf(to, "                '%s:", cli_verbs[k]->name + length + 1);
            put_escaped(to, cli_verbs[k]->summary, ":\\");
            fputs("'\n", to);
        }
        fputs("            )\n            _describe verb verbs\n            return\n        fi\n"
              "        verb=\"$verb $words[3]\"\n        shift words\n        (( CURRENT-- ))\n        ;;\n",
              to);
    }
    fputs("    esac\n    shift words\n    (( CURRENT-- ))\n    case $verb in\n", to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) zsh_verb(to, cli_verbs[i]);
    fputs("    esac\n}\n"
          "if [ \"$funcstack[1]\" = _inkling ]; then _inkling \"$@\"; else compdef _inkling inkling; fi\n",
          to);
}

/* ---- fish ---- */

static void fish_option(FILE *to, const cli_option *option, const char *condition) {
    fprintf(to, "complete -c inkling -n '%s' -l %s", condition, option->name);
    if (option->letter != 0) fprintf(to, " -s %c", option->letter);
    if (named_by(option) != 0) {
        fputs(" -r -a '", to);
        put_names(to, named_by(option));
        fputs("'", to);
    } else if (offers_choices(option)) {
        fputs(" -x -a '", to);
        put_choices(to, option->argument, " ");
        fputs("'", to);
    } else if (!cli_is_flag(option)) {
        fputs(names_file(option) ? " -r" : " -x", to);
    }
    fputs(" -d '", to);
    for (const char *p = option->help; *p != '\0'; p++) fprintf(to, *p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
    fputs("'\n", to);
    if (option->kind == CLI_YES_NO) fprintf(to, "complete -c inkling -n '%s' -l no-%s\n", condition, option->name);
}

static void fish_word(FILE *to, const char *condition, const char *word, size_t length, const char *summary) {
    fprintf(to, "complete -c inkling -f -n '%s' -a %.*s -d '", condition, (int)length, word);
    for (const char *p = summary; *p != '\0'; p++) fprintf(to, *p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
    fputs("'\n", to);
}

static void fish(FILE *to) {
    fputs("# Completes the words of inkling in fish; made by: inkling help --completion fish\n", to);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        const cli_verb *verb = cli_verbs[i];
        size_t length = strcspn(verb->name, " "), family = family_of(verb);
        const cli_option *option;
        char condition[200];
        if (!family_again(i)) fish_word(to, "__fish_use_subcommand", verb->name, length, verb->summary);
        if (family > 0) {
            snprintf(condition, sizeof condition,
                     "test (count (commandline -opc)) = 2; and __fish_seen_subcommand_from %.*s", (int)family,
                     verb->name);
            fish_word(to, condition, verb->name + family + 1, strlen(verb->name + family + 1), verb->summary);
            snprintf(condition, sizeof condition,
                     "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s", (int)family, verb->name,
                     verb->name + family + 1);
        } else {
            snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", verb->name);
        }
        if (named_in(verb) != 0) {
            fprintf(to, "complete -c inkling -n '%s' -a '", condition);
            put_names(to, named_in(verb));
            fputs("'\n", to);
        }
        for (size_t k = 0; (option = cli_option_at(verb, k, NULL)) != NULL; k++) fish_option(to, option, condition);
    }
}

void cli_completion(FILE *to, const char *shell) {
    if (strcmp(shell, "bash") == 0) {
        bash(to);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh(to);
    } else {
        fish(to);
    }
}
