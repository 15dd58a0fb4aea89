#!/usr/bin/env python3
# tests/e2e/serve.py: HTTP as it should not be: raw sockets against `inkling serve`, standard library alone.
#   serve.py <inkling> <model> <other model> [part...]      exit 0: all as expected
# INK_EVERY=1 cuts each request at every byte (14 s); without it at every eighth, beginning with another for each.
import atexit
import base64
import json
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

INKLING, MODEL, OTHER = sys.argv[1:4]
PARTS = sys.argv[4:]
HERE = "Host: localhost\r\n"
faults = []


def fault(text):
    faults.append(text)
    print("FAILED:", text, file=sys.stderr)


class Server:
    """inkling serve on a free port, with short deadlines."""

    def __init__(self, *words, model=MODEL):
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [INKLING, "serve", model, "--port", "0", "--threads", "1", *words], stdout=subprocess.PIPE, stderr=self.err)
        atexit.register(self.process.kill)
        self.url = self.process.stdout.readline().decode().strip()
        match = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", self.url)
        if not match:
            self.err.seek(0)
            sys.exit("no address: %r %s" % (self.url, self.err.read().decode()))
        self.port = int(match.group(1))

    def said(self):
        self.err.seek(0)
        return self.err.read().decode()

    def stop(self, number=signal.SIGTERM, within=8):
        self.process.send_signal(number)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return fault("the server did not end within %d s" % within)
        if code != 0:
            fault("the server ended with %d:\n%s" % (code, self.said()))

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s


def read_all(s, seconds=20):
    """All bytes until the server closes, or nothing comes for so long."""
    out = b""
    s.settimeout(seconds)
    try:
        while True:
            got = s.recv(65536)
            if not got:
                break
            out += got
    except socket.timeout:
        out += b"<silence>"
    except OSError:
        pass
    return out


def one_answer(data, no_body=False):
    """Cuts the first answer off: (code, headers, body, rest); None: not whole yet. code 0: closed without a word."""
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    lines = head.decode("latin-1").split("\r\n")
    match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])
    if not match:
        return None
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    code = int(match.group(1))
    if code == 100:
        return one_answer(rest, no_body)
    length = 0 if no_body else int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None
    return code, headers, rest[:length], rest[length:]


def read_answer(s, seconds=20, before=b"", no_body=False):
    """One answer from a connection that may stay open."""
    data = before
    s.settimeout(seconds)
    while True:
        answer = one_answer(data, no_body)
        if answer:
            return answer
        try:
            got = s.recv(65536)
        except OSError:
            got = b""
        if not got:
            return 0, {}, data, b""
        data += got


def ask(server, data, seconds=20):
    with server.connect() as s:
        try:
            s.sendall(data)
        except OSError:
            pass
        return read_answer(s, seconds, no_body=data.startswith(b"HEAD"))


def get(path, extra=""):
    return ("GET %s HTTP/1.1\r\n%s%s\r\n" % (path, HERE, extra)).encode()


def post(body, kind="application/octet-stream", path="/v1/predict", extra=""):
    head = "POST %s HTTP/1.1\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (path, HERE, kind, len(body), extra)
    return head.encode() + body


