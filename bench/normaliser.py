#!/usr/bin/env python3
# bench/normaliser.py: does ink_digit_prepare, which all of inkling shares, leave MNIST's own digits as well read as before?
#   bench/normaliser.py TRAIN.csv RUN [MODEL]    the rows that RUN held out; MODEL: RUN's net when not named
# It calls the function in the shared library, writes the rows as they are and as it makes them, and lets inkling read both.
import ctypes
import csv
import json
import os
import subprocess
import sys
import tempfile


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: bench/normaliser.py TRAIN.csv RUN [MODEL]")
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "release")
    inkling = os.environ.get("INKLING", os.path.join(root, "inkling"))
    library = ctypes.CDLL(os.environ.get("LIBINKLING", os.path.join(root, "libinkling.so")))
    data, run = sys.argv[1:3]
    model = sys.argv[3] if len(sys.argv) == 4 else run
    with open(os.path.join(run, "split.csv"), encoding="ascii") as file:
        held_out = {int(row["index"]) for row in csv.DictReader(file)}

    changed = most = count = 0
    out = ctypes.create_string_buffer(784)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("before.csv", "after.csv")]
        with open(data, encoding="ascii") as table, open(paths[0], "w") as before, open(paths[1], "w") as after:
            header = next(table)
            before.write(header)
            after.write(header)
            for index, line in enumerate(table):
                if index not in held_out:
                    continue
                label, *pixels = line.strip().split(",")
                image = bytes(map(int, pixels))
                if library.ink_digit_prepare(image, 28, 28, ctypes.c_size_t(28), 0, out, None) != 0:
                    sys.exit(f"row {index}: ink_digit_prepare refused it")
                off = max(abs(a - b) for a, b in zip(image, out.raw))
                changed += off > 0
                most = max(most, off)
                count += 1
                before.write(line)
                after.write(",".join([label, *map(str, out.raw)]) + "\n")
        right = []
        for path in paths:
            report = subprocess.run([inkling, "eval", model, path, "--json", "--quiet"], check=True,
                                    stdout=subprocess.PIPE).stdout
            report = json.loads(report)
            right.append(round(report["accuracy"] * count))
    print(f"{count} digits: {right[0]} read right as they are, {right[1]} after ink_digit_prepare "
          f"({100 * (right[1] - right[0]) / count:+.3f} points); {changed} changed, by at most {most} of 255")


main()
