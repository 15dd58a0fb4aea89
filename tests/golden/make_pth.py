#!/usr/bin/env python3
# tests/golden/make_pth.py: writes tests/golden/pth/<form>-<version>.pth with the PyTorch that runs it.
# Run by hand, once per version of PyTorch; the files are committed. tests/files/test_pth.c reads them all and knows what
# stands in them: element i of every tensor, row by row, is value(i); of a variance, |value(i)|.
import collections
import os
import sys

import torch

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pth")


def filled(dtype, *shape):
    count = 1
    for n in shape:
        count *= n
    numbers = [i * 7 % 23 for i in range(count)]
    if dtype not in (torch.int64, torch.uint8):
        numbers = [(v - 11) / 4 for v in numbers]
    return torch.tensor(numbers, dtype=dtype).reshape(shape)


def tensors():
    wide = torch.zeros(4, 10)
    wide[:, 2:5] = filled(torch.float32, 4, 3)
    tied = filled(torch.float32, 2, 5)
    return collections.OrderedDict(
        [
            ("conv1.weight", filled(torch.float32, 2, 3, 3, 3)),
            ("last.weight", filled(torch.float32, 2, 3, 4, 5).contiguous(memory_format=torch.channels_last)),
            ("turned", filled(torch.float32, 5, 7).t().contiguous().t()),
            ("part", wide[:, 2:5]),
            ("tied", tied),
            ("tied_again", tied),
            ("half", filled(torch.float16, 9)),
            ("bfloat16", filled(torch.bfloat16, 3, 2)),
            ("double", filled(torch.float64, 4)),
            ("bytes", filled(torch.uint8, 6)),
            ("bn1.num_batches_tracked", filled(torch.int64)),
            ("none", torch.zeros(0, 3)),
        ]
    )


def parameters():
    return collections.OrderedDict((k, torch.nn.Parameter(v) if v.is_floating_point() else v) for k, v in tensors().items())


def small_net():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, bias=False), torch.nn.BatchNorm2d(2), torch.nn.Linear(2, 3))
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            numbers = filled(tensor.dtype, *tensor.shape)
            tensor.copy_(numbers.abs() if name.endswith("running_var") else numbers)  # a variance is 0 or more
    return net


def main():
    os.makedirs(HERE, exist_ok=True)
    version = torch.__version__.split("+")[0].replace(".0a0", ".0")
    net = small_net()
    adam = torch.optim.Adam(net.parameters())
    files = {
        "tensors": tensors(),
        "parameters": parameters(),
        "net": net.state_dict(),
        "wrapped": {"epoch": 3, "lr": 1e-3, "state_dict": {"module." + k: v for k, v in tensors().items()},
                    "optimizer": adam.state_dict(), "best": None, "done": True, "sizes": [1, 70000, -5, 2**40]},
    }
    for name, value in files.items():
        torch.save(value, os.path.join(HERE, "%s-zip-%s.pth" % (name, version)))
        torch.save(value, os.path.join(HERE, "%s-legacy-%s.pth" % (name, version)), _use_new_zipfile_serialization=False)
    torch.save({"a": torch.zeros(2, dtype=torch.int32)}, os.path.join(HERE, "bad-int32-%s.pth" % version))
    torch.save({"a": torch.eye(2).to_sparse()}, os.path.join(HERE, "bad-sparse-%s.pth" % version))
    torch.save(net, os.path.join(HERE, "bad-module-%s.pth" % version))
    torch.save({"a": torch.zeros(1).expand(1000)}, os.path.join(HERE, "bad-repeated-%s.pth" % version))
    torch.jit.script(net).save(os.path.join(HERE, "bad-script-%s.pth" % version))
    print(sorted(os.listdir(HERE)), file=sys.stderr)


if __name__ == "__main__":
    main()
