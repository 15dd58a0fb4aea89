#!/usr/bin/env python3
# bench/pytorch.py: the same nets in inkling and in PyTorch, turn by turn, and their ratios; bench/pytorch.sh calls it.
# The driver needs Python's standard library alone; each PyTorch runs in a process of its own (this file with --worker),
# which is stopped while others have their turn.
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

# On a GPU (--device cuda): the batches of the tutorial's GPU step, and many images at once.
GPU_BATCHES = {"train": {"cnn-example": [512], "deotte": [512], "resnet18": [512], "micro": [512]},
               "infer": {"cnn-example": [8192], "deotte": [8192], "resnet18": [8192], "micro": [8192]}}

# What PyTorch is given to be at its best: layouts of memory on the processor; on a GPU also its compiler, with CUDA graphs.
LAYOUTS = {"cpu": ("NCHW", "channels_last"), "cuda": ("NCHW", "channels_last", "compiled")}

BATCHES = {"train": {"cnn-example": [64], "deotte": [64], "resnet18": [512], "micro": [128]},
           "infer": {"cnn-example": [512, 1], "deotte": [512, 1], "resnet18": [512, 1], "micro": [512, 1]}}

# Where inkling finds a net that is not in its zoo.
FILES = {"micro": "recipes/micro.txt"}


# ---- PyTorch's side ----


def make_nets(nn):
    """The nets as a PyTorch user writes them; names and sizes as in src/nn/zoo.c and recipes/micro.txt."""

    def cnn_example():
        return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
                             nn.Linear(128, 10))

    def deotte():
        # padding 2 for Keras's "same": as many operations, without a layer that pads
        layers, c = [], 1
        for k, window, stride, drop in ((32, 3, 1, 0), (32, 3, 1, 0), (32, 5, 2, 1), (64, 3, 1, 0), (64, 3, 1, 0),
                                        (64, 5, 2, 1), (128, 4, 1, 0)):
            layers += [nn.Conv2d(c, k, window, stride, 2 if stride == 2 else 0), nn.ReLU(),
                       nn.BatchNorm2d(k, eps=1e-3, momentum=0.01)] + ([nn.Dropout(0.4)] if drop else [])
            c = k
        return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.4), nn.Linear(128, 10))

    def micro():
        def full(c, k, window, groups=1):
            return [nn.Conv2d(c, k, window, padding=window // 2, groups=groups, bias=False)]

        layers, c = full(1, 8, 3) + [nn.BatchNorm2d(8), nn.SiLU()], 8
        for k, pool in ((10, True), (14, False), (15, True), (16, False)):
            layers += full(c, c, 3, c) + full(c, k, 1) + [nn.BatchNorm2d(k), nn.SiLU()] + ([nn.MaxPool2d(2)] if pool else [])
            c = k
        return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 10))

    class Block(nn.Module):
        def __init__(self, c, k, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(c, k, 3, stride, 1, bias=False), nn.BatchNorm2d(k)
            self.conv2, self.bn2 = nn.Conv2d(k, k, 3, 1, 1, bias=False), nn.BatchNorm2d(k)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1:
                self.downsample = nn.Sequential(nn.Conv2d(c, k, 1, stride, bias=False), nn.BatchNorm2d(k))

        def forward(self, x):
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    class ResNet18(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
            self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
            for i, (c, k) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512)), 1):
                setattr(self, "layer%d" % i, nn.Sequential(Block(c, k, 1 if c == k else 2), Block(k, k, 1)))
            self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(512, 10)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(self.avgpool(x).flatten(1))

    return {"cnn-example": (cnn_example, 1), "deotte": (deotte, 1), "resnet18": (ResNet18, 3), "micro": (micro, 1)}


def worker(threads, device):
    """Answers lines of JSON: {"mode", "net", "batch", "precision", "layout", "seconds"} -> {"images_per_s"}, or {"fault"}."""
    import torch

    torch.set_num_threads(threads)
    print(json.dumps({"version": torch.__version__}), flush=True)
    steps = {}

    def make_step(mode, net, batch, precision, layout):
        torch.manual_seed(0)
        builder, channels = make_nets(torch.nn)[net]
        memory = torch.contiguous_format if layout == "NCHW" else torch.channels_last
        model = builder().to(device=device, memory_format=memory)
        x = torch.randn(batch, channels, 28, 28, device=device).to(memory_format=memory)
        t = torch.randint(0, 10, (batch,), device=device)
        loss_of = torch.nn.CrossEntropyLoss()
        half = precision == "bf16"
        # As inkling's f32: no product of f32 numbers in TF32.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        if layout == "compiled":
            model = torch.compile(model, mode="reduce-overhead")
        if mode == "infer":
            model.eval()

            def step():
                with torch.inference_mode(), torch.autocast(device, dtype=torch.bfloat16, enabled=half):
                    model(x)

            return step
        adam = torch.optim.Adam(model.parameters(), lr=1e-3)

        def step():
            adam.zero_grad(set_to_none=True)
            with torch.autocast(device, dtype=torch.bfloat16, enabled=half):
                loss = loss_of(model(x), t)
            loss.backward()
            adam.step()

        return step

    def settle():
        if device == "cuda":
            torch.cuda.synchronize()

    for line in sys.stdin:
        ask = json.loads(line)
        key = tuple(ask[k] for k in ("mode", "net", "batch", "precision", "layout"))
        try:
            if key not in steps:
                steps[key] = make_step(*key)
                for _ in range(10 if device == "cuda" else 1):
                    steps[key]()
            settle()
        except Exception as error:  # its compiler wants a C compiler and Triton
            print(json.dumps({"fault": str(error).strip().split("\n")[0]}), flush=True)
            continue
        took, begin = [], time.perf_counter()
        while not took or time.perf_counter() - begin < ask["seconds"]:
            start = time.perf_counter()
            steps[key]()
            settle()
            took.append(time.perf_counter() - start)
        print(json.dumps({"images_per_s": ask["batch"] / statistics.median(took)}), flush=True)