def chunked(body, size=100, kind="application/octet-stream"):
    out = ("POST /v1/predict HTTP/1.1\r\n%sContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % (HERE, kind)).encode()
    for at in range(0, len(body), size):
        part = body[at:at + size]
        out += b"%x\r\n%s\r\n" % (len(part), part)
    return out + b"0\r\n\r\n"


def digit(seed=3):
    """A bar, somewhere: enough to be ink."""
    image = bytearray(784)
    for y in range(5, 23):
        for x in range(12, 15):
            image[28 * y + x + seed % 3 - 1] = 255 - seed % 50
    return bytes(image)


def png(width, height, rows, promised=None):
    """8-bit grey; rows: bytes without filter bytes; promised: a size to lie about."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + rows[y * width:(y + 1) * width] for y in range(height))
    w, h = promised or (width, height)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def alive(server, after):
    code, _, body, _ = ask(server, get("/health"))
    if (code, body) != (200, b'{"status":"ok"}\n'):
        fault("after %s the server says %d %r" % (after, code, body[:100]))


D = digit()
PICTURE = png(28, 28, bytes(255 - v for v in D))
ONE_JSON = json.dumps({"images": [list(D)]}).encode()
CLOSED = 0
BAD = (400, CLOSED)

# name, request, the codes that are right. Every one is also sent cut in two at every byte.
TABLE = [
    ("the page", get("/"), (200,)),
    ("health", get("/health"), (200,)),
    ("model", get("/v1/model"), (200,)),
    ("HEAD", get("/health").replace(b"GET", b"HEAD"), (200,)),
    ("HTTP/1.0 without Host", b"GET /health HTTP/1.0\r\n\r\n", (200,)),
    ("absolute target", get("http://localhost/health"), (200,)),
    ("one digit", post(D), (200,)),
    ("three digits", post(D * 3), (200,)),
    ("a PNG", post(PICTURE, "image/png"), (200,)),
    ("JSON", post(ONE_JSON, "application/json; charset=utf-8"), (200,)),
    ("chunked", chunked(D), (200,)),
    ("chunked, a byte each", chunked(D[:784], 49), (200,)),
    ("an empty canvas", post(bytes(784)), (422,)),
    ("a white picture", post(png(40, 30, b"\xff" * 1200), "image/png"), (422,)),
    ("query", post(D, path="/v1/predict?segment=0"), (200,)),
    # sizes
    ("length too large", post(b"").replace(b"Content-Length: 0", b"Content-Length: 1048577"), (413,)),
    ("length huge", post(b"").replace(b"Content-Length: 0", b"Content-Length: 18446744073709551616"), (400, 413, CLOSED)),
    ("length -1", post(b"").replace(b"Content-Length: 0", b"Content-Length: -1"), BAD),
    ("length +5", post(b"hello").replace(b"Content-Length: 5", b"Content-Length: +5"), BAD),
    ("length 1e3", post(b"").replace(b"Content-Length: 0", b"Content-Length: 1e3"), BAD),
    ("length empty", post(b"").replace(b"Content-Length: 0", b"Content-Length:"), BAD),
    ("length 0x10", post(b"").replace(b"Content-Length: 0", b"Content-Length: 0x10"), BAD),
    ("two lengths", post(D, extra="Content-Length: 783\r\n"), BAD),
    ("the same length twice", post(D, extra="Content-Length: 784\r\n"), BAD),
    ("length list", post(D).replace(b"Content-Length: 784", b"Content-Length: 784, 784"), BAD),
    ("length and chunked", chunked(D).replace(b"Transfer", b"Content-Length: 784\r\nTransfer"), BAD),
    ("chunked and length", chunked(D).replace(b"chunked\r\n", b"chunked\r\nContent-Length: 784\r\n"), BAD),
    # codings
    ("xchunked", chunked(D).replace(b": chunked", b": xchunked"), BAD),
    ("chunked twice", chunked(D).replace(b": chunked", b": chunked, chunked"), BAD),
    ("gzip, chunked", chunked(D).replace(b": chunked", b": gzip, chunked"), BAD),
    ("identity", chunked(D).replace(b": chunked", b": identity"), BAD),
    ("chunk size 2^64", chunked(D).replace(b"\r\n\r\n64\r\n", b"\r\n\r\n10000000000000000\r\n"), (400, 413, CLOSED)),
    ("chunk size -1", chunked(D).replace(b"\r\n\r\n64\r\n", b"\r\n\r\n-1\r\n"), BAD),
    ("chunk size x", chunked(D).replace(b"\r\n\r\n64\r\n", b"\r\n\r\nxyz\r\n"), BAD),
    ("chunk without end", chunked(D).replace(b"\r\n64\r\n", b"XX64\r\n"), BAD),
    # headers
    ("space before the colon", get("/health", "X-A : b\r\n"), BAD),
    ("no colon", get("/health", "nonsense\r\n"), BAD),
    ("a folded header", get("/health", "X-A: b\r\n c\r\n"), BAD),
    ("a folded Host", get("/health").replace(b"localhost", b"\r\n localhost"), BAD),
    ("bare line feeds", get("/health").replace(b"\r\n", b"\n"), BAD),
    ("one bare line feed", get("/health", "X-A: b\nX-B: c\r\n"), BAD),
    ("a bare carriage return", get("/health", "X-A: b\rX-B: c\r\n"), BAD),
    ("no name", get("/health", ": b\r\n"), BAD),
    ("a name with a bracket", get("/health", "X(A): b\r\n"), BAD),
    ("control in a value", get("/health", "X-A: b\x01c\r\n"), BAD),
    ("NUL in a value", get("/health", "X-A: b\x00c\r\n"), BAD),
    ("101 headers", get("/health", "".join("X-%d: y\r\n" % i for i in range(101))), (431,)),
    ("no Host", b"GET /health HTTP/1.1\r\n\r\n", BAD),
    ("two Hosts", get("/health", HERE), BAD),
    ("another host", get("/health").replace(b"localhost", b"evil.example"), (421,)),
    ("another host, numbers before", get("/health").replace(b"localhost", b"127.0.0.1.evil.example"), (421,)),
    ("Host with a path", get("/health").replace(b"localhost", b"localhost/x"), (421,)),
    ("Host ::1", get("/health").replace(b"localhost", b"[::1]:80"), (200,)),
    ("cross-site", post(D, extra="Origin: http://evil.example\r\n"), (403,)),
    ("null origin", post(D, extra="Origin: null\r\n"), (403,)),
    ("own origin", post(D, extra="Origin: http://localhost\r\n"), (200,)),
    # paths
    ("/../etc/passwd", get("/../etc/passwd"), (404,)),
    ("%2e%2e%2f", get("/%2e%2e%2fetc/passwd"), (404,)),
    ("%00", get("/%00"), (404,)),
    ("%00 behind a path", get("/health%00"), (404,)),
    ("//", get("//"), (404,)),
    ("..%5c", get("/..%5cwindows"), (404,)),
    ("/health/", get("/health/"), (404,)),
    ("unknown path", post(D, path="/v2/predict"), (404,)),
    ("unknown query", post(D, path="/v1/predict?layer=1"), (400,)),
    ("layers of three digits", post(D * 3, path="/v1/predict?layers=1"), (400,)),
    ("query with a wrong value", post(D, path="/v1/predict?layers=yes"), (400,)),
    ("corrections, not kept here", post(b"{}", "application/json", "/v1/correction"), (404,)),
    # methods, types, versions
    ("unknown method", get("/health").replace(b"GET", b"BREW"), (405,)),
    ("GET predict", get("/v1/predict"), (405,)),
    ("POST health", post(b"x", path="/health"), (405,)),
    ("OPTIONS", post(b"", extra="Origin: http://localhost\r\n").replace(b"POST", b"OPTIONS"), (405,)),
    ("DELETE", get("/").replace(b"GET", b"DELETE"), (405,)),
    ("Accept of another type", post(D, extra="Accept: text/plain\r\n"), (200,)),
    ("no type", post(D).replace(b"Content-Type: application/octet-stream\r\n", b""), (415,)),
    ("text/plain", post(D, "text/plain"), (415,)),
    ("image/gif", post(D, "image/gif"), (415,)),
    ("HTTP/0.9", b"GET /health\r\n\r\n", (400, 505, CLOSED)),
    ("HTTP/2.0", get("/health").replace(b"HTTP/1.1", b"HTTP/2.0"), (400, 505, CLOSED)),
    ("HTTP/9", get("/health").replace(b"HTTP/1.1", b"HTTP/9"), (400, 505, CLOSED)),
    ("the preface of 2.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505, CLOSED)),
    # bodies
    ("783 bytes", post(D[:783]), (400,)),
    ("785 bytes", post(D + b"x"), (400,)),
    ("no bytes", post(b""), (400,)),
    ("no PNG", post(b"hello", "image/png"), (400,)),
    ("half a PNG", post(PICTURE[:60], "image/png"), (400,)),
    ("a PNG of 30,000 x 30,000", post(png(1, 1, b"\0", (30000, 30000)), "image/png"), (400,)),
    ("a PNG that lies", post(png(1, 1, b"\0", (4000, 4000)), "image/png"), (400,)),
    ("broken JSON", post(b'{"images":[[', "application/json"), (400,)),
    ("depth 100,000", post(b'{"images":' + b"[" * 100000, "application/json"), (400,)),
    ("1e999", post(ONE_JSON.replace(b"0,", b"1e999,", 1), "application/json"), (400,)),
    ("NaN", post(ONE_JSON.replace(b"0,", b"NaN,", 1), "application/json"), (400,)),
    ("a string", post(ONE_JSON.replace(b"0,", b'"0",', 1), "application/json"), (400,)),
    ("256", post(ONE_JSON.replace(b"0,", b"256,", 1), "application/json"), (400,)),
    ("a million digits", post(ONE_JSON.replace(b"0,", b"1" * 900000 + b",", 1), "application/json"), (400,)),
    ("the key twice", post(ONE_JSON[:-1] + b',"images":[]}', "application/json"), (400,)),
    ("an unknown key", post(b'{"a":1}', "application/json"), (400,)),
    ("bad UTF-8", post(b'{"\xff\xfe":1}', "application/json"), (400,)),
    ("783 numbers", post(json.dumps({"images": [[0] * 783]}).encode(), "application/json"), (400,)),
    ("785 numbers", post(json.dumps({"images": [[0] * 785]}).encode(), "application/json"), (400,)),
]

# Too long to be cut at every byte, or without an answer of their own.
LONG = [
    ("request line of 9,000 bytes", get("/" + "a" * 9000), (414,)),
    ("10,000 slashes", get("/" * 10000), (414,)),
    ("header line of 9,000 bytes", get("/health", "X-A: " + "b" * 9000 + "\r\n"), (431,)),
    ("half a method", get("/health").replace(b"GET", b"EAD"), (405,)),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), (400, 405, 505, CLOSED)),
    ("segment of pixels", post(D, path="/v1/predict?segment=1"), (400,)),
    ("segment of a PNG", post(PICTURE, "image/png", "/v1/predict?segment=1"), (200,)),
    ("request line of 100,000 bytes", get("/" + "a" * 100000), (400, 413, 414, CLOSED)),
    ("header of 100,000 bytes", get("/health", "X-A: " + "b" * 100000 + "\r\n"), (413, 431, CLOSED)),
    ("10,000 headers", get("/health", "".join("X-%d: y\r\n" % i for i in range(10000))), (413, 431, CLOSED)),
    ("a body of 2 MB", post(b"\1" * 2000000), (413,)),
    ("2 MB in chunks", chunked(b"\1" * 2000000, 10000), (413,)),
    ("1 MB and a byte in chunks", chunked(b"\1" * 1048577, 10000), (413,)),
    ("a flood of chunk extensions", chunked(D).replace(b"\r\n64\r\n", b"\r\n64;" + b"a" * 100000 + b"\r\n"), (400, 413, CLOSED)),
    ("1,337 digits", post(D * 1337), (200,)),
    ("a picture of 2 MB", post(png(1500, 1500, random.Random(1).randbytes(2250000)), "image/png"), (200, 422)),
    ("17 MB that say they are a picture", post(b"\1" * 17000000, "image/png"), (413,)),
]


# These are not whole requests: the server waits, until their time is over.
WAITING = ("HTTP/0.9", "HTTP/9")


def comparable(answer):
    """What must be the same however the request was cut: the code and the body, times apart."""
    code, _, body, _ = answer
    return code, re.sub(rb'"ms":[0-9.]+', b"", body)


def check_one(name, answer, right):
    code, headers, body, _ = answer
    if code not in right:
        fault("%s: %d %r, expected %s" % (name, code, body[:120], right))
    if code >= 400 and headers.get("content-type", "").startswith("application/json"):
        error = json.loads(body)["error"]
        if not (error["code"] and error["message"] and "pointer" in error):
            fault("%s: the error has not all parts: %r" % (name, body))
    if code == 405 and "allow" not in headers:
        fault("%s: 405 without Allow" % name)
    if code == 200 and headers.get("x-content-type-options") != "nosniff":
        fault("%s: no nosniff" % name)
    if "access-control-allow-origin" in headers:
        fault("%s: CORS" % name)


def test_table():
    server = Server("--header-timeout", "1s", "--body-timeout", "2s")
    for name, data, right in TABLE + LONG:
        check_one(name, ask(server, data), right)
        alive(server, name)
    server.stop()


def in_parts(server, pieces):
    """Sends all first pieces, then all second ones; the answers."""
    sockets = [server.connect() for _ in pieces]
    for s, (first, _) in zip(sockets, pieces):
        s.sendall(first)
    time.sleep(0.015)
    for s, (_, second) in zip(sockets, pieces):
        try:
            s.sendall(second)
        except OSError:
            pass
    answers = [read_answer(s, no_body=p[0][:1] == b"H") for s, p in zip(sockets, pieces)]
    for s in sockets:
        s.close()
    return answers


def test_split():
    server = Server("--header-timeout", "2s", "--body-timeout", "2s", "--queue", "4000")
    n = 0
    every = int(os.environ.get("INK_EVERY", "8"))
    for number, (name, data, right) in enumerate(TABLE):
        if len(data) > 3000 or name in WAITING:
            continue
        whole = comparable(ask(server, data))
        cuts = list(range(1, len(data)))
        if len(data) > 400:  # every byte of the header and of what follows it, then every 16th
            head = data.index(b"\r\n\r\n") + 24
            cuts = cuts[:head] + cuts[head::16]
        cuts = cuts[number % every::every]
        for at in range(0, len(cuts), 200):
            some = cuts[at:at + 200]
            for cut, answer in zip(some, in_parts(server, [(data[:c], data[c:]) for c in some])):
                n += 1
                # What libmicrohttpd refuses, it may refuse before the rest has come.
                refused = whole[0] != 200 and answer[0] != 200 and right != (whole[0],)
                if comparable(answer) != whole and not refused:
                    fault("%s cut at %d: %r, whole: %r" % (name, cut, comparable(answer), whole))
    print("split: %d requests cut in two" % n)
    # A byte at a time.
    for name, data, right in TABLE:
        if len(data) > 400 or right != (200,):
            continue
        with server.connect() as s:
            for i in range(len(data)):
                s.sendall(data[i:i + 1])
            check_one(name + ", byte by byte", read_answer(s, no_body=name == "HEAD"), right)
    alive(server, "the split requests")
    server.stop()


def test_pipeline():
    server = Server("--threads", "1")
    with server.connect() as s:
        asked = [digit(i) for i in range(300)]
        data = b"".join(post(d) for d in asked) + b"".join(get("/health") for _ in range(700))
        threading.Thread(target=lambda: s.sendall(data)).start()
        rest = b""
        for i in range(1000):
            code, _, body, rest = read_answer(s, before=rest)
            if code != 200 or (i < 300 and base64.b64decode(json.loads(body)["image"]) != asked[i]):
                fault("pipelined request %d: %d %r" % (i, code, body[:80]))
                break
    # Gone before the answer, half closed, reset.
    for _ in range(100):
        s = server.connect()
        s.sendall(post(D))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    with server.connect() as s:
        s.sendall(post(D))
        s.shutdown(socket.SHUT_WR)
        code = read_answer(s)[0]
        if code not in (200, CLOSED):
            fault("half-closed: %d" % code)
    alive(server, "resets")
    server.stop()


def closes_within(name, sockets, low, high, began):
    """Each of the sockets is closed by the server between low and high seconds after began."""
    for s in sockets:
        s.setblocking(False)
    waiting = set(sockets)
    while waiting and time.monotonic() - began < high + 3:
        ready, _, _ = select.select(list(waiting), [], [], 0.1)
        for s in ready:
            try:
                if s.recv(65536):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            waiting.discard(s)
            took = time.monotonic() - began
            if not low <= took <= high:
                fault("%s: closed after %.2f s, expected %.1f to %.1f" % (name, took, low, high))
    if waiting:
        fault("%s: %d connections are still open" % (name, len(waiting)))


def drip(sockets, byte, stop):
    while not stop.is_set():
        for s in sockets:
            try:
                s.send(byte)
            except OSError:
                pass
        time.sleep(0.2)


def test_slow():
    server = Server("--header-timeout", "1s", "--body-timeout", "2s", "--write-timeout", "2s", "--idle-timeout", "4s")
    began = time.monotonic()
    stop = threading.Event()
    kinds = {
        "slow header": (b"GET /health HTTP/1.1\r\n" + HERE.encode() + b"X: ", b"a", 0.9, 1.9),
        "slow first line": (b"GET /", b"a", 0.9, 1.9),
        "silent": (b"", b"", 0.9, 1.9),
        "slow body": (post(D)[:200], b"\1", 1.9, 2.9),
        "slow chunks": (chunked(D)[:260], b"\1", 1.9, 2.9),
        "idle": (get("/health"), b"", 3.9, 5.2),
    }
    threads, drips = [], []
    for name, (first, byte, low, high) in kinds.items():
        sockets = [server.connect() for _ in range(10)]
        for s in sockets:
            s.sendall(first)
        if byte:
            drips.append(threading.Thread(target=drip, args=(sockets, byte, stop)))
        threads.append(threading.Thread(target=closes_within, args=(name, sockets, low, high, began)))
    # A second request on a connection that was idle is slow: its header has a header's time.
    again = [server.connect() for _ in range(10)]
    for s in again:
        s.sendall(get("/health"))
        read_answer(s)
    drips.append(threading.Thread(target=drip, args=(again, b"G", stop)))
    threads.append(threading.Thread(target=closes_within, args=("slow second header", again, 0.9, 2.3, began)))
    # Answers that nobody reads, more than the sockets hold.
    unread = []
    for _ in range(4):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", server.port))
        s.setblocking(False)
        unread.append(s)
        try:
            for _ in range(2000):
                s.send(get("/metrics") * 10)
        except OSError:
            pass
    for t in threads + drips:
        t.start()
    # Meanwhile others are served.
    worst = 0
    while time.monotonic() - began < 2.5:
        start = time.monotonic()
        if ask(server, post(D))[0] != 200:
            fault("not served beside slow clients")
        worst = max(worst, time.monotonic() - start)
        time.sleep(0.02)
    for t in threads:
        t.join()
    stop.set()
    for t in drips:
        t.join()
    late = {}

    def all_late():
        text = ask(server, get("/metrics"))[2].decode()
        late.update((k, int(v)) for k, v in re.findall(r'inkling_overdue_total\{state="(\w+)"\} (\d+)', text))
        return late["header"] >= 40 and late["body"] >= 20 and late["idle"] >= 10 and late["write"] >= 1
    if not wait_for(all_late):
        fault("deadlines: %s" % late)
    alive(server, "slow clients")
    server.stop()


def test_layers():
    server = Server()
    code, _, body, _ = ask(server, post(D, path="/v1/predict?layers=1"))
    plain = json.loads(ask(server, post(D))[2])
    answer = json.loads(body)
    if code != 200 or answer["probabilities"] != plain["probabilities"]:
        fault("layers: %d, another answer than without" % code)
    shapes = [layer["shape"] for layer in answer["layers"]]
    if shapes != [[128, 1, 1], [64, 1, 1]]:  # what v3's two hidden layers let through
        fault("layers: shapes %s" % shapes)
    for layer in answer["layers"]:
        maps = base64.b64decode(layer["maps"])
        if len(maps) != layer["shape"][0] or max(maps) != 255 or layer["kind"] != "linear":
            fault("layers: %s of %d bytes" % (layer["kind"], len(maps)))
    server.stop()


def test_segment():
    """A page with three bars, which are ones: three digits, from left to right, where they stand."""
    page = bytearray(b"\xff" * 200 * 100)
    lefts = (30, 90, 150)
    for left in lefts:
        for y in range(30, 71):
            page[200 * y + left:200 * y + left + 5] = bytes(5)
    server = Server()
    code, _, body, _ = ask(server, post(png(200, 100, bytes(page)), "image/png", "/v1/predict?segment=1"))
    digits = json.loads(body).get("digits", [])
    if code != 200 or len(digits) != 3:
        fault("segment: %d %r" % (code, body[:200]))
    for left, digit in zip(lefts, digits):
        x, y, w, h = digit["box"]
        if abs(x - left) > 3 or abs(y - 30) > 3 or abs(w - 5) > 5 or abs(h - 41) > 6 or len(digit["probabilities"]) != 10:
            fault("segment: box %s, expected about %s" % (digit["box"], [left, 30, 5, 41]))
    # Three strokes alone may be rests of lines; then they are unsure, and the answer says why.
    if (json.loads(body)["doubt"] is not None) != ("?" in json.loads(body)["text"]):
        fault("segment: doubt %r" % json.loads(body)["doubt"])
    code, _, body, _ = ask(server, post(png(200, 100, b"\xff" * 20000), "image/png", "/v1/predict?segment=1"))
    if code != 422 or b"no digits found: there is no ink as large as one" not in body:
        fault("segment of a blank page: %d %r" % (code, body[:200]))
    server.stop()


def test_together():
    """Many at once: each gets its own answer, the same as alone."""
    server = Server()
    alone = {}
    for seed in range(20):
        code, _, body, _ = ask(server, post(digit(seed)))
        alone[seed] = json.loads(body)["probabilities"]

    def work(first):
        with server.connect() as s:
            for i in range(50):
                seed = (first + i) % 20
                s.sendall(post(digit(seed)) if i % 3 else post(json.dumps({"images": [list(digit(seed))]}).encode(), "application/json"))
                code, _, body, _ = read_answer(s)
                answer = json.loads(body)
                p = answer["probabilities"] if i % 3 else answer["results"][0]["probabilities"]
                if code != 200 or p != alone[seed]:
                    fault("together: %d, another answer than alone" % code)
                    return
    threads = [threading.Thread(target=work, args=(i,)) for i in range(32)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    alive(server, "32 at once")
    server.stop()


def test_busy():
    """A queue of one: some are told to come again, the others are answered, nobody is forgotten."""
    server = Server("--queue", "1", "--batch", "1")
    sockets = [server.connect() for _ in range(60)]
    large = post(D * 300)
    for s in sockets:
        s.sendall(large)
    codes = {}
    for s in sockets:
        code, headers, _, _ = read_answer(s)
        codes[code] = codes.get(code, 0) + 1
        if code == 503 and headers.get("retry-after") != "1":
            fault("503 without Retry-After")
    if set(codes) - {200, 503} or codes.get(200, 0) < 1:
        fault("a full queue: %s" % codes)
    alive(server, "a full queue")
    server.stop()


def test_bodies():
    """Bodies of all requests together have their share of memory; what does not fit is told to come again."""
    server = Server("--body-limit", "65536", "--picture-limit", "1024")
    sockets = [server.connect() for _ in range(20)]
    for s in sockets:
        s.sendall(post(D * 76)[:-1])
    time.sleep(0.5)
    for s in sockets:
        s.sendall(D[-1:])
    codes = [read_answer(s)[0] for s in sockets]
    if set(codes) != {200, 503} or not 8 <= codes.count(200) <= 16:
        fault("20 bodies of 64 KiB where there is room for 16, growing at once: %s" % codes)
    if [ask(server, post(D * 76))[0] for _ in range(40)] != [200] * 40:
        fault("bodies that were answered still have their room")
    alive(server, "many bodies")
    server.stop()


def sha_of(server):
    return json.loads(ask(server, get("/v1/model"))[2])["sha256"]


def wait_for(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_swap():
    """Good and broken models come and go under load: no request is dropped, a broken one never serves."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.safetensors")
        files = [open(MODEL, "rb").read(), open(OTHER, "rb").read()]

        def put(data):
            with open(path + ".new", "wb") as f:
                f.write(data)
            os.replace(path + ".new", path)
        put(files[0])
        server = Server(model=path)
        first = sha_of(server)
        stop = threading.Event()
        counts = []

        def load():
            n = 0
            with server.connect() as s:
                while not stop.is_set():
                    s.sendall(post(D))
                    code = read_answer(s)[0]
                    if code != 200:
                        return fault("during an exchange: %d" % code)
                    n += 1
            counts.append(n)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for t in threads:
            t.start()
        put(files[1])
        if not wait_for(lambda: sha_of(server) != first):
            fault("the new model was not taken up")
        second = sha_of(server)
        put(files[1][:-100])
        if not wait_for(lambda: "refused" in server.said()):
            fault("a cut model was not refused")
        for damage in (b"", b"hello", files[0][:40]):
            put(damage)
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        os.unlink(path)
        time.sleep(0.3)
        if sha_of(server) != second:
            fault("a broken model serves")
        put(files[0])
        server.process.send_signal(signal.SIGHUP)
        if not wait_for(lambda: sha_of(server) == first):
            fault("the good model did not come back")
        stop.set()
        for t in threads:
            t.join()
        if len(counts) != 4 or min(counts) < 1:
            fault("no load during the exchange: %s" % counts)
        server.stop()


