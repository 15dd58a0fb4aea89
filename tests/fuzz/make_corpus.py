#!/usr/bin/env python3
# tests/fuzz/make_corpus.py: writes the seed inputs of the fuzz harnesses into tests/fuzz/corpus/<what>.
# Run it by hand when a harness changes; the files are committed. Only the standard library.
import base64
import gzip
import io
import json
import os
import struct
import zipfile
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def put(what, name, data):
    os.makedirs(os.path.join(HERE, what), exist_ok=True)
    with open(os.path.join(HERE, what, name), "wb") as f:
        f.write(data)


def packed(data):
    return gzip.compress(data, 9, mtime=0)


def row(first, seed):
    pixels = [str((seed * 31 + k * 7) % 256 if (seed + k) % 5 == 0 else 0) for k in range(784)]
    return ",".join(([str(first)] if first is not None else []) + pixels)


def csv():
    names = ["pixel%d" % k for k in range(784)]
    train = "label," + ",".join(names)
    rows = [row(k % 10, k) for k in range(3)]
    tables = {
        "train": "\n".join([train] + rows) + "\n",
        "crlf": "\r\n".join([train] + rows) + "\r\n",
        "cr": "\r".join(rows),
        "no_header": "\n".join(rows),
        "test": "\n".join([",".join(names)] + [row(None, k) for k in range(2)]) + "\n\n\n",
        "bom_quotes": "\ufeff" + ",".join('"%s"' % v for v in rows[0].split(",")) + "\n",
        "reversed": ",".join(names[::-1]) + ",label\n" + row(None, 5) + ",7\n",
        "ragged": rows[0] + "\n" + rows[1] + ",5\n",
        "value": rows[0] + "\n" + rows[1].replace(",0,", ",256,", 1) + "\n",
        "semicolons": rows[0].replace(",", ";") + "\n",
        "header_only": train + "\n",
        "empty_line": rows[0] + "\n\n" + rows[1],
        "short": "1,2,3\n4,5\n",
    }
    for kind, (name, text) in enumerate(tables.items()):
        put("csv", name, bytes([kind % 3]) + text.encode())
    put("csv", "gzip", b"\1" + packed(tables["train"].encode()))
    put("csv", "utf16", b"\0" + "1,2".encode("utf-16"))


def idx():
    images = struct.pack(">IIII", 0x803, 3, 4, 5) + bytes(range(60))
    labels = struct.pack(">II", 0x801, 12) + bytes(k % 10 for k in range(12))
    qmnist = struct.pack(">III", 0xC02, 2, 8) + struct.pack(">16I", *range(8), *range(8))
    put("idx", "images", b"\0" + images)
    put("idx", "images_known", b"\2" + images)
    put("idx", "labels", b"\1" + labels)
    put("idx", "qmnist", b"\3" + qmnist)
    put("idx", "images_gz", b"\0" + packed(images))
    put("idx", "large", b"\0" + struct.pack(">IIII", 0x803, 0xFFFFFFFF, 4096, 4096))
    put("idx", "little_endian", b"\2" + struct.pack("<IIII", 0x803, 3, 4, 5))


def gz():
    text = ("0," * 700 + "17\n").encode()
    put("gzip", "one", packed(text))
    put("gzip", "two", packed(text[:100]) + packed(b"") + packed(text[100:]))
    put("gzip", "stored", gzip.compress(text[:200], 0, mtime=0))
    put("gzip", "cut", packed(text)[:-5])
    put("gzip", "tail", packed(text) + b"tail")
    put("gzip", "plain", text)
    put("gzip", "zeros", packed(b"\0" * 300000))
    named = io.BytesIO()
    with gzip.GzipFile("train.csv", "wb", 9, named, 0) as f:
        f.write(text)
    put("gzip", "named", named.getvalue())


def zips():
    def make(entries, method=zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as z:
            for name, data in entries:
                z.writestr(zipfile.ZipInfo(name), data, method)
        return out.getvalue()

    text = b"ImageId,Label\n1,0\n2,0\n"
    put("zip", "kaggle", make([("train.csv", text), ("test.csv", text * 9), ("sample_submission.csv", text)]))
    put("zip", "folders", make([("d/", b""), ("d/train.csv", text), ("__MACOSX/d/._train.csv", b"x")]))
    put("zip", "stored", make([("a", text)], zipfile.ZIP_STORED))
    put("zip", "empty", make([]))
    put("zip", "out", make([("../a", text)]))
    put("zip", "gz", make([("a.gz", packed(text))]))
    put("zip", "lzma", make([("a", text)], zipfile.ZIP_LZMA))
    streamed = io.BytesIO()
    streamed.seekable = lambda: False  # data descriptors
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("a"), text)
    put("zip", "streamed", streamed.getvalue())


