"""Pools: odd windows, overlaps, gaps, the three paddings, ties; and the global ones."""

import numpy as np

from operator_cases.case import OperatorCase, describe_padding, random_of, short
from values import levels, mixed


def cases():
    yield from max_pools()
    yield from average_pools()
    yield from global_pools()


def pool(op, x, size, strides, padding, note="", draw=mixed, **attrs):
    n, h, w, c = x
    name = f"{size[0]}x{size[1]}_n{n}h{h}w{w}c{c}_{describe_padding(padding)}_s{short(strides)}"
    name += f"_{note}" if note else ""
    attrs = {"size": list(size), "strides": list(strides), "padding": padding, **attrs}
    return OperatorCase(op, name, attrs, {"x": draw(random_of(op, name), x)}, ("x",))


def negative(random, shape):
    """Below zero throughout: a padding that counted as 0 would win."""
    return -np.abs(mixed(random, shape)) - np.float32(0.125)


def tied(random, shape):
    """Four different values: most windows have several equal maxima."""
    return levels(random, shape, -2, 1)


def equal(random, shape):
    """One value throughout: the first of every window is its maximum."""
    return np.full(shape, -1.5, np.float32)


def max_pools():
    op = "maxPool2d"
    yield pool(op, (2, 8, 8, 5), (2, 2), (2, 2), "valid")
    yield pool(op, (1, 9, 11, 7), (3, 3), (2, 2), "same")
    yield pool(op, (2, 10, 8, 4), (3, 3), (2, 2), "valid")
    yield pool(op, (1, 7, 9, 13), (3, 3), (1, 1), "same")
    yield pool(op, (1, 7, 8, 3), (2, 3), (2, 1), "valid")
    yield pool(op, (1, 11, 10, 4), (5, 5), (3, 3), "same")
    yield pool(op, (1, 10, 11, 6), (2, 2), (3, 3), "valid")
    yield pool(op, (1, 9, 8, 5), (3, 3), (2, 2), [[1, 1], [1, 1]])
    yield pool(op, (1, 8, 9, 6), (3, 3), (2, 2), [[0, 1], [0, 1]])
    yield pool(op, (2, 7, 8, 5), (3, 3), (2, 2), "same", "negative", negative)
    yield pool(op, (1, 7, 6, 4), (3, 3), (1, 1), [[1, 1], [1, 1]], "negative", negative)
    yield pool(op, (2, 9, 8, 5), (3, 3), (2, 2), "same", "tied", tied)
    yield pool(op, (1, 8, 8, 7), (3, 3), (1, 1), "same", "tied", tied)
    yield pool(op, (1, 8, 9, 4), (2, 2), (2, 2), "valid", "tied", tied)
    yield pool(op, (1, 7, 7, 3), (3, 3), (2, 2), "same", "equal", equal)
    yield pool(op, (1, 6, 7, 4), (3, 3), (1, 1), [[1, 1], [1, 1]], "equal", equal)


def average_pools():
    op = "avgPool2d"
    yield pool(op, (2, 8, 8, 5), (2, 2), (2, 2), "valid", countIncludePad=False)
    yield pool(op, (1, 9, 11, 7), (3, 3), (2, 2), "same", countIncludePad=False)
    yield pool(op, (2, 7, 6, 4), (3, 3), (1, 1), "same", countIncludePad=False)
    yield pool(op, (1, 7, 9, 13), (3, 3), (1, 1), "same", "default")
    yield pool(op, (1, 10, 9, 3), (3, 3), (2, 2), "valid", countIncludePad=True)
    yield pool(op, (1, 11, 10, 5), (5, 5), (3, 3), "same", countIncludePad=False)
    yield pool(op, (1, 8, 7, 6), (1, 1), (2, 2), "same", countIncludePad=False)
    yield pool(op, (1, 7, 8, 4), (2, 3), (1, 2), "same", countIncludePad=False)
    yield pool(op, (1, 9, 8, 5), (3, 3), (2, 2), "same", "counted", countIncludePad=True)
    yield pool(op, (2, 7, 7, 3), (3, 3), (1, 1), "same", "counted", countIncludePad=True)
    yield pool(op, (1, 8, 9, 6), (3, 3), (2, 2), [[1, 1], [1, 1]], countIncludePad=False)
    yield pool(op, (1, 8, 9, 5), (3, 3), (2, 2), [[0, 1], [0, 1]], "counted", countIncludePad=True)
    yield pool(op, (1, 6, 7, 8), (3, 3), (1, 1), [[1, 1], [1, 1]], "counted", countIncludePad=True)
    yield pool(op, (1, 10, 11, 4), (2, 2), (3, 3), "valid", countIncludePad=False)


def global_pools():
    for op in ("globalAvgPool2d", "globalMaxPool2d"):
        for n, h, w, c in ((2, 7, 7, 13), (1, 1, 1, 5), (3, 5, 9, 33), (1, 17, 13, 6)):
            name = f"n{n}h{h}w{w}c{c}"
            yield OperatorCase(op, name, {}, {"x": mixed(random_of(op, name), (n, h, w, c))}, ("x",))
    name = "n2h5w6c7_tied"
    yield OperatorCase(
        "globalMaxPool2d", name, {}, {"x": tied(random_of("globalMaxPool2d", name), (2, 5, 6, 7))}, ("x",)
    )
