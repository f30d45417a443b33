"""add and multiply (b whole or one value a channel), scaledAdd, concat, zeroPad2d, crop2d."""

from operator_cases.case import OperatorCase, random_of
from values import mixed


def cases():
    for op in ("add", "multiply"):
        yield pair(op, (2, 5, 7, 3), (2, 5, 7, 3))
        yield pair(op, (1, 4, 4, 16), (1, 4, 4, 16))
        yield pair(op, (2, 5, 7, 13), (2, 1, 1, 13))
        yield pair(op, (3, 8, 6, 8), (3, 1, 1, 8))
        yield pair(op, (1, 17, 9, 5), (1, 1, 1, 5))
    yield pair("add", (4, 33), (4, 33))
    yield pair("multiply", (2, 1, 1, 6), (2, 1, 1, 6))
    for scale, shape in ((0.17, (2, 5, 7, 3)), (1.0, (1, 4, 4, 16)), (-0.2, (1, 3, 5, 33))):
        name = f"scale{scale}_" + "x".join(map(str, shape))
        random = random_of("scaledAdd", name)
        inputs = {"x": mixed(random, shape), "r": mixed(random, shape)}
        yield OperatorCase("scaledAdd", name, {"scale": scale}, inputs, ("x", "r"))
    yield from concatenations()
    yield from borders()


def pair(op, a, b):
    name = f"{'x'.join(map(str, a))}_{'x'.join(map(str, b))}"
    random = random_of(op, name)
    return OperatorCase(op, name, {}, {"a": mixed(random, a), "b": mixed(random, b)}, ("a", "b"))


def concatenations():
    yield concat("two_channels", 3, [(2, 5, 4, 3), (2, 5, 4, 7)])
    yield concat("aligned_channels", 3, [(1, 4, 4, 8), (1, 4, 4, 16), (1, 4, 4, 4)])
    yield concat("four_branches", -1, [(2, 3, 5, 6), (2, 3, 5, 1), (2, 3, 5, 9), (2, 3, 5, 4)])
    yield concat("nine", 3, [(1, 3, 3, channels) for channels in (1, 2, 3, 4, 5, 6, 7, 8, 9)])
    yield concat("batch", 0, [(1, 3, 4, 5), (2, 3, 4, 5)])
    yield concat("rows", 1, [(2, 3, 4, 5), (2, 1, 4, 5), (2, 2, 4, 5)])
    yield concat("columns", 2, [(2, 3, 4, 3), (2, 3, 5, 3)])
    yield concat("vectors", 1, [(3, 8), (3, 5), (3, 1)])


def concat(name, axis, shapes):
    random = random_of("concat", name)
    inputs = {f"x{i}": mixed(random, shape) for i, shape in enumerate(shapes)}
    return OperatorCase("concat", name, {"axis": axis}, inputs, tuple(inputs))


def borders():
    for shape, amounts in (
        ((2, 5, 6, 3), [[1, 1], [1, 1]]),
        ((1, 4, 7, 8), [[0, 1], [0, 1]]),
        ((1, 3, 3, 5), [[3, 0], [2, 4]]),
        ((2, 4, 4, 7), [[0, 0], [1, 0]]),
    ):
        yield border("zeroPad2d", shape, amounts)
    for shape, amounts in (
        ((2, 7, 8, 3), [[1, 1], [1, 1]]),
        ((1, 6, 9, 8), [[1, 0], [1, 0]]),
        ((1, 8, 8, 5), [[3, 2], [0, 4]]),
        ((2, 5, 4, 7), [[0, 0], [0, 3]]),
    ):
        yield border("crop2d", shape, amounts)


def border(op, shape, amounts):
    name = "x".join(map(str, shape)) + "_" + "".join(str(amount) for side in amounts for amount in side)
    x = mixed(random_of(op, name), shape)
    return OperatorCase(op, name, {"amounts": amounts}, {"x": x}, ("x",))
