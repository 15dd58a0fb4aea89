/* cli/cmd_serve.c: inkling serve: a page to draw on, and an HTTP service, from this machine.
 * Here are its words; the server is serve_run.c. */
#include "cli/say.h"
#include "cli/serve.h"
#include "cli/verbs.h"

static const cli_option options[] = {
    {"port", 0, CLI_WHOLE, "N", "8784", "0 takes one that is free", 0, 65535},
    {"host", 0, CLI_TEXT, "ADDRESS", "127.0.0.1", "where to listen; 0.0.0.0 lets the whole network in", 0, 0},
    {"open", 0, CLI_FLAG, NULL, NULL, "open the page in the browser", 0, 0},
    {"corrections", 0, CLI_OUT, "DIR", NULL, "keep the digits that people correct, for training", 0, 0},
    {"allow-host", 0, CLI_LIST, "NAME", NULL, "answer to this name too; may be given several times", 0, 0},
};
static const cli_group group = {"Options", options, sizeof options / sizeof options[0]};

static const cli_option limits[] = {
    {"header-timeout", 0, CLI_PERIOD, "TIME", "10s", "for a request's header, first byte to last", 0, 0},
    {"body-timeout", 0, CLI_PERIOD, "TIME", "15s", "for its body", 0, 0},
    {"write-timeout", 0, CLI_PERIOD, "TIME", "15s", "for the client to take the answer", 0, 0},
    {"idle-timeout", 0, CLI_PERIOD, "TIME", "75s", "between two requests of a connection", 0, 0},
    {"drain-timeout", 0, CLI_PERIOD, "TIME", "5s", "for what is under way when the server is stopped", 0, 0},
    {"body-limit", 0, CLI_WHOLE, "BYTES", "1048576", "of a request with pixels or JSON", 784, 67108864},
    {"picture-limit", 0, CLI_WHOLE, "BYTES", "16777216", "of a picture", 1024, 67108864},
    {"connections", 0, CLI_WHOLE, "N", "12000", "open at once, if the system allows as many", 1, 1000000},
    {"queue", 0, CLI_WHOLE, "N", "1024", "requests that wait; more are answered 503", 1, 1000000},
    {"batch", 0, CLI_WHOLE, "N", "64", "images computed at once", 1, 4096},
};
static const cli_group limit_group = {"Limits", limits, sizeof limits / sizeof limits[0]};

static int run(const cli_args *args);

const cli_verb cli_serve = {
    .name = "serve",
    .words = "[MODEL]",
    .summary = "a page to draw digits on, and an HTTP service, on this machine",
    .about =
        "Serves the page and POST /v1/predict, GET /v1/model, /health and /metrics until Ctrl-C, and prints the "
        "address "
        "on stdout. MODEL is a run folder, a .safetensors file or the name of a built-in model; when its file is "
        "replaced, or on SIGHUP, the new "
        "one is taken up without dropping a request; one that cannot be loaded is refused, and the old one serves on. "
        "Only this machine can reach it, unless --host says otherwise.\n\n"
        "  curl -H 'Content-Type: image/png' --data-binary @seven.png http://127.0.0.1:8784/v1/predict",
    .most = 1,
    .groups = {&group, &limit_group, &cli_machine, &cli_common},
    .examples = {"serve --open", "serve runs/v3 --port 0", "serve runs/v3 --corrections corrections",
                 "serve --host 0.0.0.0"},
    .run = run,
};

static double period(const cli_args *args, const char *name, double fallback) {
    return cli_text(args, name) != NULL ? cli_real(args, name) : fallback;
}

static unsigned whole(const cli_args *args, const char *name, unsigned fallback) {
    return cli_text(args, name) != NULL ? (unsigned)cli_whole(args, name) : fallback;
}

static int run(const cli_args *args) {
    ink_error err = {0};
    serve_options o = {
        .service = {.model = args->n_words > 0 ? args->words[0] : NULL,
                    .corrections = cli_text(args, "corrections"),
                    .max_batch = whole(args, "batch", 64),
                    .engine = cli_engine(args)},
        .limits = {.header_s = period(args, "header-timeout", 10),
                   .body_s = period(args, "body-timeout", 15),
                   .write_s = period(args, "write-timeout", 15),
                   .idle_s = period(args, "idle-timeout", 75),
                   .drain_s = period(args, "drain-timeout", 5),
                   .body_bytes = whole(args, "body-limit", 1048576),
                   .picture_bytes = whole(args, "picture-limit", 16777216),
                   .connections = whole(args, "connections", 12000),
                   .queue = whole(args, "queue", 1024)},
        .host = cli_text(args, "host"),
        .port = whole(args, "port", 8784),
        .open = cli_flag(args, "open"),
        .allowed = args->n_listed > 0 ? args->listed : NULL,
    };
    return serve_run(&o, &err) == INK_OK ? 0 : cli_failed(&err);
}