# ---- who takes part ----


class PyTorch:
    def __init__(self, python, threads, device):
        self.process = subprocess.Popen([python, os.path.abspath(__file__), "--worker", "--threads", str(threads),
                                         "--device", device],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.version = json.loads(self.process.stdout.readline())["version"]
        self.process.send_signal(signal.SIGSTOP)

    def measure(self, **ask):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(json.dumps(ask) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.process.send_signal(signal.SIGSTOP)
        if "fault" in answer:
            print("  left out: PyTorch %s, %s, %s: %s" % (self.version, ask["net"], ask["layout"], answer["fault"]))
        return answer.get("images_per_s")

    def close(self):
        self.process.kill()
        self.process.wait()


class Inkling:
    def __init__(self, path, threads, device):
        self.path, self.threads, self.device = path, threads, device
        self.version = json.loads(subprocess.run([path, "version", "--json"], check=True, stdout=subprocess.PIPE).stdout)["version"]
        self.peak_share = []

    def measure(self, mode, net, batch, precision, seconds, layout=None):
        run = subprocess.run([self.path, "bench", mode, "--net", FILES.get(net, net), "--batch-size", str(batch), "--precision", precision,
                              "--threads", str(self.threads), "--device", self.device, "--seconds", str(seconds), "--json", "--quiet"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode == 5:
            return None  # bf16 is not native here
        if run.returncode != 0:
            raise SystemExit(run.stderr)
        answer = json.loads(run.stdout)
        self.peak_share.append(answer["peak_share"])
        return answer["images_per_s"]


def contest(inkling, torches, mode, net, batch, args):
    """Rounds of turns; {(name, precision, layout): [images/s of each round]}."""
    contenders = [(inkling, "inkling", precision, "") for precision in args.precision]
    for torch in torches:
        contenders += [(torch, "PyTorch " + torch.version, precision, layout)
                       for precision in args.precision for layout in LAYOUTS[args.device]]
    results, out = {}, set()
    for turn in range(args.rounds):
        for who, name, precision, layout in contenders:
            key = (name, precision, layout)
            if key in out:
                continue
            rate = who.measure(mode=mode, net=net, batch=batch, precision=precision, layout=layout, seconds=args.seconds)
            if rate is None:
                out.add(key)
            else:
                results.setdefault(key, []).append(rate)
        # What is far behind the best of its precision has had its turn.
        for (name, precision, layout), rates in results.items():
            rivals = [max(r) for (n, p, _), r in results.items() if p == precision and (n == "inkling") == (name == "inkling")]
            if max(rates) < 0.7 * max(rivals):
                out.add((name, precision, layout))
    return results


def best_of(results, ours, precisions):
    found = [(statistics.median(r), key) for key, r in results.items()
             if (key[0] == "inkling") == ours and key[1] in precisions]
    return max(found) if found else (None, None)


def row_of(mode, net, batch, results):
    words = [mode, net, str(batch)]
    cells = []
    for precisions in (["f32"], ["bf16"]):
        rate, key = best_of(results, False, precisions)
        cells.append("%.0f (%s, %s)" % (rate, key[0].replace("PyTorch ", ""), key[2]) if rate else "-")
    for precisions, theirs in ((["f32"], ["f32"]), (["bf16"], ["f32", "bf16"])):
        ours, _ = best_of(results, True, precisions)
        other, _ = best_of(results, False, theirs)
        cells.append("%.0f = %.2f x" % (ours, ours / other) if ours and other else "-")
    return "| " + " | ".join(words + cells) + " |"


def main():
    parser = argparse.ArgumentParser(description="inkling beside PyTorch, turn by turn")
    parser.add_argument("--inkling", default="build/release/inkling")
    parser.add_argument("--python", action="append", default=[], help="a Python that has PyTorch; may be repeated")
    parser.add_argument("--net", choices=sorted(BATCHES["train"]), action="append", help="only this net")
    parser.add_argument("--mode", choices=sorted(BATCHES), action="append", help="only this")
    parser.add_argument("--batch", type=int, help="only this batch size")
    parser.add_argument("--precision", choices=["f32", "bf16"], action="append", help="only this; both if not given")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=1.0, help="of one turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where both compute")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(args.threads, args.device)
    batches = GPU_BATCHES if args.device == "cuda" else BATCHES
    args.precision = args.precision or ["f32", "bf16"]
    inkling = Inkling(args.inkling, args.threads, args.device)
    torches = [PyTorch(python, args.threads, args.device) for python in args.python]
    print("inkling %s, PyTorch %s, %d threads, %d rounds of %g s, medians, images/s" % (
        inkling.version, " and ".join(t.version for t in torches), args.threads, args.rounds, args.seconds))
    rows = []
    try:
        for mode in args.mode or ["train", "infer"]:
            for net in args.net or list(batches[mode]):
                for batch in batches[mode][net]:
                    if args.batch not in (None, batch):
                        continue
                    results = contest(inkling, torches, mode, net, batch, args)
                    for key, rates in sorted(results.items()):
                        print("  %-5s %-12s %4d  %-28s %10.0f   %s" % (
                            mode, net, batch, " ".join(k for k in key if k), statistics.median(rates),
                            " ".join("%.0f" % r for r in rates)))
                    rows.append(row_of(mode, net, batch, results))
    finally:
        for torch in torches:
            torch.close()
    print("\n| mode | net | batch | PyTorch f32 | PyTorch bf16 autocast | inkling f32, against its f32 | inkling bf16, against its best |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
