/* cli/serve_request.c: one request from its first line to its answer: route, body, lane, response.
 * What no request may look like is serve_check.c's; what bodies mean, api/work.h's. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "cli/progress.h"
#include "cli/serve.h"

#define DISCARD_MOST ((size_t)64 << 20) /* of a body that was refused, so that its sender comes to read the answer */
#define JSON         "application/json"

typedef enum route { PAGE, HEALTH, METRICS, MODEL, PREDICT, CORRECT, ROUTES } route;

static const struct {
    const char *path, *allow, *type;
} routes[ROUTES] = {
    [PAGE] = {"/", "GET, HEAD", "text/html; charset=utf-8"},
    [HEALTH] = {"/health", "GET, HEAD", JSON},
    [METRICS] = {"/metrics", "GET, HEAD", "text/plain; version=0.0.4; charset=utf-8"},
    [MODEL] = {"/v1/model", "GET, HEAD", JSON},
    [PREDICT] = {"/v1/predict", "POST", JSON},
    [CORRECT] = {"/v1/correction", "POST", JSON},
};

typedef struct request {
    serve_server *server;
    struct MHD_Connection *connection;
    serve_connection *line; /* the connection as the deadlines know it */
    route route;
    serve_verdict verdict; /* code not 0: this is the answer */
    char message[80];      /* what the verdict says, where it has a number in it */
    serve_job job;
    uint8_t *body;
    size_t size, room, discarded;
    double asked_s;
    bool early; /* the answer was sent while the body was still coming */
    bool done;  /* by its lane */
} request;

static void enter(request *r, serve_state state) {
    serve_deadlines_enter(&r->server->deadlines, r->line, state, cli_clock_s());
}

static const char *header(const request *r, const char *name) {
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* ---- answers ---- */

static void add(struct MHD_Response *response, const char *name, const char *value) {
    if (MHD_add_response_header(response, name, value) != MHD_YES) return; /* out of memory: sent without */
}

static void add_headers(const request *r, unsigned code, const char *type, struct MHD_Response *response) {
    bool page = strcmp(type, routes[PAGE].type) == 0;
    add(response, "Content-Type", type);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Content-Security-Policy", page ? r->server->policy : "default-src 'none'; frame-ancestors 'none'");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    add(response, "Cache-Control", page ? "no-cache" : "no-store");
    if (code == 405) add(response, "Allow", routes[r->route].allow);
    if (code == 503) add(response, "Retry-After", "1");
    if (r->verdict.close || r->server->draining) add(response, "Connection", "close");
}

/* text NULL: out of memory. take: it is freed with the response. */
static enum MHD_Result respond(request *r, unsigned code, const char *type, char *text, size_t size, bool take) {
    static char sorry[] = "{\"error\":{\"code\":\"internal\",\"message\":\"out of memory\",\"pointer\":\"\"}}\n";
    struct MHD_Response *response;
    if (text == NULL) {
        code = 500;
        type = JSON;
        text = sorry;
        size = sizeof sorry - 1;
        take = false;
    }
    if (take) {
        response = MHD_create_response_from_buffer_with_free_callback(size, text, ink_work_free);
        if (response == NULL) ink_work_free(text);
    } else {
        response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_PERSISTENT);
    }
    if (response == NULL) return MHD_NO;
    add_headers(r, code, type, response);
    enter(r, SERVE_WRITE);
    enum MHD_Result queued = MHD_queue_response(r->connection, code, response);
    MHD_destroy_response(response);
    if (queued == MHD_YES) serve_count_answer(&r->server->metrics, code);
    return queued;
}

static enum MHD_Result respond_json(request *r, unsigned code, char *take_text) {
    return respond(r, code, JSON, take_text, take_text != NULL ? strlen(take_text) : 0, true);
}

static enum MHD_Result respond_verdict(request *r) {
    return respond_json(r, r->verdict.code, ink_service_error_json(r->verdict.word, r->verdict.message, ""));
}

/* An answer while the body still comes, which libmicrohttpd cannot send: past it, to a socket that has nothing else
 * under way. What follows is read and forgotten, so that closing does not wipe out the answer on its way. */
static void respond_early(request *r) {
    char text[512];
    char *body = ink_service_error_json(r->verdict.word, r->verdict.message, "");
    if (r->early || body == NULL) {
        ink_work_free(body);
        return;
    }
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %u %s\r\nContent-Type: " JSON "\r\nContent-Length: %zu\r\n"
                          "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                          r->verdict.code, MHD_get_reason_phrase_for(r->verdict.code), strlen(body), body);
    ink_work_free(body);
    if (length > 0 && send(r->line->socket, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) == length) {
        shutdown(r->line->socket, SHUT_WR);
    }
    r->early = true;
    serve_count_answer(&r->server->metrics, r->verdict.code);
}

