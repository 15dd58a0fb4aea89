/* cli/serve_run.c: the server's one loop: connections, deadlines, answers that are ready, signals, a newer model.
 * What a request is, serve_request.c knows. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/qr.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/serve.h"
#include "cli/signals.h"

#define TICK_S        0.05
#define LOOK_S        1.0                /* between two looks at the model's file */
#define MEMORY        ((size_t)12 << 10) /* of a connection, whose header it must hold; it stays touched */
#define OTHER_SOCKETS 64                 /* descriptors that are no connection */

static volatile sig_atomic_t hung_up;

static void on_hangup(int number) {
    (void)number;
    hung_up = 1;
}

/* ---- connections ---- */

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    serve_server *server = cls;
    serve_deadlines *d = &server->deadlines;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context == NULL) return;
        serve_deadlines_remove(d, *context);
        free(*context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    serve_connection *c = calloc(1, sizeof *c);
    if (c == NULL || info == NULL) {
        free(c);
        return; /* without a context its first request is refused */
    }
    *context = c;
    server->metrics.connections++;
    serve_deadlines_add(d, c, info->connect_fd, cli_clock_s());
    /* Nearly full: those idle the longest make room. */
    if (d->count + d->count / 16 > server->limits->connections)
        serve_deadlines_shut(d, SERVE_IDLE, cli_clock_s(), 0, 16);
}

/* A request line was read: from now on it is no idle connection. */
static void *on_line(void *cls, const char *uri, struct MHD_Connection *connection) {
    serve_server *server = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    serve_connection *c = info != NULL ? info->socket_context : NULL;
    if (c != NULL) c->target_bytes = strlen(uri);
    if (c != NULL && c->state == SERVE_IDLE) serve_deadlines_enter(&server->deadlines, c, SERVE_HEADER, cli_clock_s());
    return NULL;
}

/* Paths are compared as they were sent: nothing here needs an escape, and %00 must not end one. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return strlen(text);
}

static ink_status start_daemon(serve_server *server, int socket, ink_error *err) {
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve_on_request, server, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
        server->limits->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
        serve_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_line, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, server, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (server->daemon == NULL) return cli_fail(err, INK_E_INTERNAL, "libmicrohttpd does not start");
    return INK_OK;
}

/* ---- the loop ---- */

static void tell_refresh(serve_server *server) {
    const serve_job *job = &server->refresh;
    server->refreshing = false;
    if (job->status != INK_OK) {
        server->metrics.reloads_refused++;
        cli_warn("the new model is refused, the old one serves on: %s", job->err.text);
    } else if (job->swapped) {
        server->metrics.reloads++;
        cli_info("a new model is taken up");
    }
}

static void finish_jobs(serve_server *server, int wake) {
    char bytes[64];
    while (read(wake, bytes, sizeof bytes) > 0) continue;
    for (serve_job *job = serve_lanes_done(server->lanes), *next; job != NULL; job = next) {
        next = job->next;
        if (job->task == SERVE_REFRESH) {
            tell_refresh(server);
        } else {
            serve_request_done(server, job);
        }
    }
}

/* False: a look is under way already, or the lane is full. */
static bool look_at_model(serve_server *server, bool always) {
    if (server->refreshing) return false;
    server->refresh = (serve_job){.task = SERVE_REFRESH, .always = always};
    server->refreshing = serve_lanes_push(server->lanes, &server->refresh);
    return server->refreshing;
}

/* Waits until something happens, at most seconds; lets libmicrohttpd work. */
static void turn(serve_server *server, int wake, double seconds) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd waits[2] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    MHD_UNSIGNED_LONG_LONG most = 0;
    int ms = (int)(1000 * seconds);
    if (MHD_get_timeout(server->daemon, &most) == MHD_YES && most < (MHD_UNSIGNED_LONG_LONG)ms) ms = (int)most;
    if (poll(waits, 2, ms) < 0 && errno != EINTR) return;
    finish_jobs(server, wake);
    MHD_run(server->daemon);
}

static void serve_on(serve_server *server, int wake) {
    double looked_s = cli_clock_s(), ticked_s = looked_s;
    while (cli_signal() == 0) {
        bool alone = server->deadlines.count == 0 && !server->refreshing;
        turn(server, wake, alone ? LOOK_S : TICK_S);
        double now_s = cli_clock_s();
        if (now_s - ticked_s >= TICK_S) {
            serve_deadlines_tick(&server->deadlines, now_s);
            ticked_s = now_s;
        }
        bool asked = hung_up != 0;
        if (asked || now_s - looked_s >= LOOK_S) {
            if (asked) hung_up = 0; /* before the look: one that comes during it is for the next */
            if (!look_at_model(server, asked) && asked) hung_up = 1;
            looked_s = now_s;
        }
    }
}