def test_corrections():
    with tempfile.TemporaryDirectory() as folder:
        kept = os.path.join(folder, "corrections")
        server = Server("--corrections", kept)
        body = json.dumps({"image": base64.b64encode(D).decode(), "label": 7}).encode()
        for label in (b"4}", b"7}", b"7}"):  # of one image the last label counts
            said = body.replace(b"7}", label)
            code, _, answer, _ = ask(server, post(said, "application/json", "/v1/correction"))
            if code != 200 or not json.loads(answer)["kept"]:
                fault("a correction: %d %r" % (code, answer))
        for bad in (b"{}", b'{"image":"","label":7}', body.replace(b"7}", b"10}"), body[:-1], b"[]"):
            code = ask(server, post(bad, "application/json", "/v1/correction"))[0]
            if code != 400:
                fault("a bad correction %r: %d" % (bad[-30:], code))
        if ask(server, post(D, "image/png", "/v1/correction"))[0] != 415:
            fault("a correction of another type")
        files = [os.path.join(d, f) for d, _, names in os.walk(kept) for f in names]
        if len(files) != 1 or os.path.basename(os.path.dirname(files[0])) != "7":
            fault("kept: %s" % files)
        data = open(files[0], "rb").read()
        code, _, answer, _ = ask(server, post(data, "image/png"))
        if code != 200:
            fault("the kept picture cannot be read: %d" % code)
        if not json.loads(ask(server, get("/v1/model"))[2])["corrections"]:
            fault("/v1/model does not tell of the corrections")
        server.stop()


