# tests/e2e/pytorch_live.py: PyTorch's side of pytorch.sh: INKLING SOURCE DIGITS, in an empty folder that it may fill.
# Nets with random weights and statistics go to .pth (both forms) and .safetensors, through import, predict and export,
# and back into PyTorch: every number must return bit by bit, every probability must be the same.
import csv
import json
import os
import struct
import subprocess
import sys

import torch
from torch import nn

inkling, source, digits = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "bench"))
import pytorch  # noqa: E402  (bench/pytorch.py has ResNet-18 under torchvision's names)

torch.manual_seed(1)
torch.set_num_threads(2)
IMAGES = 24


class SameConv(nn.Conv2d):
    """Keras's "same" for 5x5, stride 2, even sizes: one row in front, two behind."""

    def forward(self, x):
        return super().forward(nn.functional.pad(x, (1, 2, 1, 2)))


class CnnExample(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = torch.max_pool2d(self.conv2(self.conv1(x).relu()).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


def deotte():
    layers, c = [], 1
    for kind, k, window, stride in ((nn.Conv2d, 32, 3, 1), (nn.Conv2d, 32, 3, 1), (SameConv, 32, 5, 2),
                                    (nn.Conv2d, 64, 3, 1), (nn.Conv2d, 64, 3, 1), (SameConv, 64, 5, 2),
                                    (nn.Conv2d, 128, 4, 1)):
        layers += [kind(c, k, window, stride), nn.ReLU(), nn.BatchNorm2d(k, eps=1e-3)]
        layers += [nn.Dropout(0.4)] if kind is SameConv else []
        c = k
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.4), nn.Linear(128, 10))


def wake(net):
    """Statistics and factors as training would leave them: none at its first value."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 1.5)
            module.num_batches_tracked.fill_(1234)
    return net.eval()


def run(*words):
    done = subprocess.run([inkling, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return done.stdout


def read_safetensors(path):
    """The format by its definition, without its package."""
    types = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    assert header.pop("__metadata__")["format"] == "pt"
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        flat = torch.frombuffer(data[first:last], dtype=types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        kind, letter = {torch.float32: ("F32", "f"), torch.int64: ("I64", "q")}[tensor.dtype]
        raw = struct.pack("<%d%s" % (tensor.numel(), letter), *tensor.flatten().tolist())
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def images():
    with open(os.path.join(digits, "test.csv")) as file:
        rows = list(csv.reader(file))
    with open("few.csv", "w") as file:
        csv.writer(file, lineterminator="\n").writerows(rows[:IMAGES + 1])
    return torch.tensor([[float(x) for x in row] for row in rows[1:IMAGES + 1]]).reshape(-1, 1, 28, 28)


def probabilities(model):
    run("predict", model, "few.csv", "-o", "s.csv", "--probabilities", "p.csv", "--force", "--quiet", "--precision", "f32")
    with open("p.csv") as file:
        rows = list(csv.reader(file))[1:]
    return torch.tensor([[float(x) for x in row[1:]] for row in rows])


def compare(name, net, x, file, words):
    """file -> model -> file: the same probabilities, the same bits."""
    run("import", file, *words, "-o", "model.safetensors", "--force")
    with torch.no_grad():
        wanted = net(x).softmax(1)
    off = (probabilities("model.safetensors") - wanted).abs().max().item()
    assert off < 2e-5, (name, file, off)
    run("export", "model.safetensors", "-o", "back.safetensors", "--force")
    back, first = read_safetensors("back.safetensors"), net.state_dict()
    assert set(back) == set(first), (name, set(back) ^ set(first))
    for key, tensor in first.items():
        assert back[key].shape == tensor.shape and torch.equal(back[key], tensor), (name, file, key)
    other = wake(type(net)() if not isinstance(net, nn.Sequential) else deotte())
    other.load_state_dict(back, strict=True)
    with torch.no_grad():
        assert torch.equal(other(x), net(x)), (name, file)
    print("%s through %s: probabilities within %.1e, every number back" % (name, file, off))


def main():
    grey = images() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    three = (grey.expand(-1, 3, -1, -1) - mean[:, None, None]) / std[:, None, None]
    nets = {"cnn-example": (CnnExample(), grey), "deotte": (deotte(), grey),
            "resnet18": (pytorch.make_nets(nn)["resnet18"][0](), three)}
    for name, (net, x) in nets.items():
        state = wake(net).state_dict()
        torch.save(state, "zip.pth")
        compare(name, net, x, "zip.pth", ["--net", name])
        if name == "resnet18":
            continue
        torch.save({"epoch": 1, "state_dict": {"module." + k: v for k, v in state.items()}}, "legacy.pth",
                   _use_new_zipfile_serialization=False)
        compare(name, net, x, "legacy.pth", ["--net", name])
        write_safetensors("other.safetensors", state)
        compare(name, net, x, "other.safetensors", ["--net", name])
    # What inkling itself has learned, in PyTorch.
    run("train", digits, "--recipe", "v3", "--net", "deotte", "--epochs", "1", "--normalise", "range 255 0", "--out", "run",
        "--quiet", "--precision", "f32")
    run("export", "run", "-o", "ours.safetensors")
    net = wake(deotte())
    net.load_state_dict(read_safetensors("ours.safetensors"), strict=True)
    with torch.no_grad():
        off = (probabilities("run") - net(grey).softmax(1)).abs().max().item()
    assert off < 2e-5, off
    print("a run of inkling in PyTorch %s: probabilities within %.1e" % (torch.__version__, off))


main()
