/* bench/serve_load.c: asks a running `inkling serve` many things at once, and tells how long each took.
 * It is no stress test without end: loopback alone, a number of requests, and a limit of time.
 *
 *   serve_load PORT [--busy 64] [--idle 0] [--slow 0] [--kind all] [--requests 100000] [--seconds 50] [--rate 0]
 *              [--pid PID]
 *
 * busy   connections that each wait for an answer before they ask again (POST /v1/predict of 784 bytes)
 * idle   connections that asked once and then keep quiet; looked at again at the end
 * slow   connections that send a byte every 100 ms, of a header, a body or a chunk; or that ask for the page many times
 *        and read it as slowly, so that the system's buffers are full and the server waits. A process of their own
 *        holds them, so that they delay the server alone. How many the server shut at its deadlines it says itself
 * kind   which of them: header, body, chunk, read; all: in turn
 * rate   requests a second, evenly among the busy ones, timed from when each was due; 0: a closed loop, each asks as
 *        soon as it has its answer
 * pid    of the server, whose memory is told */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOW_KINDS 4
#define SETTLE_S   5      /* in which the slow ones begin, one after the other */
#define PAGES      16     /* that a slow reader asks for at once: some megabytes */
#define SLOW_TURNS 100    /* of a tenth of a second, so that they don't all send at once */
#define BUCKETS    200000 /* of 5 microseconds: one second */
#define BUCKET_S   5e-6

typedef struct settings {
    unsigned port, busy, idle, slow, rate;
    int kind; /* SLOW_KINDS: in turn */
    unsigned long requests;
    double seconds;
    int pid;
} settings;

typedef struct client {
    int socket;
    bool waits;
    double due_s;  /* when this request was to be sent */
    double next_s; /* the one after */
    size_t got, length;
    char answer[4096];
} client;

typedef struct slow_client {
    int socket;
    int kind; /* in the order of slow_words */
} slow_client;

typedef struct tally {
    unsigned long sent, done, failed, refused;
    double worst_s, sum_s;
    uint32_t bucket[BUCKETS + 1];
} tally;

static tally tallied;
static char request[1024];
static size_t request_bytes;

