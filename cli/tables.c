/* cli/tables.c: the options that several verbs share, and the search for a verb.
 * The options of one verb stand in its own cmd_<verb>.c, the list of verbs in main.c. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"

#define KEYS 96

static const cli_option common[] = {
    {"quiet", 'q', CLI_FLAG, NULL, NULL, "no progress and no remarks; warnings, errors and results stay", 0, 0},
    {"color", 0, CLI_CHOICE, "auto|always|never", "auto", "colour in messages; auto heeds NO_COLOR and the terminal", 0,
     0},
    {"help", 'h', CLI_FLAG, NULL, NULL, "print this help", 0, 0},
    {"version", 'V', CLI_FLAG, NULL, NULL, "print the version", 0, 0},
};
const cli_group cli_common = {"Common", common, sizeof common / sizeof common[0]};

static const cli_option machine[] = {
    {"device", 0, CLI_TEXT, "auto|cpu|cuda[:N]", "auto", "where to compute; auto is cpu, cuda:N is GPU N", 0, 0},
    {"precision", 0, CLI_CHOICE, "auto|f32|bf16|tf32", "auto",
     "auto is bf16 where the device has it natively and no slower, else f32; tf32 is of GPUs alone", 0, 0},
    {"threads", 'j', CLI_WHOLE, "N", "one per processor", "changes the speed only: any number gives the same bits", 1,
     256},
    {"exact", 0, CLI_FLAG, NULL, NULL, "only algorithms that give the same bits on every processor", 0, 0},
};
const cli_group cli_machine = {"Computing", machine, sizeof machine / sizeof machine[0]};

static cli_option keys[KEYS];
cli_group cli_recipe_keys = {"Recipe", keys, 0};

void cli_tables_begin(void) {
    size_t n = 0;
    const ink_recipe_key *key = ink_work_recipe_keys(&n);
    assert(n <= KEYS);
    for (size_t i = 0; i < n && i < KEYS; i++) {
        bool yes_no = key[i].argument != NULL && strcmp(key[i].argument, "yes|no") == 0;
        keys[i] = (cli_option){.name = key[i].key,
                               .kind = yes_no ? CLI_YES_NO : CLI_TEXT,
                               .argument = key[i].argument != NULL ? key[i].argument : "VALUE",
                               .fallback = key[i].fallback,
                               .help = key[i].help};
    }
    cli_recipe_keys.n = n;
}

ink_engine cli_engine(const cli_args *args) {
    return (ink_engine){.device = cli_text(args, "device"),
                        .precision = cli_text(args, "precision"),
                        .threads = (uint32_t)cli_whole(args, "threads"),
                        .exact = cli_flag(args, "exact")};
}

const cli_verb *cli_verb_find(int argc, char *const *argv, int *used) {
    *used = 0;
    for (size_t i = 0; argc > 0 && cli_verbs[i] != NULL; i++) {
        const char *name = cli_verbs[i]->name;
        size_t first = strcspn(name, " ");
        if (strlen(argv[0]) != first || memcmp(name, argv[0], first) != 0) continue;
        *used = 1;
        if (name[first] == '\0') return cli_verbs[i];
        if (argc > 1 && strcmp(name + first + 1, argv[1]) == 0) {
            *used = 2;
            return cli_verbs[i];
        }
    }
    return NULL;
}