def safetensors():
    def make(header, data=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    def entry(dtype, shape, begin, end):
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    put("safetensors", "one", make({"a": entry("F32", [2], 0, 8)}, b"\0\0\x80\x3f" * 2))
    notes = {"format": "pt", "net": "linear 10\n"}
    put("safetensors", "notes", make({"__metadata__": notes, "a": entry("U8", [], 0, 1)}, b"1"))
    kinds = {"a": entry("I64", [1], 0, 8), "b": entry("F64", [1], 8, 16), "c": entry("BF16", [2], 16, 20)}
    kinds.update({"d": entry("F16", [1, 2], 20, 24), "e": entry("F32", [0, 3], 24, 24)})
    put("safetensors", "kinds", make(kinds, bytes(24)))
    put("safetensors", "none", make(b"{}"))
    escaped = b'{"\\u00e9\\ud83d\\ude00\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    put("safetensors", "escapes", make(escaped, b"1"))
    put("safetensors", "overflow", make({"a": entry("F32", [4194305] * 3, 0, 16)}, bytes(16)))
    put("safetensors", "overlap", make({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)}, bytes(12)))
    put("safetensors", "deep", make(b'{"a":' * 20 + b"1" + b"}" * 20))
    put("safetensors", "spaces", make(b' { "a" : [ ] } '))


def pth():
    golden = os.path.join(HERE, "..", "..", "golden", "pth")
    for name in sorted(os.listdir(golden)):
        if "script" in name or "parameters" in name:
            continue
        with open(os.path.join(golden, name), "rb") as f:
            data = f.read()
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                pickle = [n for n in z.namelist() if n.endswith("data.pkl")][0]
                put("pth", name.replace(".pth", ".pkl"), z.read(pickle))
        if "net-" in name:
            put("pth", name, data)


# Three small JPEGs, made once with libjpeg: grey, colour with an EXIF orientation, progressive.
JPEGS = {
    "grey":
        "/9j/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAAL"
        "CAALABEBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAABQQG/8QAHxAAAgIBBAMAAAAAAAAAAAAAAAQCITEFFBVUYaPR/9oACAEBAAA/"
        "AD1lMUKrKYos2ngkWjGqFVoxqjJc9qfZ9cfh/9k=",
    "colour_exif":
        "/9j/4QAeRXhpZgAASUkqAAgAAAABABIBAwABAAAABgAAAP/bAEMAGxIUFxQRGxcWFx4cGyAoQisoJSUoUTo9MEJgVWVkX1VdW2p4"
        "mYFqcZBzW12FtYaQnqOrratngLzJuqbHmairpP/bAEMBHB4eKCMoTisrTqRuXW6kpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
        "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpP/AABEIAAsAEQMBIgACEQEDEQH/xAAZAAACAwEAAAAAAAAAAAAAAAAAAgEDBAb/xAAmEAAC"
        "AAQFAwUAAAAAAAAAAAABAgADBAUREiEiYRUxUTJUkcHR/8QAFQEBAQAAAAAAAAAAAAAAAAAAAAH/xAAbEQACAwADAAAAAAAAAAAA"
        "AAAAEQEhUQKR8P/aAAwDAQACEQMRAD8Am1yVkSGnODllqWOHgQluR6qpafM9TtieOIsr9towGgZ1B5Hf6h6fZbahkJVhKYgjuNIT"
        "Kc4FRo6jbPdJ8H8gjmcq+IItlfHPdH//2Q==",
    "progressive":
        "/9j/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBD"
        "ARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAALABED"
        "ASIAAhEBAxEB/8QAGAAAAgMAAAAAAAAAAAAAAAAAAAECAwX/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIQAxAAAAEUmWGY"
        "H//EABsQAAEEAwAAAAAAAAAAAAAAAAIAAQMzERMi/9oACAEBAAEFAomw0fRbI0dQ1r//xAAVEQEBAAAAAAAAAAAAAAAAAAAAIf/a"
        "AAgBAwEBPwFH/8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAgEBPwE//8QAGxAAAQQDAAAAAAAAAAAAAAAAAAECEBEyUXH/2gAI"
        "AQEABj8CvRamUO5H/8QAGhABAQADAQEAAAAAAAAAAAAAAQARITFhcf/aAAgBAQABPyEXfBmC3Zbx2v2loxpysF//2gAMAwEAAgAD"
        "AAAAEJP/AP/EABkRAAIDAQAAAAAAAAAAAAAAAAARIVGR8P/aAAgBAwEBPxBQOnYf/8QAGBEAAwEBAAAAAAAAAAAAAAAAAAERIVH/"
        "2gAIAQIBAT8QblfDT//EAB4QAQABBAIDAAAAAAAAAAAAAAEAESExYUFRwdHx/9oACAEBAAE/EAZahU6Jz1J1qfNfUxSwJ2Z8S6KD"
        "CZLTRP/Z",
}