def test_drain():
    """What was asked before the signal is answered; the server ends within its time, whatever others do."""
    server = Server("--drain-timeout", "2s")
    sockets = [server.connect() for _ in range(20)]
    idle = [server.connect() for _ in range(50)]
    for s in idle:
        s.sendall(get("/health"))
        read_answer(s)
    stuck = server.connect()
    stuck.sendall(post(D)[:300])
    for i, s in enumerate(sockets):
        s.sendall(post(D * (100 if i % 10 == 0 else 10)))
    time.sleep(0.1)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for s in sockets:
        code, headers, _, _ = read_answer(s)
        if code != 200:
            fault("dropped by SIGTERM: %d" % code)
    code = server.process.wait(10)
    took = time.monotonic() - began
    if code != 0 or took > 4.5:
        fault("SIGTERM: code %d after %.1f s" % (code, took))


def test_full():
    """More connections than the server may have: those idle make room, nothing spins."""
    server = Server("--connections", "64")
    idle = [server.connect() for _ in range(60)]
    for s in idle:
        s.sendall(get("/health"))
        read_answer(s)
    for _ in range(100):
        if ask(server, post(D))[0] != 200:
            fault("not served when full")
            break
    spent = lambda: sum(map(int, open("/proc/%d/stat" % server.process.pid).read().rsplit(")", 1)[1].split()[11:13]))
    at = spent()
    more = [server.connect() for _ in range(40)]
    time.sleep(1)
    ticks = spent() - at
    if ticks > 50:
        fault("the server spins when it is full: %d ticks a second" % ticks)
    for s in idle + more:
        s.close()
    alive(server, "too many connections")
    server.stop()


