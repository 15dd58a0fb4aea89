# tests/e2e/browser/tracing.py: pen paths from pictures of digits, and the same paths drawn elsewhere, larger, slanted.
import math
import random

SIDE = 28
FINE = 3  # the picture is thinned at so many times its size, so that lines are smooth


def enlarge(pixels):
    """784 bytes to rows of truth, FINE times as large, from evenly run values."""
    size = SIDE * FINE
    rows = []
    for v in range(size):
        y = min(max((v + 0.5) / FINE - 0.5, 0), SIDE - 1)
        y0 = min(int(y), SIDE - 2)
        row = []
        for u in range(size):
            x = min(max((u + 0.5) / FINE - 0.5, 0), SIDE - 1)
            x0 = min(int(x), SIDE - 2)
            a, b, at = x - x0, y - y0, SIDE * y0 + x0
            value = (1 - b) * ((1 - a) * pixels[at] + a * pixels[at + 1])
            value += b * ((1 - a) * pixels[at + SIDE] + a * pixels[at + SIDE + 1])
            row.append(value > 110)
        rows.append(row)
    return rows


AROUND = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)]


def thin(rows):
    """The middle lines of what is true, as a set of (x, y). Zhang & Suen, CACM 27(3), 1984."""
    ink = {(x, y) for y, row in enumerate(rows) for x, value in enumerate(row) if value}
    changed = True
    while changed:
        changed = False
        for half in (0, 1):
            gone = []
            for x, y in ink:
                near = [(x + dx, y + dy) in ink for dx, dy in AROUND]
                count = sum(near)
                turns = sum(not near[i] and near[(i + 1) % 8] for i in range(8))
                n, e, s, w = near[0], near[2], near[4], near[6]
                first, second = (n and e and s, e and s and w) if half == 0 else (n and e and w, n and s and w)
                if 2 <= count <= 6 and turns == 1 and not first and not second:
                    gone.append((x, y))
            ink.difference_update(gone)
            changed = changed or bool(gone)
    return ink


def neighbours(point, points):
    return [(point[0] + dx, point[1] + dy) for dx, dy in AROUND if (point[0] + dx, point[1] + dy) in points]


def walk(start, free, joined):
    """The longest straight-on way over free points; it begins at a point of joined ink, if one is beside it."""
    path = [p for p in neighbours(start, joined)[:1]] + [start]
    free.discard(start)
    while True:
        ways = neighbours(path[-1], free)
        if not ways:
            break
        back = path[max(0, len(path) - 6)]
        dx, dy = path[-1][0] - back[0], path[-1][1] - back[1]
        ahead = max(ways, key=lambda p: (p[0] - path[-1][0]) * dx + (p[1] - path[-1][1]) * dy
                    - 0.1 * (abs(p[0] - path[-1][0]) + abs(p[1] - path[-1][1])))
        for other in ways:  # points at the side of the line belong to it
            if other != ahead and math.dist(other, ahead) <= 1:
                free.discard(other)
        path.append(ahead)
        free.discard(ahead)
    ends = neighbours(path[-1], joined - set(path[-4:]))
    return path + ends[:1]


def smooth(path):
    """Means of three points, the ends kept."""
    inner = [tuple(sum(p[k] for p in path[i - 1:i + 2]) / 3 for k in (0, 1)) for i in range(1, len(path) - 1)]
    return [path[0], *inner, path[-1]]


def trace(pixels):
    """784 bytes, 0 paper .. 255 ink, to strokes [[(x, y), ...], ...] in pixels of the picture."""
    free = thin(enlarge(pixels))
    joined, strokes = set(), []
    while free:
        ends = [p for p in free if len(neighbours(p, free)) == 1]
        touching = [p for p in ends if neighbours(p, joined)]
        start = min(touching or ends or free, key=lambda p: (p[1], p[0]))
        path = walk(start, free, joined)
        joined.update(path)
        if len(path) >= 4 or not strokes:
            path = smooth(smooth(path)) if len(path) > 3 else path
            strokes.append([((x + 0.5) / FINE, (y + 0.5) / FINE) for x, y in path])
    return strokes


def place(strokes, height, centre, slant=0.0, turn=0.0, shake=0.0, seed=0):
    """The same strokes `height` high around a centre, slanted, turned, by a hand that shakes."""
    rng = random.Random(seed)
    points = [p for stroke in strokes for p in stroke]
    left, right = min(p[0] for p in points), max(p[0] for p in points)
    top, bottom = min(p[1] for p in points), max(p[1] for p in points)
    scale = height / max(bottom - top, 0.8 * (right - left), 1)
    placed = []
    for stroke in strokes:
        sway_x = sway_y = 0.0
        moved = []
        for x, y in stroke:
            x, y = x - (left + right) / 2, y - (top + bottom) / 2
            x -= slant * y
            x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
            sway_x = 0.8 * sway_x + rng.gauss(0, shake)
            sway_y = 0.8 * sway_y + rng.gauss(0, shake)
            moved.append((centre[0] + scale * x + sway_x, centre[1] + scale * y + sway_y))
        placed.append(moved)
    return placed