/* ---- what is asked ---- */

static void refuse(request *r, unsigned code, const char *word, const char *message) {
    if (r->verdict.code == 0) r->verdict = (serve_verdict){code, word, message, false};
}

static bool is_type(const char *given, const char *type) {
    size_t length = strlen(type);
    return strncasecmp(given, type, length) == 0 && strchr("; \t", given[length]) != NULL;
}

static void judge_type(request *r) {
    const char *type = header(r, "Content-Type");
    bool predict = r->route == PREDICT;
    ink_question *q = &r->job.question;
    if (type == NULL) type = "";
    if (is_type(type, JSON)) {
        q->body = INK_BODY_JSON;
    } else if (predict && (is_type(type, "image/png") || is_type(type, "image/jpeg"))) {
        q->body = INK_BODY_PICTURE;
    } else if (predict && is_type(type, "application/octet-stream")) {
        q->body = INK_BODY_PIXELS;
    } else if (predict) {
        refuse(r, 415, "bad_type",
               "expected Content-Type image/png, image/jpeg, application/octet-stream or application/json");
    } else {
        refuse(r, 415, "bad_type", "expected Content-Type application/json");
    }
}

static size_t body_limit(const request *r) {
    const serve_limits *limits = r->server->limits;
    return r->job.question.body == INK_BODY_PICTURE ? limits->picture_bytes : limits->body_bytes;
}

static void refuse_size(request *r) {
    const bool picture = r->job.question.body == INK_BODY_PICTURE;
    snprintf(r->message, sizeof r->message, "a %s of more than %zu bytes (--%s-limit)", picture ? "picture" : "body",
             body_limit(r), picture ? "picture" : "body");
    r->verdict = (serve_verdict){413, "too_large", r->message, true};
}

static enum MHD_Result judge_argument(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    request *r = cls;
    (void)kind;
    bool yes = value != NULL && strcmp(value, "1") == 0, no = value != NULL && strcmp(value, "0") == 0;
    bool *flag = strcmp(key, "layers") == 0    ? &r->job.question.layers
                 : strcmp(key, "segment") == 0 ? &r->job.question.segment
                                               : NULL;
    if (r->route != PREDICT || flag == NULL || (!yes && !no)) {
        refuse(r, 400, "bad_query", "the query can be layers=1 and segment=1, for /v1/predict");
    } else {
        *flag = yes;
    }
    return MHD_YES;
}

/* An absolute request target names the host once more. */
static const char *path_of(const char *url) {
    if (strncasecmp(url, "http://", 7) != 0) return url;
    const char *path = strchr(url + 7, '/');
    return path != NULL ? path : "/";
}

static bool is_allowed(route asked, const char *method) {
    const char *allow = routes[asked].allow;
    size_t length = strlen(method);
    for (const char *at = allow; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, method, length) == 0 && strchr(",", at[length]) != NULL) return true;
    }
    return false;
}

static void judge(request *r, const char *url, const char *method, const char *version) {
    const char *length = header(r, "Content-Length"), *path = path_of(url);
    serve_line line = {.method = method, .version = version, .target_bytes = r->line->target_bytes};
    r->verdict = serve_check(r->server, r->connection, &line);
    while (r->route < ROUTES && strcmp(path, routes[r->route].path) != 0) r->route++;
    if (r->route == ROUTES) {
        r->route = PAGE;
        refuse(r, 404, "not_found", "there is nothing of that name; the page is /, the service /v1/predict");
    } else if (!is_allowed(r->route, method)) {
        refuse(r, 405, "bad_method", "this path does not take that method");
    } else {
        MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, judge_argument, r);
        if (r->route == PREDICT || r->route == CORRECT) judge_type(r);
    }
    if (length != NULL && (strlen(length) > 19 || strtoull(length, NULL, 10) > body_limit(r))) refuse_size(r);
}

/* Memory for size bytes more; false: there is none, or the bodies of all requests have their share. */
static bool make_room(request *r, size_t size) {
    const serve_limits *limits = r->server->limits;
    const size_t largest = limits->picture_bytes > limits->body_bytes ? limits->picture_bytes : limits->body_bytes;
    size_t room = r->room > 0 ? r->room : 1024;
    while (room < r->size + size) room *= 2;
    if (room - r->room > SERVE_BODIES_AT_ONCE * largest - r->server->held_bytes) return false;
    uint8_t *body = realloc(r->body, room);
    if (body == NULL) return false;
    r->server->held_bytes += room - r->room;
    r->body = body;
    r->room = room;
    return true;
}

static void free_body(request *r) {
    r->server->held_bytes -= r->room;
    free(r->body);
    r->body = NULL;
    r->size = r->room = 0;
}

