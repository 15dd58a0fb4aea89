/* cli/serve_deadlines.c: absolute deadlines of connections, kept by shutting their sockets.
 * libmicrohttpd's own time-out begins anew with each byte: a slow client never meets it. What is shut here, it closes.
 * It neither reads nor writes a byte. */
#define _DEFAULT_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "cli/serve.h"

#define LOOKED_AT 256 /* idle connections a tick */

void serve_deadlines_begin(serve_deadlines *d, const serve_limits *limits) {
    *d = (serve_deadlines){.count = 0};
    d->list[SERVE_IDLE].limit_s = limits->idle_s;
    d->list[SERVE_HEADER].limit_s = limits->header_s;
    d->list[SERVE_BODY].limit_s = limits->body_s;
    d->list[SERVE_WRITE].limit_s = limits->write_s;
}

static void unlink_it(serve_deadlines *d, serve_connection *c) {
    if (d->cursor == c) d->cursor = c->after;
    if (c->before != NULL) {
        c->before->after = c->after;
    } else {
        d->list[c->state].first = c->after;
    }
    if (c->after != NULL) {
        c->after->before = c->before;
    } else {
        d->list[c->state].last = c->before;
    }
}

static void append(serve_deadlines *d, serve_connection *c, serve_state state, double now_s) {
    c->state = state;
    c->since_s = now_s;
    c->deadline_s = now_s + d->list[state].limit_s;
    c->after = NULL;
    c->before = d->list[state].last;
    if (c->before != NULL) {
        c->before->after = c;
    } else {
        d->list[state].first = c;
    }
    d->list[state].last = c;
}

void serve_deadlines_add(serve_deadlines *d, serve_connection *c, int socket, double now_s) {
    c->socket = socket;
    c->shut = false;
    d->count++;
    append(d, c, SERVE_HEADER, now_s);
}

void serve_deadlines_enter(serve_deadlines *d, serve_connection *c, serve_state state, double now_s) {
    unlink_it(d, c);
    append(d, c, state, now_s);
}

void serve_deadlines_remove(serve_deadlines *d, serve_connection *c) {
    unlink_it(d, c);
    d->count--;
}

/* libmicrohttpd sees the end of the stream, and closes. What waits for one who does not take it is thrown away then:
 * the system would keep it for minutes. */
static void shut(serve_connection *c) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (!c->shut && c->state == SERVE_WRITE) setsockopt(c->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (!c->shut) shutdown(c->socket, SHUT_RDWR);
    c->shut = true;
}

/* Whether bytes came after the last answer: then a header is under way that libmicrohttpd does not tell of yet. */
static bool has_begun(const serve_connection *c, double now_s) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(c->socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
    return now_s - info.tcpi_last_data_recv / 1000.0 > c->since_s + 0.02;
}

void serve_deadlines_tick(serve_deadlines *d, double now_s) {
    for (int s = 0; s < SERVE_STATES; s++) {
        if (d->list[s].limit_s <= 0) continue;
        for (serve_connection *c = d->list[s].first; c != NULL && c->deadline_s <= now_s; c = c->after) {
            d->overdue[s] += !c->shut;
            shut(c);
        }
    }
    for (int i = 0; i < LOOKED_AT; i++) {
        serve_connection *c = d->cursor != NULL ? d->cursor : d->list[SERVE_IDLE].first;
        if (c == NULL) return;
        d->cursor = c->after;
        if (has_begun(c, now_s)) serve_deadlines_enter(d, c, SERVE_HEADER, now_s);
        if (d->cursor == NULL) return;
    }
}

void serve_deadlines_shut(serve_deadlines *d, serve_state state, double now_s, double age_s, size_t most) {
    for (serve_connection *c = d->list[state].first; c != NULL && most > 0; c = c->after) {
        if (now_s - c->since_s < age_s) return;
        most -= !c->shut;
        shut(c);
    }
}
