#!/usr/bin/env python3
# tests/e2e/cli_terminal.py: runs a command with its stderr on a terminal (or a file), sends it a signal when it says
# something, and tells how it ended.
#   cli_terminal.py [--columns N] [--signal NAME --when TEXT] [--times N] --err FILE --out FILE COMMAND...
# FILE err gets what the terminal got, raw; stdout gets one JSON object: code, seconds, first_s (until the first byte on
# stderr), redraws (carriage returns that begin a line anew), busiest (the most of them within one second).
import argparse, fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time

parser = argparse.ArgumentParser()
parser.add_argument("--columns", type=int, default=0)
parser.add_argument("--signal")
parser.add_argument("--when", default="")
parser.add_argument("--times", type=int, default=1)
parser.add_argument("--err", required=True)
parser.add_argument("--out", required=True)
parser.add_argument("command", nargs=argparse.REMAINDER)
args = parser.parse_args()

if args.columns:
    reading, writing = pty.openpty()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 24, args.columns, 0, 0))
else:
    reading, writing = os.pipe()

began = time.monotonic()
with open(args.out, "wb") as out:
    child = subprocess.Popen(args.command, stdin=subprocess.DEVNULL, stdout=out, stderr=writing)
os.close(writing)
seen, first, redraws, sent = b"", None, [], 0
while True:
    ready, _, _ = select.select([reading], [], [], 0.02)
    now = time.monotonic() - began
    if ready:
        try:
            more = os.read(reading, 65536)
        except OSError:
            more = b""
        if not more:
            break
        first = now if first is None else first
        redraws += [now] * (more.count(b"\r") - more.count(b"\r\n") - more.count(b"\r\033[K"))
        seen += more
    if args.signal and sent < args.times and args.when.encode() in seen:
        child.send_signal(getattr(signal, args.signal))
        sent += 1
    if now > 300:
        child.kill()
        sys.exit("cli_terminal.py: no end after 300 s")
code = child.wait()
with open(args.err, "wb") as err:
    err.write(seen)
busiest = max((sum(1 for other in redraws if 0 <= other - t < 1) for t in redraws), default=0)
print(json.dumps({"code": code if code >= 0 else 128 - code, "seconds": time.monotonic() - began,
                  "first_s": first, "redraws": len(redraws), "busiest": busiest}))
