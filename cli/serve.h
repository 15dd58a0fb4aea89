/* cli/serve.h: inside `inkling serve`: what its files share.
 *
 * Threads  One thread, the main one, holds all connections: libmicrohttpd's epoll, deadlines, counters, the log. It
 *          computes nothing. Bodies wait in two lanes, each with a thread of its own: few pixels, answered many at a
 *          time, and what may take long (pictures, large batches, corrections, a new model), one by one. A connection
 *          whose request is in a lane is suspended; the answer wakes the main thread through a pipe.
 */
#ifndef INK_CLI_SERVE_H
#define INK_CLI_SERVE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/work.h"

typedef struct serve_limits {
    double header_s, body_s, write_s; /* absolute: from the first byte to the last, whatever trickles meanwhile */
    double idle_s;                    /* between two requests of a connection */
    double drain_s;                   /* after the signal to stop */
    size_t body_bytes, picture_bytes; /* of one request: pixels and JSON; a picture */
    unsigned connections, queue;
} serve_limits;

/* Bodies of all requests together: this many of the largest. */
#define SERVE_BODIES_AT_ONCE 16

/* ---- deadlines (serve_deadlines.c) ---- */

typedef enum serve_state {
    SERVE_IDLE,   /* answered, nothing asked yet */
    SERVE_HEADER, /* new, or in the middle of a header */
    SERVE_BODY,
    SERVE_WORK, /* in a lane: the time is ours */
    SERVE_WRITE,
    SERVE_STATES
} serve_state;

typedef struct serve_connection {
    struct serve_connection *before, *after; /* in the list of its state */
    serve_state state;
    double since_s, deadline_s;
    int socket;
    size_t target_bytes; /* of the request line under way: the path and its query, as sent */
    bool shut;
} serve_connection;

/* The connections by state. All of a state have the same time, so that each list is in order of its deadlines. */
typedef struct serve_deadlines {
    struct {
        serve_connection *first, *last;
        double limit_s; /* 0: none */
    } list[SERVE_STATES];
    serve_connection *cursor; /* the idle one to look at next */
    size_t count;
    uint64_t overdue[SERVE_STATES]; /* shut so far */
} serve_deadlines;

void serve_deadlines_begin(serve_deadlines *d, const serve_limits *limits);
void serve_deadlines_add(serve_deadlines *d, serve_connection *c, int socket, double now_s);
void serve_deadlines_enter(serve_deadlines *d, serve_connection *c, serve_state state, double now_s);
void serve_deadlines_remove(serve_deadlines *d, serve_connection *c);
/* Shuts what is overdue; an idle connection that began to send has a header's time from then on. */
void serve_deadlines_tick(serve_deadlines *d, double now_s);
/* Shuts all of a state that have been in it for at least age_s; at most `most` of them. */
void serve_deadlines_shut(serve_deadlines *d, serve_state state, double now_s, double age_s, size_t most);

/* ---- counters (serve_metrics.c) ---- */

#define SERVE_CODES   24
#define SERVE_BUCKETS 12

typedef struct serve_metrics {
    struct {
        unsigned code;
        uint64_t count;
    } answers[SERVE_CODES];
    uint64_t images, connections, reloads, reloads_refused;
    uint64_t bucket[SERVE_BUCKETS + 1]; /* seconds from the last byte of a predict request to the first of its answer */
    double seconds;
} serve_metrics;

void serve_count_answer(serve_metrics *m, unsigned code);
void serve_count_seconds(serve_metrics *m, double seconds);
/* Prometheus text, malloc'ed; NULL when memory is out. */
char *serve_metrics_text(const serve_metrics *m, const serve_deadlines *d, unsigned waiting);

/* ---- lanes (serve_lanes.c) ---- */

typedef enum serve_task { SERVE_PREDICT, SERVE_CORRECT, SERVE_REFRESH } serve_task;

typedef struct serve_job {
    struct serve_job *next;
    serve_task task;
    ink_question question; /* the body, and the answer */
    bool always;           /* of refresh */
    ink_status status;     /* of refresh */
    bool swapped;
    ink_error err;
    void *owner;
} serve_job;

typedef struct serve_lanes serve_lanes;

/* wake: a descriptor that is written to when a job is done. Errors: INK_E_INTERNAL, INK_E_MEMORY. */
INK_MUST_USE ink_status serve_lanes_new(ink_service *service, int wake, unsigned queue, serve_lanes **out,
                                        ink_error *err);
/* False: the lane is full. The job is borrowed until serve_lanes_done gives it back. */
INK_MUST_USE bool serve_lanes_push(serve_lanes *lanes, serve_job *job);
/* All jobs that were done since the last call, as a list. */
serve_job *serve_lanes_done(serve_lanes *lanes);
/* Gives all jobs that were not begun back as done, with code 0. */
void serve_lanes_drop(serve_lanes *lanes);
unsigned serve_lanes_waiting(serve_lanes *lanes);
/* Waits for the jobs under way. */
void serve_lanes_free(serve_lanes *lanes);

/* ---- the address (serve_address.c) ---- */

typedef struct serve_address {
    int socket;
    bool loopback;
    unsigned port;
    char url[128];   /* to be opened on this machine */
    char phone[128]; /* for others on the network; "" on loopback */
} serve_address;

/* host: a numeric address; port 0: any that is free. Errors: INK_E_USAGE no address; INK_E_FILE with what the system
 * says and, when the port is taken, what to do. */
INK_MUST_USE ink_status serve_listen(const char *host, unsigned port, serve_address *out, ink_error *err);

/* A request's Host: a numeric address or localhost (no page of another site can have such a name), or one of the
 * allowed names; with or without a port. allowed may be NULL. */
bool serve_host_allowed(const char *host, const char *const *allowed);

/* ---- requests (serve_request.c), and the server that they belong to (serve_run.c) ---- */

typedef struct serve_server {
    ink_service *service;
    const serve_limits *limits;
    const char *const *allowed; /* names for Host; NULL-terminated or NULL */
    struct MHD_Daemon *daemon;
    serve_lanes *lanes;
    serve_deadlines deadlines;
    serve_metrics metrics;
    const char *page;
    size_t page_size;
    char *policy; /* of the page */
    serve_job refresh;
    bool refreshing, draining;
    size_t suspended;
    size_t held_bytes; /* memory of all bodies */
} serve_server;

/* What libmicrohttpd calls; cls is the server. */
enum MHD_Result serve_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *upload_size, void **state);
void serve_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode why);
/* A predict or correct job is done: its connection goes on. */
void serve_request_done(serve_server *server, serve_job *job);

typedef struct serve_options {
    ink_service_options service;
    serve_limits limits;
    const char *host;
    unsigned port;
    bool open;
    const char *const *allowed;
} serve_options;

/* Serves until a signal comes. */
INK_MUST_USE ink_status serve_run(const serve_options *options, ink_error *err);

/* A request's first line. */
typedef struct serve_line {
    const char *method, *version;
    size_t target_bytes; /* with the query */
} serve_line;

/* What is wrong with a request's framing, Host and header sizes; code 0: nothing. */
typedef struct serve_verdict {
    unsigned code;
    const char *word, *message;
    bool close; /* what follows on this connection cannot be trusted */
} serve_verdict;

serve_verdict serve_check(const serve_server *server, struct MHD_Connection *connection, const serve_line *line);

#endif
