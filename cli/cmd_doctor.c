/* cli/cmd_doctor.c: inkling doctor: what this machine offers, and what to mend.
 * The looking is done by ink_work_doctor. */
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {CLI_JSON};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_doctor = {
    .name = "doctor",
    .words = "",
    .summary = "tell what this machine offers, and what to mend",
    .about =
        "Prints the processor, its instruction sets and the one that is used, threads, memory, device, libraries and "
        "whether files can be written here: a line each, with what to do about a fault. Where there is one the exit "
        "code "
        "is 5.",
    .groups = {&group, &cli_common},
    .run = run,
};

static int run(const cli_args *args) {
    char *text = NULL;
    bool well;
    ink_error err = {0};
    if (ink_work_doctor(cli_flag(args, "json"), &text, &well, &err) != INK_OK) return cli_failed(&err);
    cli_result_text(text);
    ink_work_free(text);
    return well ? 0 : cli_exit_code(INK_E_ABSENT);
}