static void keep_body(request *r, const char *upload, size_t size) {
    if (r->verdict.code == 0 && size > body_limit(r) - r->size) refuse_size(r);
    if (r->verdict.code == 413) respond_early(r);
    if (r->verdict.code == 0 && size > r->room - r->size && !make_room(r, size)) {
        r->verdict = (serve_verdict){503, "memory", "too many bodies at once; try again in a second", true};
        free_body(r);
    }
    if (r->verdict.code != 0) {
        r->discarded += size;
        return;
    }
    memcpy(r->body + r->size, upload, size);
    r->size += size;
}

/* ---- the answer to a whole request ---- */

static enum MHD_Result respond_metrics(request *r) {
    const serve_server *server = r->server;
    char *text = serve_metrics_text(&server->metrics, &server->deadlines, serve_lanes_waiting(server->lanes));
    return respond(r, 200, routes[METRICS].type, text, text != NULL ? strlen(text) : 0, true);
}

static enum MHD_Result respond_model(request *r) {
    char *json = NULL;
    ink_error err;
    if (ink_service_about(r->server->service, &json, &err) != INK_OK) json = NULL;
    return respond_json(r, 200, json);
}

static enum MHD_Result submit(request *r) {
    static const uint8_t nothing[1] = {0};
    ink_question *q = &r->job.question;
    q->bytes = r->body != NULL ? r->body : nothing;
    q->size = r->size;
    r->job.task = r->route == PREDICT ? SERVE_PREDICT : SERVE_CORRECT;
    r->job.owner = r;
    r->asked_s = cli_clock_s();
    if (!serve_lanes_push(r->server->lanes, &r->job)) {
        refuse(r, 503, "busy", "too many requests wait already; try again in a second");
        return respond_verdict(r);
    }
    enter(r, SERVE_WORK);
    r->server->suspended++;
    MHD_suspend_connection(r->connection);
    return MHD_YES;
}

static enum MHD_Result respond_whole(request *r) {
    static char fine[] = "{\"status\":\"ok\"}\n";
    serve_server *server = r->server;
    if (r->early) return MHD_NO; /* answered: the connection ends */
    if (r->verdict.code != 0) return respond_verdict(r);
    switch (r->route) {
    case PAGE: return respond(r, 200, routes[PAGE].type, (char *)(uintptr_t)server->page, server->page_size, false);
    case HEALTH: return respond(r, 200, JSON, fine, sizeof fine - 1, false);
    case METRICS: return respond_metrics(r);
    case MODEL: return respond_model(r);
    case PREDICT:
    case CORRECT: return submit(r);
    case ROUTES: break;
    }
    return MHD_NO;
}

void serve_request_done(serve_server *server, serve_job *job) {
    request *r = job->owner;
    r->done = true;
    server->suspended--;
    MHD_resume_connection(r->connection);
}

/* ---- libmicrohttpd's calls ---- */

static enum MHD_Result begin(serve_server *server, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, void **state) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request *r = calloc(1, sizeof *r);
    if (r == NULL || info == NULL || info->socket_context == NULL) {
        free(r);
        return MHD_NO;
    }
    *state = r;
    r->server = server;
    r->connection = connection;
    r->line = info->socket_context;
    enter(r, SERVE_BODY);
    judge(r, url, method, version);
    /* Before a body that was announced, and that nobody will read. */
    if (r->verdict.close && r->verdict.code != 413) return respond_verdict(r);
    if (r->verdict.code != 0 && header(r, "Expect") != NULL) return respond_verdict(r);
    if (r->verdict.code == 413) respond_early(r);
    return MHD_YES;
}

enum MHD_Result serve_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *upload_size, void **state) {
    request *r = *state;
    if (r == NULL) return begin(cls, connection, url, method, version, state);
    if (*upload_size > 0) {
        keep_body(r, upload, *upload_size);
        *upload_size = 0;
        return r->discarded <= DISCARD_MOST ? MHD_YES : MHD_NO;
    }
    if (!r->done) return respond_whole(r);
    ink_question *q = &r->job.question;
    if (q->code == 0) {
        refuse(r, 503, "stopping", "the server is being stopped");
        return respond_verdict(r);
    }
    char *answer = q->answer;
    q->answer = NULL;
    r->server->metrics.images += q->images;
    if (r->route == PREDICT) serve_count_seconds(&r->server->metrics, cli_clock_s() - r->asked_s);
    return respond_json(r, (unsigned)q->code, answer);
}

void serve_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode why) {
    serve_server *server = cls;
    request *r = *state;
    (void)connection;
    (void)why;
    if (r == NULL) return;
    *state = NULL;
    serve_deadlines_enter(&server->deadlines, r->line, SERVE_IDLE, cli_clock_s());
    ink_work_free(r->job.question.answer);
    free_body(r);
    free(r);
}
