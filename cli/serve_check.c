/* cli/serve_check.c: what no request may look like, whatever it asks for.
 * libmicrohttpd refuses what it cannot read; here is what it reads and should not be trusted: framing that two readers
 * could understand differently, and names that only a page of another site would use. */
#include <string.h>
#include <strings.h>

#include "cli/serve.h"

#define LINE_MOST    8192
#define HEADERS_MOST 100

typedef struct seen {
    unsigned headers, lengths, codings, hosts;
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

static serve_verdict check_sizes(const seen *s, const char *url) {
    if (strlen(url) > LINE_MOST) return (serve_verdict){414, "long_path", "a path of more than 8 KiB", true};
    if (s->long_line) return (serve_verdict){431, "long_header", "a header line of more than 8 KiB", true};
    if (s->headers > HEADERS_MOST) return (serve_verdict){431, "many_headers", "more than 100 header lines", true};
    return (serve_verdict){0};
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

serve_verdict serve_check(const serve_server *server, struct MHD_Connection *connection, const char *url,
                          const char *version) {
    seen s = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &s);
    serve_verdict verdict = check_sizes(&s, url);
    if (verdict.code == 0) verdict = check_framing(&s);
    if (verdict.code != 0) return verdict;
    if (s.hosts > 1) return (serve_verdict){400, "bad_host", "more than one Host", true};
    if (s.hosts == 0 && strcmp(version, "HTTP/1.0") != 0) {
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