static double clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static _Noreturn void die(const char *what) {
    fprintf(stderr, "serve_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Source addresses in turn, so that ports do not run out. */
static int dial(unsigned port, unsigned number) {
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + number % 8)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(0x7f000001u)};
    if (s < 0) die("socket");
    if (bind(s, (struct sockaddr *)&from, sizeof from) != 0) die("bind");
    if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

static void make_request(void) {
    int n = snprintf(request, sizeof request,
                     "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                     "Content-Length: 784\r\n\r\n");
    memset(request + n, 0, 784);
    for (int y = 4; y < 24; y++) memset(request + n + 28 * y + 13, 255, 3);
    request_bytes = (size_t)n + 784;
}

/* ---- busy ---- */

static void ask(client *c, double due_s) {
    c->due_s = due_s;
    c->got = c->length = 0;
    c->waits = true;
    if (send(c->socket, request, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes) tallied.failed++;
    tallied.sent++;
}

static void note(double seconds) {
    size_t at = seconds < BUCKETS * BUCKET_S ? (size_t)(seconds / BUCKET_S) : BUCKETS;
    tallied.bucket[at]++;
    tallied.sum_s += seconds;
    if (seconds > tallied.worst_s) tallied.worst_s = seconds;
}

/* True when the whole answer is there. */
static bool hear(client *c) {
    ssize_t n = recv(c->socket, c->answer + c->got, sizeof c->answer - 1 - c->got, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
        tallied.failed++;
        c->waits = false;
        return true;
    }
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    if (c->length == 0) {
        const char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
        if (end == NULL || length == NULL) return false;
        c->length = (size_t)(end + 4 - c->answer) + strtoul(length + 15, NULL, 10);
    }
    if (c->got < c->length) return false;
    c->waits = false;
    note(clock_s() - c->due_s);
    tallied.done++;
    if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0) {
        if (strncmp(c->answer, "HTTP/1.1 503 ", 13) == 0) {
            tallied.refused++;
        } else {
            tallied.failed++;
        }
    }
    return true;
}

/* ---- slow ---- */

static const char *const slow_words[SLOW_KINDS] = {"header", "body", "chunk", "read"};
static unsigned long *reopened; /* shared with their process */

static void slow_begin(slow_client *s, const settings *o, unsigned number) {
    static const char *const first[SLOW_KINDS] = {
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ",
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: "
        "100000\r\n\r\n",
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: "
        "chunked\r\n\r\nfffff\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"};
    int small = 4096;
    s->kind = o->kind < SLOW_KINDS ? o->kind : (int)(number % SLOW_KINDS);
    s->socket = dial(o->port, number);
    setsockopt(s->socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < (s->kind == SLOW_KINDS - 1 ? PAGES : 1); i++) {
        send(s->socket, first[s->kind], strlen(first[s->kind]), MSG_NOSIGNAL);
    }
}

/* A byte more; a connection that the server closed begins anew. */
static void slow_turn(slow_client *s, const settings *o, unsigned number) {
    char byte = 'a';
    bool reads = s->kind == SLOW_KINDS - 1;
    ssize_t n =
        reads ? recv(s->socket, &byte, 1, MSG_DONTWAIT) : send(s->socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    bool closed = (n == 0 && reads) || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (!closed) return;
    close(s->socket);
    ++*reopened;
    slow_begin(s, o, number);
}

/* Until it is killed. */
static _Noreturn void slow_all(const settings *o) {
    slow_client *slow = calloc(o->slow, sizeof *slow);
    unsigned begun = 0;
    double start_s = clock_s();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (slow == NULL) die("memory");
    for (unsigned long turn = 0;; turn++) {
        double due_s = start_s + (double)turn * 0.1 / SLOW_TURNS, now_s = clock_s();
        if (due_s > now_s) usleep((useconds_t)(1e6 * (due_s - now_s)) + 1);
        while (begun < o->slow && (now_s - start_s) * o->slow >= begun * (SETTLE_S - 1.0)) {
            slow_begin(&slow[begun], o, begun);
            begun++;
        }
        for (unsigned i = (unsigned)(turn % SLOW_TURNS); i < begun; i += SLOW_TURNS) slow_turn(&slow[i], o, i);
    }
}

static pid_t slow_start(const settings *o) {
    if (o->slow == 0) return 0;
    reopened = mmap(NULL, sizeof *reopened, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reopened == MAP_FAILED) die("memory");
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) slow_all(o);
    sleep(SETTLE_S);
    return child;
}

/* What the server says of connections that it shut at a deadline. A reader whose buffers are full never hears of it. */
static void print_overdue(unsigned port) {
    static const char asked[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static const char name[] = "\ninkling_overdue_total{state=\"";
    char text[16384];
    size_t got = 0;
    ssize_t n;
    int s = dial(port, 0);
    send(s, asked, sizeof asked - 1, MSG_NOSIGNAL);
    while ((n = recv(s, text + got, sizeof text - 1 - got, 0)) > 0) got += (size_t)n;
    close(s);
    text[got] = '\0';
    printf("shut by the server at its deadlines:");
    for (const char *at = text; (at = strstr(at, name)) != NULL;) {
        at += sizeof name - 1;
        const char *number = strchr(at, ' ');
        if (number == NULL) break;
        printf(" %.*s %lu", (int)strcspn(at, "\""), at, strtoul(number, NULL, 10));
    }
    putchar('\n');
}

static void slow_end(const settings *o, pid_t child) {
    if (child == 0) return;
    if (waitpid(child, NULL, WNOHANG) != 0) {
        fputs("serve_load: the slow clients' process ended early\n", stderr);
        exit(1);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("slow clients: %u (%s), closed by the server and begun anew %lu times\n", o->slow,
           o->kind < SLOW_KINDS ? slow_words[o->kind] : "all kinds", *reopened);
    print_overdue(o->port);
}

/* ---- idle ---- */

static int *idle_begin(const settings *o) {
    int *all = calloc(o->idle + 1, sizeof *all);
    client c = {0};
    if (all == NULL) die("memory");
    for (unsigned i = 0; i < o->idle; i++) {
        c.socket = all[i] = dial(o->port, i);
        ask(&c, clock_s());
        while (!hear(&c)) continue;
    }
    memset(&tallied, 0, sizeof tallied);
    return all;
}

/* How many of them are still open. */
static unsigned idle_end(const settings *o, const int *all) {
    unsigned open = 0;
    char byte;
    for (unsigned i = 0; i < o->idle; i++) {
        ssize_t n = recv(all[i], &byte, 1, MSG_DONTWAIT);
        open += n < 0 && errno == EAGAIN;
        close(all[i]);
    }
    return open;
}

/* ---- the run ---- */

static double memory_mb(int pid) {
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) kb = strtod(line + 6, NULL);
    }
    fclose(file);
    return kb / 1024;
}

static double percentile(double share) {
    unsigned long seen = 0, wanted = (unsigned long)(share * (double)tallied.done);
    for (size_t i = 0; i <= BUCKETS; i++) {
        seen += tallied.bucket[i];
        if (seen > wanted) return ((double)i + 1) * BUCKET_S;
    }
    return tallied.worst_s;
}

/* Asks what is due. Until when there is nothing to do: at most a tenth of a second. */
static double ask_due(const settings *o, client *busy, double gap_s, double now_s) {
    double until_s = now_s + 0.1;
    for (unsigned i = 0; i < o->busy; i++) {
        if (busy[i].waits || tallied.sent >= o->requests) continue;
        if (busy[i].next_s <= now_s) {
            ask(&busy[i], o->rate > 0 ? busy[i].next_s : clock_s());
            busy[i].next_s += gap_s;
        } else if (busy[i].next_s < until_s) {
            until_s = busy[i].next_s;
        }
    }
    return until_s;
}

static void drive(const settings *o, client *busy) {
    struct epoll_event events[256];
    int set = epoll_create1(EPOLL_CLOEXEC);
    double start_s = clock_s(), now_s = start_s;
    double gap_s = o->rate > 0 ? (double)o->busy / o->rate : 0;
    for (unsigned i = 0; i < o->busy; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &busy[i]};
        epoll_ctl(set, EPOLL_CTL_ADD, busy[i].socket, &event);
        busy[i].next_s = start_s + gap_s * i / o->busy;
    }
    while (tallied.done < o->requests && tallied.failed == 0 && now_s - start_s < o->seconds) {
        double until_s = ask_due(o, busy, gap_s, now_s), left_s = until_s - clock_s();
        struct timespec wait = {.tv_nsec = left_s > 0 ? (long)(1e9 * left_s) : 0};
        int n = epoll_pwait2(set, events, 256, &wait, NULL);
        for (int i = 0; i < n; i++) {
            client *c = events[i].data.ptr;
            if (hear(c) && o->rate == 0 && tallied.sent < o->requests && tallied.failed == 0) ask(c, clock_s());
        }
        now_s = clock_s();
    }
    close(set);
    double seconds = clock_s() - start_s;
    printf("%lu requests in %.1f s: %.0f a second, %lu errors, %lu refused (503)\n", tallied.done, seconds,
           (double)tallied.done / seconds, tallied.failed, tallied.refused);
    printf("mean %.2f  p50 %.2f  p99 %.2f  p99.9 %.2f  worst %.2f ms\n",
           1e3 * tallied.sum_s / (double)(tallied.done > 0 ? tallied.done : 1), 1e3 * percentile(0.5),
           1e3 * percentile(0.99), 1e3 * percentile(0.999), 1e3 * tallied.worst_s);
}

static int kind_of(const char *word) {
    int kind = 0;
    while (kind < SLOW_KINDS && strcmp(word, slow_words[kind]) != 0) kind++;
    if (kind < SLOW_KINDS || strcmp(word, "all") == 0) return kind;
    fprintf(stderr, "serve_load: --kind %s: header, body, chunk, read or all\n", word);
    exit(2);
}

static settings read_words(int argc, char **argv) {
    settings o = {.busy = 64, .requests = 100000, .seconds = 50, .kind = SLOW_KINDS};
    if (argc < 2) {
        fputs("serve_load PORT [--busy N] [--idle N] [--slow N] [--kind WORD] [--requests N] [--seconds S] [--rate N] "
              "[--pid PID]\n",
              stderr);
        exit(2);
    }
    o.port = (unsigned)strtoul(argv[1], NULL, 10);
    for (int i = 2; i + 1 < argc; i += 2) {
        double value = strtod(argv[i + 1], NULL);
        if (strcmp(argv[i], "--busy") == 0) o.busy = (unsigned)value;
        if (strcmp(argv[i], "--idle") == 0) o.idle = (unsigned)value;
        if (strcmp(argv[i], "--slow") == 0) o.slow = (unsigned)value;
        if (strcmp(argv[i], "--kind") == 0) o.kind = kind_of(argv[i + 1]);
        if (strcmp(argv[i], "--rate") == 0) o.rate = (unsigned)value;
        if (strcmp(argv[i], "--requests") == 0) o.requests = (unsigned long)value;
        if (strcmp(argv[i], "--seconds") == 0) o.seconds = value;
        if (strcmp(argv[i], "--pid") == 0) o.pid = (int)value;
    }
    return o;
}

int main(int argc, char **argv) {
    settings o = read_words(argc, argv);
    make_request();
    client *busy = calloc(o.busy + 1, sizeof *busy);
    if (busy == NULL) die("memory");
    int *idle = idle_begin(&o);
    for (unsigned i = 0; i < o.busy; i++) busy[i].socket = dial(o.port, i);
    pid_t child = slow_start(&o);
    double before_mb = memory_mb(o.pid);
    drive(&o, busy);
    if (o.pid > 0) printf("memory of the server: %.1f MB before, %.1f MB after\n", before_mb, memory_mb(o.pid));
    slow_end(&o, child);
    if (o.idle > 0) printf("idle connections open at the end: %u of %u\n", idle_end(&o, idle), o.idle);
    return tallied.failed > 0;
}
