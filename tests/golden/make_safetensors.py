#!/usr/bin/env python3
# tests/golden/make_safetensors.py: writes tests/golden/safetensors/*.safetensors with the format's own package.
# Run by hand (pip install safetensors==0.4.5 numpy); the files are committed. tests/files/test_golden.c reads them, and
# writes the same tensors to the same bytes. With --check FILE... it loads files that inkling wrote and prints their tensors.
import os
import struct
import sys

import numpy as np
from safetensors import serialize
from safetensors.numpy import load_file

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "safetensors")


def value(i):
    """Element i of every tensor: exact in each dtype."""
    return (i * 7 % 23 - 11) / 4


def tensor(dtype, shape):
    count = int(np.prod(shape)) if shape else 1
    if dtype == "bfloat16":
        data = b"".join(struct.pack("<f", value(i))[2:] for i in range(count))
    elif dtype in ("int64", "uint8"):
        data = np.array([i * 7 % 23 for i in range(count)], dtype=dtype).tobytes()
    else:
        data = np.array([value(i) for i in range(count)], dtype=dtype).tobytes()
    return {"dtype": dtype, "shape": list(shape), "data": data}


FILES = {
    "dtypes": (
        {
            "d.uint8": tensor("uint8", (5,)),
            "a.float32": tensor("float32", (2, 3)),
            "b.float64": tensor("float64", (4,)),
            "c.float16": tensor("float16", (3, 1)),
            "e.bfloat16": tensor("bfloat16", (2, 2)),
            "f.int64": tensor("int64", ()),
            "a.more": tensor("float32", ()),
        },
        {"format": "pt"},
    ),
    "odd": (
        {
            "none": tensor("float32", (0, 7)),
            'n\u00e9 "quoted" \\ \U0001f600': tensor("float32", (1, 1, 1, 1, 1, 1, 1, 2)),
        },
        None,
    ),
    "empty": ({}, {"format": "pt"}),
}


def main():
    if sys.argv[1:2] == ["--check"]:
        for path in sys.argv[2:]:
            for name, array in sorted(load_file(path).items()):
                print(name, array.dtype, array.shape, array.ravel()[:4])
        return
    os.makedirs(HERE, exist_ok=True)
    for name, (tensors, metadata) in FILES.items():
        with open(os.path.join(HERE, name + ".safetensors"), "wb") as f:
            f.write(serialize(tensors, metadata=metadata))


if __name__ == "__main__":
    main()
