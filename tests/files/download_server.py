# tests/files/download_server.py: a server on loopback that gives a file well or badly, for test_download.c.
# Usage: download_server.py FILE LOG. Prints its port. The first part of a request's path says how to answer:
#   ok        the file, and parts of it (Range)        norange    the whole file, whatever part was asked for
#   cut       half of what is left, then it hangs up   cutnorange half of the file, whatever was asked for
#   wrong     as many other bytes                      badrange   206, but from the beginning
#   missing   404                                      stall      some bytes, then nothing for 10 seconds
#   endless   bytes without end or length              away       302 to ok
#   brokenly  500                                      loop       302 to itself
# Each request becomes a line of LOG: path, range, status.
import http.server
import sys
import time

content = open(sys.argv[1], "rb").read()
log = open(sys.argv[2], "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def start(self, status, **headers):
        log.write("%s %s %d\n" % (self.path, self.headers.get("Range", "-"), status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def do_GET(self):
        how = self.path.split("/")[1]
        wanted = self.headers.get("Range")
        first = int(wanted[6:].split("-")[0]) if wanted else 0
        if how == "missing":
            return self.start(404, Content_Length="0")
        if how == "brokenly":
            return self.start(500, Content_Length="0")
        if how in ("away", "loop"):
            to = "ok" if how == "away" else "loop"
            return self.start(302, Location="/%s/%s" % (to, self.path.split("/", 2)[2]), Content_Length="0")
        if how == "endless":
            self.start(200)
            while True:
                self.wfile.write(b"x" * 65536)
        body = content if how != "wrong" else bytes(255 - b for b in content)
        if how in ("norange", "cutnorange"):
            first = 0
        if first >= len(body):
            return self.start(416, Content_Length="0")
        part = body[first:] if how != "badrange" else body
        begins = first if how != "badrange" else 0
        if wanted and how not in ("norange", "cutnorange"):
            reach = "bytes %d-%d/%d" % (begins, len(body) - 1, len(body))
            self.start(206, Content_Length=str(len(part)), Content_Range=reach)
        else:
            self.start(200, Content_Length=str(len(part)))
        if how in ("cut", "cutnorange"):
            part = part[: (len(part) + 1) // 2]
        if how == "stall":
            self.wfile.write(part[:1000])
            self.wfile.flush()
            time.sleep(10)
            return
        self.wfile.write(part)

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
