#!/usr/bin/env python3
# docs/choices.py: what some of a run's nets are worth together, from the predictions.csv of each.
#   docs/choices.py RUN     the folder of a run whose nets hold out the same rows (members = "N same")
# For k = 1 to N the mean number of wrong rows over all choices of k nets, or over 2,000 drawn ones where there are more
# than 3,003; then all nets by three ways of asking: mean of the probabilities, mean of their logarithms, one vote each
# (the surest breaks a tie).
import csv
import glob
import itertools
import math
import random
import sys

MOST, DRAWN = 3003, 2000


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [r["label"] for r in rows], [[float(r["p%d" % k]) for k in range(10)] for r in rows]


def first_highest(values):
    return values.index(max(values))


def wrong(nets, truth, rows, weigh):
    """Rows that the nets read wrongly together; weigh(p): what a net's ten probabilities add."""
    count = 0
    for i in rows:
        sums = [sum(column) for column in zip(*(weigh(net[i]) for net in nets))]
        count += first_highest(sums) != truth[i]
    return count


def vote(p):
    return [(1 + 1e-6 * max(p)) * (k == first_highest(p)) for k in range(10)]


def main():
    paths = sorted(glob.glob(sys.argv[1] + "/members/*/predictions.csv")) if len(sys.argv) == 2 else []
    if not paths:
        sys.exit("usage: docs/choices.py RUN, a folder with members/*/predictions.csv")
    labels, nets = zip(*map(read, paths))
    if any(one != labels[0] for one in labels):
        sys.exit("%s: its nets hold out different rows" % sys.argv[1])
    truth = [int(label) for label in labels[0]]
    # Where no net is wrong, none of their means is.
    rows = [i for i in range(len(truth)) if any(first_highest(net[i]) != truth[i] for net in nets)]
    common = sum(all(first_highest(net[i]) != truth[i] for net in nets) for i in rows)
    print("%d nets, %d rows; wrong in some net %d, in all %d" % (len(nets), len(truth), len(rows), common))
    for k in range(1, len(nets) + 1):
        if math.comb(len(nets), k) <= MOST:
            choices = list(itertools.combinations(nets, k))
        else:
            random.seed(1)
            choices = [random.sample(nets, k) for _ in range(DRAWN)]
        counts = [wrong(choice, truth, rows, list) for choice in choices]
        print("%2d together: %6.2f wrong, mean over %d choices" % (k, sum(counts) / len(counts), len(counts)))
    everywhere = range(len(truth))
    print("mean of probabilities %d wrong" % wrong(nets, truth, everywhere, list))
    logarithms = lambda p: [math.log(max(x, 1e-12)) for x in p]
    print("mean of logarithms    %d wrong" % wrong(nets, truth, everywhere, logarithms))
    print("votes                 %d wrong" % wrong(nets, truth, everywhere, vote))


main()
