# tests/golden/make_pytorch.py: makes the golden files pytorch_*.txt with PyTorch, in double; run by hand, rarely.
#   python3 tests/golden/make_pytorch.py            writes the files beside itself
# Needs PyTorch and torchvision (Debian: python3-torch python3-torchvision); inkling itself never needs this.
#
# Inputs and first weights are not stored: both sides draw them from Philox by name (tests/ops/cases.c and golden.c have
# the same rules in C). Of every result there are the number of elements, the Euclidean norm, the sum, and evenly spread
# samples. Nothing here is read from inkling but the list of cases, so that the two readings of each formula are apart.
import os
import re
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
STREAM_GOLDEN, STREAM_DROPOUT = 8, 4
torch.set_default_dtype(torch.float64)
single = np.float32


def f32(x):
    """x as C's float, back in double."""
    return float(single(x))


# ---- Philox4x32-10 and the readers that inkling has on it ----


def philox(c0, c1, c2, c3, seed):
    """Blocks for counters given as arrays or numbers: an array [blocks][4]."""
    c = [np.array(x, dtype=np.uint64) for x in np.broadcast_arrays(c0, c1, c2, c3)]
    k0, k1, low = seed & 0xFFFFFFFF, seed >> 32, np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=-1)


def fnv64(text):
    h = 0xCBF29CE484222325
    for b in text.encode():
        h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def words(seed, name, count):
    """The first numbers of the sequence that belongs to a name."""
    a = fnv64(name) & 0xFFFFFFFFFFFFFF
    blocks = np.arange((count + 3) // 4)
    return philox(blocks, 0, a & 0xFFFFFFFF, (a >> 32) ^ (STREAM_GOLDEN << 24), seed).reshape(-1)[:count]


def units(seed, name, count):
    return (words(seed, name, count) >> np.uint64(8)).astype(np.float64) * 2.0**-24


def spread(seed, name, count):
    """Of variance 1, as ink_rng_between(-sqrt 3, sqrt 3) in float: one fma."""
    low, high = single(-1.7320508), single(1.7320508)
    return (units(seed, name, count) * np.float64(high - low) + np.float64(low)).astype(single)


def bytes_of(seed, name, count):
    w = words(seed, name, count)
    return np.where(w & np.uint64(0x100), w & np.uint64(0xFF), 0).astype(np.float64)


def labels_of(seed, name, count, classes):
    return torch.from_numpy(((words(seed, name, count) * np.uint64(classes)) >> np.uint64(32)).astype(np.int64))


def double(array, shape):
    return torch.from_numpy(np.asarray(array, dtype=np.float64).reshape(shape))


def dropped(x, rate, key, step, seed):
    """Dropout as graph.h has it: word (i & 3) of block {i >> 2, key, step}."""
    rate, count = single(rate), x.numel()
    block = philox(np.arange((count + 3) // 4), key, step & 0xFFFFFFFF, (step >> 32) ^ (STREAM_DROPOUT << 24), seed)
    unit = (block.reshape(-1)[:count] >> np.uint64(8)).astype(single) * single(2.0**-24)
    return x * double(np.where(unit < rate, 0.0, 1.0 / (1.0 - float(rate))), x.shape)


# ---- golden files ----


def line(out, name, tensor, samples):
    t = tensor.detach().reshape(-1).numpy()
    n = min(samples, t.size)
    picked = [t[i * t.size // n] for i in range(n)]
    numbers = " ".join("%.12g" % x for x in [np.sqrt((t * t).sum()), t.sum()] + picked)
    out.write("%s %d %s\n" % (name, t.size, numbers))


def head(out, what):
    out.write("# %s: written by make_pytorch.py with PyTorch %s in float64.\n" % (what, torch.__version__))
    out.write("# name, elements, norm, sum, samples (number i is element i * elements / samples)\n")


# ---- the cases of tests/ops/cases_list.c ----


class Case:
    SEED, STEP, DROPOUT_SEED, LR = 5, 1, 42, 0.05

    def __init__(self, text):
        self.text, self.params, self.states, self.frozen = text, {}, {}, set()
        begin, layers = text.split(":")
        self.layers = [l.split() for l in layers.split(",")]
        part = begin.split()
        self.n, dims = int(part[0]), [int(d) for d in part[2].split("x")]
        if part[1] == "img":
            self.input, self.at = None, double(bytes_of(self.SEED, "images", self.n * dims[0] * dims[1]), [self.n, 1] + dims)
        else:
            count = self.n * int(np.prod(dims))
            self.input = self.at = double(spread(self.SEED, "x", count), [self.n] + dims).requires_grad_()
        self.kept, self.n_dropouts, self.optimizer, self.losses = None, 0, None, None

    def number(self, kind):
        return sum(1 for k in {**self.params, **self.states} if re.fullmatch(kind + r"\d+", k))

    def new(self, kind, *shape):
        name = "%s%d" % (kind, self.number(kind))
        x = spread(self.SEED, name, int(np.prod(shape)))
        if kind == "w":
            x = x / np.sqrt(single(np.prod(shape[1:])))
        elif kind == "gamma":
            x = single(1) + single(0.2) * x
        elif kind == "var":
            x = single(1) + single(0.3) * np.abs(x)
        else:
            x = single(0.2) * x
        t = double(x, shape)
        if kind in ("mean", "var"):
            self.states[name] = t
        else:
            self.params[name] = t.requires_grad_()
        return t

    def weighted(self, op, k, window, o):
        x, c = self.at, self.at.shape[1]
        if op == "linear":
            w = self.new("w", k, c)
            y = F.linear(x.flatten(1), w, self.new("b", k) if o["bias"] else None)
            return y[:, :, None, None]
        depthwise = op == "depthwise"
        if depthwise:
            k = c
        w = self.new("w", k, 1 if depthwise else c, *window)
        b = self.new("b", k) if o["bias"] else None
        p, e = o["p"], o["p"] if o["e"] is None else o["e"]
        return F.conv2d(F.pad(x, (p, e, p, e)), w, b, stride=o["s"], groups=c if depthwise else 1)

    def norm(self, op):
        c = self.at.shape[1]
        plain = op == "bn-plain"
        gamma, beta = (None, None) if plain else (self.new("gamma", c), self.new("beta", c))
        mean, var = self.new("mean", c), self.new("var", c)
        if op == "bn-eval":
            return F.batch_norm(self.at, mean, var, gamma, beta, False, f32(0.1), f32(1e-5))
        if self.at.numel() > c:
            return F.batch_norm(self.at, mean, var, gamma, beta, True, f32(0.1), f32(1e-5))
        raise NotImplementedError  # PyTorch refuses a single value per channel

    def layer(self, word):
        op, size, window, o = word[0], None, None, {"s": 1, "p": 0, "e": None, "bias": False}
        it = iter(word[1:])
        for w in it:
            if w in ("clip", "average", "decay"):
                o[w] = f32(float(next(it)))
            elif w == "bias":
                o["bias"] = True
            elif w[0] in "spe":
                o[w[0]] = int(w[1:])
            elif "x" in w:
                window = [int(d) for d in w.split("x")]
            else:
                size = float(w)
        x = self.at
        if op == "mark":
            self.kept = x
        elif op == "other":
            self.at, self.kept = self.kept, x
        elif op == "add":
            self.at = x + self.kept
        elif op == "frozen":
            self.frozen.add(list(self.params)[-1])
        elif op in ("linear", "conv", "depthwise"):
            self.at = self.weighted(op, int(size or 0), window, o)
        elif op in ("bn", "bn-plain", "bn-eval"):
            self.at = self.norm(op)
        elif op == "normalise":
            scale = [f32(1 / 64.0), f32(0.017), f32(0.0123)][: int(size)]
            shift = [-1.5, 0.25, 0.0][: int(size)]
            self.at = x * double(scale, [-1, 1, 1]) + double(shift, [-1, 1, 1])
        elif op == "dropout":
            self.at = dropped(x, 0.4, self.n_dropouts, self.STEP, self.DROPOUT_SEED)
            self.n_dropouts += 1
        elif op == "loss":
            labels = labels_of(self.SEED, "labels", self.n, x.shape[1])
            self.labels, self.logits = labels, x
            self.losses = F.cross_entropy(x.flatten(1), labels, reduction="none", label_smoothing=f32(size))
        elif op in ("sgd", "nesterov", "adam", "adamw"):
            self.optimizer = (op, size, o)
        elif op == "slack":
            pass
        elif op in ("muon", "soft", "predict", "scale"):
            raise NotImplementedError  # none in PyTorch 1.13; a second target and the rest are inkling's own words
        else:
            self.at = {
                "relu": lambda: F.relu(x),
                "leaky": lambda: F.leaky_relu(x, f32(0.1)),
                "silu": lambda: F.silu(x),
                "gelu": lambda: F.gelu(x),
                "hardswish": lambda: F.hardswish(x),
                "maxpool": lambda: F.max_pool2d(x, window, o["s"], o["p"]),
                "avgpool": lambda: F.avg_pool2d(x, window, o["s"], o["p"]),
                "gap": lambda: x.mean((2, 3), keepdim=True),
                "gmp": lambda: F.adaptive_max_pool2d(x, 1),
                "flatten": lambda: x.flatten(1)[:, :, None, None],
                "softmax": lambda: torch.softmax(x, 1),
            }[op]()

    def learn(self):
        op, size, o = self.optimizer
        learning = {k: p for k, p in self.params.items() if k not in self.frozen}
        first = {k: p.detach().clone() for k, p in learning.items()}
        if o.get("clip"):
            self.states["gradient_norm"] = torch.nn.utils.clip_grad_norm_(learning.values(), o["clip"]).reshape(1)
        decay, lr = o.get("decay", 0.0), f32(self.LR)
        if op in ("sgd", "nesterov"):
            momentum = f32(0.9 if op == "nesterov" else size)
            adam = torch.optim.SGD(learning.values(), lr, momentum, 0, decay, op == "nesterov")
        else:
            kind = torch.optim.AdamW if op == "adamw" else torch.optim.Adam
            adam = kind(learning.values(), lr, (f32(0.9), f32(0.999)), f32(1e-8), decay)
        adam.step()
        names = {"exp_avg": "adam_m", "exp_avg_sq": "adam_v", "momentum_buffer": "sgd_buffer"}
        for k, p in learning.items():
            for theirs, ours in names.items():
                if isinstance(adam.state[p].get(theirs), torch.Tensor):
                    self.states[k + "." + ours] = adam.state[p][theirs]
            if o.get("average"):
                d = min(o["average"], 2.0 / 11.0)  # of step 1, from an average of 0
                self.states[k + ".average"] = (1 - d) * p.detach()
        return first

    def write(self, out):
        for word in self.layers:
            self.layer(word)
        samples = 16
        out.write("case %s\n" % self.text)
        if self.losses is None:
            line(out, "y", self.at, samples)
            dy = double(spread(self.SEED, "dy", self.at.numel()), self.at.shape)
            if self.at.requires_grad:
                self.at.backward(dy)
        else:
            line(out, "y", self.losses, samples)
            best = self.logits.flatten(1).argmax(1)
            line(out, "correct", (best == self.labels).sum().reshape(1).double(), samples)
            self.losses.mean().backward()
        if self.input is not None and self.losses is None:
            line(out, "dx", self.input.grad, samples)
        for k, p in self.params.items():
            if k not in self.frozen:
                line(out, "gradient:" + k, p.grad, samples)
        if self.optimizer is not None:
            self.learn()
            for k, p in self.params.items():
                line(out, k, p, samples)
        for k, s in self.states.items():
            line(out, k, s, samples)


def cases():
    source = open(os.path.join(HERE, "..", "ops", "cases_list.c")).read()
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    source = re.sub(r'"\s*"', "", source.split("{", 1)[1])
    return re.findall(r'"([^"]*)"', source)


def write_cases(path):
    with open(path, "w") as out:
        head(out, "nodes")
        for text in cases():
            n, rest = text.split(" ", 1)
            # The nets' own shapes are in the other files; a warp has its own reading in core/warp.h.
            if "warp" in text or any(int(d) > 40 for d in re.findall(r"\d+", rest.split(":")[0])):
                continue
            if any(int(w) > 40 for w in re.findall(r"(?:conv|linear) (\d+)", text)):
                continue
            try:
                Case(text).write(out)
            except NotImplementedError:
                pass


# ---- nets of the zoo ----


class Net(torch.nn.Module):
    """A zoo net with inkling's names and inkling's dropout."""

    def __init__(self):
        super().__init__()
        self.step = 1

    def dropout(self, x, rate, key):
        return dropped(x, rate, key, self.step, 42) if self.training else x


class Mlp(Net):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = torch.nn.Linear(784, 128), torch.nn.Linear(128, 64), torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class Lenet(Net):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = torch.nn.Linear(400, 120), torch.nn.Linear(120, 84), torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class CnnExample(Net):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = torch.nn.Conv2d(1, 32, 3), torch.nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = torch.nn.Linear(9216, 128), torch.nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.relu(self.fc1(self.dropout(x, 0.25, 0).flatten(1)))
        return self.fc2(self.dropout(x, 0.5, 1))


class Same(torch.nn.Conv2d):
    """Keras' `same` for a 5x5 window, stride 2, on an even map: 1 before, 2 after."""

    def forward(self, x):
        return super().forward(F.pad(x, (1, 2, 1, 2)))


class Drop(torch.nn.Module):
    def __init__(self, net, key):
        super().__init__()
        self.net, self.key = [net], key

    def forward(self, x):
        return self.net[0].dropout(x, 0.4, self.key)


class Deotte(Net):
    def __init__(self):
        super().__init__()
        conv, relu = torch.nn.Conv2d, torch.nn.ReLU

        def bn(c):
            return torch.nn.BatchNorm2d(c, eps=f32(1e-3), momentum=f32(0.01))

        layers = [conv(1, 32, 3), relu(), bn(32), conv(32, 32, 3), relu(), bn(32), Same(32, 32, 5, 2), relu(), bn(32)]
        layers += [Drop(self, 0), conv(32, 64, 3), relu(), bn(64), conv(64, 64, 3), relu(), bn(64)]
        layers += [Same(64, 64, 5, 2), relu(), bn(64), Drop(self, 1), conv(64, 128, 4), relu(), bn(128)]
        layers += [torch.nn.Flatten(), Drop(self, 2), torch.nn.Linear(128, 10)]
        for i, l in enumerate(layers):
            self.add_module(str(i), l)
        self.layers = len(layers)

    def forward(self, x):
        for i in range(self.layers):
            x = getattr(self, str(i))(x)
        return x


def resnet18():
    import torchvision

    net = torchvision.models.resnet18(weights=None, num_classes=10)
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.eps, m.momentum = f32(1e-5), f32(0.1)
    return net


NORMALISE = [[0.012, 0.011, 0.013], [-0.75, -0.7, -0.8]]


def first_weights(net, seed):
    """By name, in float: weights uniform with He's variance, biases small, gamma about 1."""
    for name, p in net.named_parameters():
        x = spread(seed, name, p.numel())
        if p.dim() > 1:
            x = x * np.sqrt(single(2) / single(p[0].numel()))
        elif name.endswith("weight"):
            x = single(1) + single(0.2) * x
        else:
            x = single(0.1) * x
        p.data = double(x, p.shape)


def write_net(out, name, net, batch, steps, optimizer, lr, decay, samples):
    seed = 9
    out.write("net %s batch %d steps %d optimizer %s lr %.9g decay %.9g\n" % (name, batch, steps, optimizer, lr, decay))
    net = net.double().train()
    first_weights(net, seed)
    # Biases and batch norm's own are spared weight decay, as inkling's nets have it.
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    groups = [{"params": weights, "weight_decay": f32(decay)}, {"params": others, "weight_decay": 0.0}]
    if optimizer == "nesterov":
        o = torch.optim.SGD(groups, f32(lr), f32(0.9), nesterov=True)
    else:
        kind = torch.optim.AdamW if optimizer == "adamw" else torch.optim.Adam
        o = kind(groups, f32(lr), (f32(0.9), f32(0.999)), f32(1e-8))
    channels = next(net.parameters()).shape[1] if name == "resnet18" else 1
    scale, shift = [double([f32(x) for x in row[:channels]], [-1, 1, 1]) for row in NORMALISE]
    losses = []
    for step in range(1, steps + 2):
        x = double(bytes_of(seed, "images%d" % step, batch * 784), [batch, 1, 28, 28]) * scale + shift
        labels = labels_of(seed, "labels%d" % step, batch, 10)
        net.step = step
        if step > steps:
            net.eval()
            logits = net(x)
            line(out, "eval:logits", logits, samples)
            losses.append(F.cross_entropy(logits, labels, reduction="sum").item())
            break
        o.zero_grad()
        logits = net(x)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        losses.append(loss.item() * batch)
        if step == 1:
            line(out, "logits", logits, samples)
            for k, p in net.named_parameters():
                line(out, "gradient:" + k, p.grad, samples)
            for k, b in net.named_buffers():
                if b.dim() > 0:
                    line(out, "first:" + k, b, samples)
        o.step()
    for k, v in net.state_dict().items():
        if v.dim() > 0:
            line(out, "last:" + k, v, samples)
    line(out, "losses", double(losses, [-1]), len(losses))


def write_nets():
    runs = {
        "mlp": (Mlp, [(64, "adam", 1e-3, 0), (19, "nesterov", 0.01, 1e-3), (64, "adamw", 1e-3, 0.1)], 64),
        "lenet": (Lenet, [(9, "adam", 1e-3, 0)], 64),
        "cnn-example": (CnnExample, [(8, "adam", 1e-3, 0)], 64),
        # Steps small enough that float can follow double: at 1e-3 PyTorch's own float ends 2 % and 55 % away. With 12
        # images no input of the last five ReLUs is nearer to 0 than 1e-5 of its standard deviation (with 8, 2.5e-6).
        "deotte": (Deotte, [(12, "adam", 1e-4, 0)], 64),
        "resnet18": (resnet18, [(8, "adam", 2e-5, 0)], 64),
    }
    for name, (make, settings, samples) in runs.items():
        with open(os.path.join(HERE, "pytorch_%s.txt" % name), "w") as out:
            head(out, name)
            for batch, optimizer, lr, decay in settings:
                write_net(out, name, make(), batch, 10, optimizer, lr, decay, samples)


if __name__ == "__main__":
    if torch.__version__.startswith("0."):
        sys.exit("PyTorch 1.10 or newer is needed")
    write_cases(os.path.join(HERE, "pytorch_nodes.txt"))
    write_nets()