/* What is under way is answered, nothing new begins. */
static void drain(serve_server *server, int wake) {
    double start_s = cli_clock_s(), now_s = start_s;
    int socket = MHD_quiesce_daemon(server->daemon);
    if (socket >= 0) close(socket);
    server->draining = true;
    while (server->deadlines.count > 0 && now_s - start_s < server->limits->drain_s) {
        serve_deadlines_shut(&server->deadlines, SERVE_IDLE, now_s, 0, SIZE_MAX);
        serve_deadlines_shut(&server->deadlines, SERVE_HEADER, now_s, 1, SIZE_MAX);
        serve_deadlines_tick(&server->deadlines, now_s);
        turn(server, wake, TICK_S);
        now_s = cli_clock_s();
    }
    /* libmicrohttpd must get every suspended connection back before it can end. */
    if (server->suspended > 0) serve_lanes_drop(server->lanes);
    while (server->suspended > 0 || server->refreshing) turn(server, wake, TICK_S);
    if (server->deadlines.count > 0) {
        cli_warn("%zu connections were not done after %.0f s and are cut off", server->deadlines.count,
                 server->limits->drain_s);
    }
}

/* ---- beginning and end ---- */

/* As many connections as were asked for, if the system lets one process have them. */
static unsigned raise_descriptors(unsigned wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted < 900 ? wanted : 900;
    if (limit.rlim_cur < (rlim_t)wanted + OTHER_SOCKETS) {
        limit.rlim_cur =
            limit.rlim_max < (rlim_t)wanted + OTHER_SOCKETS ? limit.rlim_max : (rlim_t)wanted + OTHER_SOCKETS;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= (rlim_t)wanted + OTHER_SOCKETS) return wanted;
    return limit.rlim_cur > 2 * OTHER_SOCKETS ? (unsigned)limit.rlim_cur - OTHER_SOCKETS : OTHER_SOCKETS;
}

static void open_browser(const char *url) {
    char command[] = "xdg-open", word[128];
    char *argv[] = {command, word, NULL};
    pid_t child;
    posix_spawn_file_actions_t quiet;
    snprintf(word, sizeof word, "%s", url);
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, command, &quiet, NULL, argv, environ) != 0) {
        cli_warn("no xdg-open here: please open %s yourself", url);
    }
    posix_spawn_file_actions_destroy(&quiet);
}

static void tell_network(const serve_address *at) {
    char *code = NULL;
    ink_error err;
    if (at->loopback) return;
    cli_warn("everybody on this network can reach the server: it has no password and no encryption");
    if (at->phone[0] == '\0') return;
    cli_tell("for a phone on the same network: %s", at->phone);
    if (cli_qr_text(at->phone, cli_is_utf8(), &code, &err) == INK_OK && !cli_is_quiet() && cli_err_is_terminal()) {
        fputs(code, stderr);
    }
    free(code);
}

static void tell_start(const serve_options *o, const serve_address *at, unsigned most) {
    if (o->limits.connections > most) {
        cli_info("at most %u connections: the system allows no more open files", most);
    }
    tell_network(at);
    cli_info("Ctrl-C ends it");
    cli_result("%s", at->url);
    fflush(stdout);
    if (o->open) open_browser(at->url);
}

ink_status serve_run(const serve_options *options, ink_error *err) {
    serve_limits limits = options->limits;
    serve_server server = {.limits = &limits, .allowed = options->allowed};
    serve_address at = {.socket = -1};
    int wake[2] = {-1, -1};
    struct sigaction action = {.sa_handler = on_hangup}, ignored = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
    limits.connections = raise_descriptors(limits.connections);
    serve_deadlines_begin(&server.deadlines, &limits);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGCHLD, &ignored, NULL);
    ink_status status = ink_work_page(&server.page, &server.page_size, &server.policy, err);
    if (status == INK_OK) status = ink_service_open(&options->service, &server.service, err);
    if (status == INK_OK) status = serve_listen(options->host, options->port, &at, err);
    if (status == INK_OK && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        status = cli_fail(err, INK_E_INTERNAL, "no pipe: %s", strerror(errno));
    }
    if (status == INK_OK) status = serve_lanes_new(server.service, wake[1], limits.queue, &server.lanes, err);
    if (status == INK_OK) status = start_daemon(&server, at.socket, err);
    if (status == INK_OK) {
        (void)cli_signal(); /* who reads the address may end us at once: in good order already */
        tell_start(options, &at, limits.connections);
        at.socket = -1; /* libmicrohttpd's until it is drained */
        serve_on(&server, wake[0]);
        cli_info("stopping: what is under way is answered first");
        drain(&server, wake[0]);
        MHD_stop_daemon(server.daemon);
    }
    serve_lanes_free(server.lanes);
    ink_service_free(server.service);
    ink_work_free(server.policy);
    if (at.socket >= 0) close(at.socket);
    if (wake[0] >= 0) close(wake[0]);
    if (wake[1] >= 0) close(wake[1]);
    return status;
}
