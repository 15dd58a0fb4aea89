/* cli/serve_check.c: what no request may look like, whatever it asks for.
 * libmicrohttpd refuses what it cannot read; here is what it reads and should not be trusted: framing that two readers
 * could understand differently, and names that only a page of another site would use. */
#include <string.h>
#include <strings.h>

#include "cli/serve.h"

#define LINE_MOST    8192
#define HEADERS_MOST 100

typedef struct seen {
    unsigned headers, lengths, codings, hosts, empty;
    size_t bytes; /* of all header lines as they should be written: NAME, colon, blank, VALUE, CR, LF */
    bool long_line, bad_name, bad_value, bad_coding;
    const char *host, *origin;
} seen;

/* Letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 5.6.2). */
static bool is_token(const char *word) {
    if (*word == '\0') return false;
    for (; *word != '\0'; word++) {
        unsigned char c = (unsigned char)*word;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && strchr("!#$%&'*+-.^_`|~", c) == NULL) return false;
    }
    return true;
}

static bool has_control(const char *value) {
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if ((c < 0x20 && c != '\t') || c == 0x7f) return true;
    }
    return false;
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    seen *s = cls;
    (void)kind;
    if (value == NULL) value = "";
    s->headers++;
    s->bytes += strlen(key) + 2 + strlen(value) + 2;
    if (value[0] == '\0') s->empty++;
    if (strlen(key) + strlen(value) > LINE_MOST) s->long_line = true;
    if (!is_token(key)) s->bad_name = true;
    if (has_control(value)) s->bad_value = true;
    if (strcasecmp(key, "Content-Length") == 0) s->lengths++;
    if (strcasecmp(key, "Transfer-Encoding") == 0) {
        s->codings++;
        if (strcasecmp(value, "chunked") != 0) s->bad_coding = true;
    }
    if (strcasecmp(key, "Host") == 0) {
        s->hosts++;
        s->host = value;
    }
    if (strcasecmp(key, "Origin") == 0) s->origin = value;
    return MHD_YES;
}

/* "http://HOST" and nothing else; an origin of the page that this server gave. */
static bool is_own_origin(const char *origin, const char *host) {
    const char *from = strstr(origin, "://");
    return from != NULL && host != NULL && strcasecmp(from + 3, host) == 0;
}

static serve_verdict check_sizes(const seen *s, size_t target_bytes) {
    if (target_bytes > LINE_MOST) return (serve_verdict){414, "long_path", "a path of more than 8 KiB", true};
    if (s->long_line) return (serve_verdict){431, "long_header", "a header line of more than 8 KiB", true};
    if (s->headers > HEADERS_MOST) return (serve_verdict){431, "many_headers", "more than 100 header lines", true};
    return (serve_verdict){0};
}

/* libmicrohttpd 0.9.75 reads folded lines, bare line feeds, NULs and lines without a name, and tells of none of them;
 * but it tells the header's size. So a header line must be NAME: VALUE with one blank between, as every client writes
 * it, and end with CR LF: then the size is what the parts add up to (an empty value may do without the blank). */
static bool is_plain(const seen *s, struct MHD_Connection *connection, const serve_line *line) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t first = strlen(line->method) + 1 + line->target_bytes + 1 + strlen(line->version) + 2;
    size_t most = first + s->bytes + 2;
    return info != NULL && info->header_size <= most && info->header_size + s->empty >= most;
}

static serve_verdict check_framing(const seen *s) {
    if (s->bad_name) return (serve_verdict){400, "bad_header", "a header's name holds what no name may", true};
    if (s->bad_value) return (serve_verdict){400, "bad_header", "a header's value holds control characters", true};
    if (s->lengths > 1) return (serve_verdict){400, "bad_length", "more than one Content-Length", true};
    if (s->codings > 0 && s->lengths > 0) {
        return (serve_verdict){400, "bad_length", "Content-Length and Transfer-Encoding together", true};
    }
    if (s->codings > 1 || s->bad_coding) {
        return (serve_verdict){400, "bad_coding", "Transfer-Encoding can be chunked, once, and nothing else", true};
    }
    return (serve_verdict){0};
}

serve_verdict serve_check(const serve_server *server, struct MHD_Connection *connection, const serve_line *line) {
    seen s = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &s);
    serve_verdict verdict = check_sizes(&s, line->target_bytes);
    if (verdict.code == 0) verdict = check_framing(&s);
    if (verdict.code != 0) return verdict;
    if (!is_plain(&s, connection, line)) {
        return (serve_verdict){400, "bad_header", "a header line is NAME: VALUE, one blank between, CR LF at its end",
                               true};
    }
    if (s.hosts > 1) return (serve_verdict){400, "bad_host", "more than one Host", true};
    if (s.hosts == 0 && strcmp(line->version, "HTTP/1.0") != 0) {
        return (serve_verdict){400, "bad_host", "the Host header is missing", true};
    }
    if (s.hosts == 1 && !serve_host_allowed(s.host, server->allowed)) {
        return (serve_verdict){421, "wrong_host", "this server does not answer to that name (--allow-host NAME)", true};
    }
    if (s.origin != NULL && !is_own_origin(s.origin, s.host)) {
        return (serve_verdict){403, "cross_site", "pages of other sites may not ask here", false};
    }
    return (serve_verdict){0};
}