def test_endless():
    """A model whose answers are no numbers is the server's fault, not that of who asks."""
    with open(MODEL, "rb") as f:
        data = bytearray(f.read())
    size = 8 + struct.unpack("<Q", data[:8])[0]
    for name, tensor in json.loads(data[8:size]).items():
        if name != "__metadata__" and tensor["dtype"] == "F32":
            first, last = (size + at for at in tensor["data_offsets"])
            data[first:last] = struct.pack("<f", 3e38) * ((last - first) // 4)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.safetensors")
        with open(path, "wb") as f:
            f.write(data)
        server = Server(model=path)
        with server.connect() as s:
            s.sendall(post(D))
            answer = read_answer(s)
        if answer[0] != 500 or b"no finite number" not in answer[2]:
            fault("an endless answer: %r" % (answer,))
        server.stop()


def test_words():
    """The command line."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    for words, code, text in ((["--port", str(taken.getsockname()[1])], 4, "Address already in use"),
                              (["--host", "example.org"], 2, "expected a numeric address"),
                              (["--port", "70000"], 2, "--port")):
        ran = subprocess.run([INKLING, "serve", MODEL, *words], capture_output=True, timeout=60)
        if ran.returncode != code or text not in ran.stderr.decode() or ran.stdout:
            fault("serve %s: %d %s" % (words, ran.returncode, ran.stderr.decode()))
    ran = subprocess.run([INKLING, "serve", __file__, "--port", "0"], capture_output=True, timeout=60)
    if ran.returncode != 3:
        fault("serve of no model: %d" % ran.returncode)


def main():
    tests = {name[5:]: f for name, f in globals().items() if name.startswith("test_")}
    for name, run in tests.items():
        if PARTS and name not in PARTS:
            continue
        start = time.monotonic()
        run()
        print("%-12s %.1f s" % (name, time.monotonic() - start), flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