def bitmap():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(width, height, depth, colour, interlaced=0, before=b"", rows=None):
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        line = bytes((k * 37) % 256 for k in range((width * channels * depth + 7) // 8))
        rows = rows if rows is not None else b"".join(bytes([y % 5]) + line for y in range(height))
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
        return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    palette = chunk(b"PLTE", bytes(range(48))) + chunk(b"tRNS", bytes(range(0, 160, 16)))
    put("bitmap", "grey1.png", png(13, 7, 1, 0))
    put("bitmap", "grey8.png", png(13, 7, 8, 0, before=chunk(b"tRNS", b"\0\x25")))
    put("bitmap", "grey16.png", png(5, 4, 16, 0))
    put("bitmap", "rgb.png", png(6, 5, 8, 2))
    put("bitmap", "palette4.png", png(9, 6, 4, 3, before=palette))
    put("bitmap", "rgba16.png", png(4, 3, 16, 6, before=chunk(b"gAMA", b"\0\0\xb1\x8f") + chunk(b"tEXt", b"a\0b")))
    put("bitmap", "interlaced.png", png(1, 1, 8, 4, 1))
    put("bitmap", "adam7.png", png(3, 3, 8, 0, 1, rows=b"\0\1" + b"\0\2" + b"\0\3\4" + b"\0\5\0\6" + b"\0\7\x08\x09"))
    put("bitmap", "bomb.png", png(50000, 50000, 1, 0, rows=b"\0" * 1000))
    for name, text in JPEGS.items():
        put("bitmap", name + ".jpg", base64.b64decode(text))


def recipe():
    folder = os.path.join(HERE, "..", "..", "..", "recipes")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            put("recipe", name, f.read())
    layers = """conv 8 3x3 stride 2 pad same as c1
batchnorm eps 1e-3 momentum 0.1
leaky-relu 0.1
maxpool 2x2 stride 2 pad 0
residual {
conv 8 3x3 pad 0:1 no-bias
depthwise 3x3 pad same
} shortcut {
conv 8 1x1
}
repeat 2 {
gelu
dropout 0.5
}
global-avgpool
flatten
linear 10
"""
    put("recipe", "layers", ("[net]\ninput 1\ninit kaiming-normal\n" + layers).encode())
    put("recipe", "zoo", b"net = lenet\nval = 0.1 stratified\noptimizer = sgd\nlr = 1e-3\n")
    put("recipe", "odd", b"# only\n\nlr=nan\nepochs = 99999999999999999999\nnet =\n[net]\n}{\n")
    put("recipe", "nested", b"[net]\n" + b"residual {\n" * 200)
    put("recipe", "repeats_of_nothing", b"[net]\n" + b"repeat 1000 {\n" * 3 + b"}\n" * 3)
    put("recipe", "repeats", b"[net]\n" + b"repeat 1000 {\n" * 9 + b"relu\n" + b"}\n" * 9 + b"linear 10\n")


def read():
    """Pages: two bytes of width and height less one, then grey pixels."""
    def page(width, height, paper, ink, segments, rules=0, thick=2):
        rows = [bytearray([paper] * width) for _ in range(height)]
        for y in range(rules, height, rules) if rules else ():
            rows[y] = bytearray([(paper + ink) // 2] * width)
        for x0, y0, x1, y1 in segments:
            for k in range(101):
                x, y = x0 + (x1 - x0) * k / 100, y0 + (y1 - y0) * k / 100
                for j in range(-thick, thick + 1):
                    for i in range(-thick, thick + 1):
                        if i * i + j * j <= thick * thick and 0 <= y + j < height and 0 <= x + i < width:
                            rows[int(y + j)][int(x + i)] = ink
        return bytes([width - 1, height - 1]) + b"".join(bytes(r) for r in rows)

    seven = [(10, 10, 30, 10), (30, 10, 18, 40)]
    four = [(45, 10, 40, 28), (40, 28, 60, 28), (55, 18, 55, 42)]
    zero = [(70, 12, 85, 12), (85, 12, 88, 38), (88, 38, 72, 40), (72, 40, 70, 12)]
    put("read", "dark", page(100, 56, 235, 20, seven + four + zero))
    put("read", "light", page(100, 56, 10, 250, seven + four + zero))
    put("read", "touching", page(80, 56, 230, 30, [(x - 12 if x > 60 else x, y, z - 12 if z > 60 else z, w)
                                                  for x, y, z, w in seven + four + zero]))
    put("read", "ruled", page(100, 120, 240, 40, seven + four, rules=20, thick=1))
    put("read", "stripes", bytes([255, 200]) + bytes([0, 0, 255, 255, 255, 90, 13]))
    put("read", "noise", bytes([120, 90]) + zlib.compress(bytes(range(256)) * 9)[:200])
    put("read", "one", bytes([0, 0, 7]))


if __name__ == "__main__":
    csv()
    idx()
    gz()
    zips()
    safetensors()
    pth()
    bitmap()
    recipe()
    read()
