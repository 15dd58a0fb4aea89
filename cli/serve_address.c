/* cli/serve_address.c: where the server listens, and by which names it may be called.
 * Connections are libmicrohttpd's. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/serve.h"

#define BACKLOG 1024
#define UNSENT  65536 /* bytes of answers that the system keeps for one connection, doubled by it; else megabytes */

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static bool is_any(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void put_url(const struct sockaddr *address, socklen_t size, unsigned port, char *url, size_t room) {
    char host[64] = "";
    if (getnameinfo(address, size, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) return;
    snprintf(url, room, address->sa_family == AF_INET6 ? "http://[%s]:%u/" : "http://%s:%u/", host, port);
}

/* The first address by which others on the network reach this machine. */
static void put_phone(unsigned port, char *url, size_t room) {
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0) return;
    for (const struct ifaddrs *i = all; i != NULL && url[0] == '\0'; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET) continue;
        if ((i->ifa_flags & IFF_UP) == 0 || is_loopback(i->ifa_addr)) continue;
        put_url(i->ifa_addr, sizeof(struct sockaddr_in), port, url, room);
    }
    freeifaddrs(all);
}

static ink_status listen_at(const struct addrinfo *at, const char *host, unsigned port, serve_address *out,
                            ink_error *err) {
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int one = 1, unsent = UNSENT;
    const char *doing = "open a socket for";
    memset(&bound, 0, sizeof bound);
    int descriptor = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool fine = descriptor >= 0;
    if (fine) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fine) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent); /* of each connection too */
    if (fine) {
        doing = "listen at";
        fine = bind(descriptor, at->ai_addr, at->ai_addrlen) == 0 && listen(descriptor, BACKLOG) == 0 &&
               getsockname(descriptor, (struct sockaddr *)&bound, &size) == 0;
    }
    if (!fine) {
        int fault = errno;
        if (descriptor >= 0) close(descriptor);
        cli_fail(err, INK_E_FILE, "cannot %s %s port %u: %s", doing, host, port, strerror(fault));
        if (fault == EADDRINUSE) cli_hint(err, "--port 0 takes one that is free, --port N another");
        if (fault == EADDRNOTAVAIL) cli_hint(err, "--host 0.0.0.0 listens at all addresses of this machine");
        return INK_E_FILE;
    }
    const struct sockaddr *address = (const struct sockaddr *)&bound;
    out->socket = descriptor;
    out->loopback = is_loopback(address);
    out->port = ntohs(address->sa_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                                    : ((struct sockaddr_in6 *)&bound)->sin6_port);
    if (is_any(address)) {
        snprintf(out->url, sizeof out->url, "http://127.0.0.1:%u/", out->port);
        put_phone(out->port, out->phone, sizeof out->phone);
    } else {
        put_url(address, size, out->port, out->url, sizeof out->url);
        if (!out->loopback) strcpy(out->phone, out->url);
    }
    return INK_OK;
}

ink_status serve_listen(const char *host, unsigned port, serve_address *out, ink_error *err) {
    char service[8];
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    *out = (serve_address){.socket = -1};
    if (host == NULL) host = "127.0.0.1";
    if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host, service, &wanted, &found) != 0 || found == NULL) {
        cli_fail(err, INK_E_USAGE, "option '--host' is '%.60s', expected a numeric address", host);
        cli_hint(err, "127.0.0.1 is this machine alone, 0.0.0.0 all of its network");
        return INK_E_USAGE;
    }
    ink_status status = listen_at(found, host, port, out, err);
    freeaddrinfo(found);
    return status;
}

/* "name:123" -> "name"; "[::1]:123" -> "::1". False: neither. */
static bool cut_port(const char *host, char *name, size_t room) {
    const char *from = host, *end, *rest;
    if (host[0] == '[') {
        from = host + 1;
        end = strchr(from, ']');
        if (end == NULL) return false;
        rest = end + 1;
    } else {
        end = from + strcspn(from, ":");
        rest = end;
    }
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        rest += 1 + digits;
        if (digits > 5) return false;
    }
    if (*rest != '\0' || end == from || (size_t)(end - from) >= room) return false;
    memcpy(name, from, (size_t)(end - from));
    name[end - from] = '\0';
    return true;
}

bool serve_host_allowed(const char *host, const char *const *allowed) {
    char name[256];
    struct in6_addr address;
    if (!cut_port(host, name, sizeof name)) return false;
    if (inet_pton(AF_INET, name, &address) == 1) return true;
    if (host[0] == '[') return inet_pton(AF_INET6, name, &address) == 1;
    if (strcasecmp(name, "localhost") == 0) return true;
    for (size_t i = 0; allowed != NULL && allowed[i] != NULL; i++) {
        if (strcasecmp(name, allowed[i]) == 0) return true;
    }
    return false;
}
