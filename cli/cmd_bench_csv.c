/* cli/cmd_bench_csv.c: inkling bench csv: how fast this machine parses.
 * The measuring is ink_work_bench_csv; script/bench runs it beside other programs. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"threads", 'j', CLI_WHOLE, "N", "one per processor", "threads that parse", 1, 256},
    {"repeats", 0, CLI_WHOLE, "N", "5", "the best of so many is printed", 1, 10000},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_bench_csv = {
    .name = "bench csv",
    .words = "FILE",
    .summary = "measure how fast a CSV file is parsed",
    .about = "Parses FILE (plain or gzipped) several times and prints the best in bytes a second.",
    .missing = "FILE: a train.csv or test.csv",
    .least = 1,
    .most = 1,
    .groups = {&group, &cli_common},
    .examples = {"bench csv train.csv --threads 1"},
    .run = run,
};

static int run(const cli_args *args) {
    ink_csv_bench r;
    ink_error err = {0};
    char rows[32];
    memset(&r, 0, sizeof r);
    cli_progress_begin("parsing %s", args->words[0]);
    if (ink_work_bench_csv(args->words[0], (uint32_t)cli_whole(args, "threads"), (uint32_t)cli_whole(args, "repeats"),
                           &r, &err) != INK_OK) {
        return cli_failed(&err);
    }
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        json_t *object = cli_json_new("bench-csv");
        cli_json_whole(object, "bytes", r.bytes);
        cli_json_whole(object, "rows", r.rows);
        cli_json_whole(object, "threads", r.threads);
        cli_json_whole(object, "repeats", r.repeats);
        cli_json_real(object, "seconds", r.seconds);
        cli_json_real(object, "gb_per_s", r.gb_per_s);
        cli_result_json(object);
    } else {
        cli_result("%.2f GB/s: %s rows, %.1f MB in %.4f s, %u thread%s, best of %u", r.gb_per_s,
                   cli_thousands(r.rows, rows), (double)r.bytes / 1e6, r.seconds, (unsigned)r.threads,
                   r.threads == 1 ? "" : "s", (unsigned)r.repeats);
    }
    return 0;
}
