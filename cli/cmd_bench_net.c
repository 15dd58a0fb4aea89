/* cli/cmd_bench_net.c: inkling bench net: how fast this machine reads and learns.
 * The measuring is ink_work_bench_net; script/bench runs it beside other programs. */
#include <string.h>

#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"training", 0, CLI_FLAG, NULL, NULL, "measure training steps instead of reading", 0, 0},
    {"batch-size", 0, CLI_WHOLE, "N", "64", "images in a step", 1, 65536},
    {"seconds", 0, CLI_REAL, "S", "2", "how long to measure", 0.01, 3600},
    CLI_JSON,
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static int run(const cli_args *args);

const cli_verb cli_bench_net = {
    .name = "bench net",
    .words = "NAME|FILE",
    .summary = "measure how fast a net reads or learns",
    .about = "Runs a net on noise for a while and prints images a second, useful arithmetic a second, and what share "
             "that is "
             "of the most that this machine reached in the same run.",
    .missing = "a net: the name of a built-in one, or a file",
    .least = 1,
    .most = 1,
    .groups = {&group, &cli_machine, &cli_common},
    .examples = {"bench net mlp --training", "bench net mlp --batch-size 1000 --json"},
    .run = run,
};

static int run(const cli_args *args) {
    ink_net_bench r;
    ink_error err = {0};
    ink_watch watch = cli_watch();
    char rate[32];
    ink_net_bench_options o = {
        .net = args->words[0],
        .training = cli_flag(args, "training"),
        .batch_size = (uint32_t)cli_whole(args, "batch-size"),
        .seconds = cli_real(args, "seconds"),
        .engine = cli_engine(args),
    };
    memset(&r, 0, sizeof r);
    cli_progress_begin("measuring %s", o.net);
    if (ink_work_bench_net(&o, &watch, &r, &err) != INK_OK) return cli_failed(&err);
    cli_progress_hide();
    if (cli_flag(args, "json")) {
        json_t *object = cli_json_new("bench-net");
        cli_json_text(object, "net", r.net);
        cli_json_bool(object, "training", o.training);
        cli_json_text(object, "precision", r.precision);
        cli_json_text(object, "isa", r.isa);
        cli_json_whole(object, "batch_size", r.batch_size);
        cli_json_whole(object, "threads", r.threads);
        cli_json_real(object, "images_per_s", r.images_per_s);
        cli_json_real(object, "gflops", r.gflops);
        cli_json_real(object, "peak_gflops", r.peak_gflops);
        cli_json_real(object, "peak_share", r.peak_share);
        cli_json_real(object, "step_s", r.step_s);
        cli_json_whole(object, "memory_bytes", r.memory_bytes);
        cli_result_json(object);
    } else {
        cli_result("%s, %s, %s %s, batch %u, %u threads", r.net, o.training ? "training" : "reading", r.isa,
                   r.precision, (unsigned)r.batch_size, (unsigned)r.threads);
        cli_result("%s images/s, %.3g ms a step", cli_thousands((unsigned long long)r.images_per_s, rate),
                   r.step_s * 1e3);
        cli_result("%.1f of %.1f GFLOP/s (%.0f %%), %.1f MB", r.gflops, r.peak_gflops, r.peak_share * 100,
                   (double)r.memory_bytes / 1e6);
    }
    return 0;
}
