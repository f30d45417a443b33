"""conv2d, depthwiseConv2d, dense: kernels, strides, paddings, dilations, groups, odd channels, tails."""

from operator_cases.case import OperatorCase, describe_padding, random_of, short
from values import mixed


def cases():
    yield from plain_convolutions()
    yield from first_layers()
    yield from strided_convolutions()
    yield from padded_convolutions()
    yield from dilated_convolutions()
    yield from grouped_convolutions()
    yield from depthwise_convolutions()
    yield from dense_layers()


def conv(
    x, kernel, filters, strides=(1, 1), padding="same", dilations=(1, 1), groups=1, bias=True, grads=None
):
    """x: (N, H, W, C). The case is named after its numbers."""
    n, h, w, c = x
    name = f"{kernel[0]}x{kernel[1]}_n{n}h{h}w{w}c{c}k{filters}_{describe_padding(padding)}"
    name += f"_s{short(strides)}" if strides != (1, 1) else ""
    name += f"_d{short(dilations)}" if dilations != (1, 1) else ""
    name += f"_g{groups}" if groups > 1 else ""
    name += "_bias" if bias else ""
    random = random_of("conv2d", name)
    depth = c // groups
    inputs = {
        "x": mixed(random, x),
        "w": mixed(random, (*kernel, depth, filters), scale=(kernel[0] * kernel[1] * depth) ** -0.5),
    }
    if bias:
        inputs["b"] = mixed(random, (filters,), scale=0.3)
    attrs = {"strides": list(strides), "padding": padding, "dilations": list(dilations), "groups": groups}
    return OperatorCase("conv2d", name, attrs, inputs, tuple(inputs) if grads is None else grads)


def plain_convolutions():
    yield conv((1, 1, 1, 1), (1, 1), 1)
    yield conv((1, 7, 5, 3), (1, 1), 5)
    yield conv((2, 5, 9, 7), (1, 1), 13, bias=False)
    yield conv((3, 4, 4, 16), (1, 1), 24)
    yield conv((1, 9, 11, 33), (1, 1), 17)
    yield conv((2, 7, 7, 64), (1, 1), 32, bias=False)
    yield conv((5, 3, 2, 5), (1, 1), 33)
    yield conv((1, 5, 4, 128), (1, 1), 20)
    yield conv((1, 5, 5, 1), (3, 3), 1)
    yield conv((1, 5, 7, 1), (3, 3), 4, bias=False)
    yield conv((2, 9, 11, 7), (3, 3), 13)
    yield conv((1, 8, 16, 8), (3, 3), 16)
    yield conv((1, 17, 19, 5), (3, 3), 3, bias=False)
    yield conv((3, 6, 10, 4), (3, 3), 12)
    yield conv((1, 13, 9, 17), (3, 3), 33)
    yield conv((1, 7, 7, 48), (3, 3), 32)
    yield conv((1, 2, 2, 6), (3, 3), 6)
    yield conv((2, 7, 9, 6), (5, 5), 10)
    yield conv((1, 4, 6, 13), (5, 5), 8, bias=False)
    yield conv((1, 11, 10, 3), (7, 7), 9)
    yield conv((2, 6, 17, 7), (1, 7), 12)
    yield conv((1, 17, 6, 12), (7, 1), 16, bias=False)
    yield conv((1, 17, 17, 16), (1, 7), 8)
    yield conv((2, 9, 5, 5), (7, 1), 7)
    yield conv((1, 8, 9, 9), (1, 3), 11)
    yield conv((1, 9, 8, 11), (3, 1), 9)
    yield conv((2, 6, 7, 5), (2, 2), 6)
    yield conv((1, 6, 7, 5), (4, 2), 3)
    # Larger than one tile every way: several workgroups, partial sums of the weight gradient.
    yield conv((2, 17, 18, 32), (3, 3), 36, bias=False)
    yield conv((1, 14, 15, 96), (1, 1), 24)


def first_layers():
    """Three channels in, as images have; some without the gradient of x, which no network wants there."""
    yield conv((2, 16, 16, 3), (3, 3), 16, strides=(2, 2), bias=False)
    yield conv((1, 17, 15, 3), (3, 3), 32, strides=(2, 2), bias=False, grads=("w",))
    yield conv((2, 15, 21, 3), (3, 3), 17, strides=(2, 2), padding="valid")
    yield conv((1, 18, 20, 3), (7, 7), 8, strides=(2, 2), padding=[[3, 3], [3, 3]], grads=("w", "b"))


def strided_convolutions():
    yield conv((2, 7, 7, 8), (1, 1), 16, strides=(2, 2), bias=False)
    yield conv((1, 10, 8, 13), (1, 1), 5, strides=(2, 2), padding="valid")
    yield conv((1, 9, 12, 6), (1, 1), 7, strides=(1, 2))
    yield conv((2, 9, 9, 5), (3, 3), 7, strides=(2, 2))
    yield conv((1, 10, 12, 12), (3, 3), 8, strides=(2, 2))
    yield conv((2, 11, 8, 4), (3, 3), 6, strides=(2, 2), padding="valid", bias=False)
    yield conv((1, 11, 13, 7), (3, 3), 5, strides=(3, 3))
    yield conv((1, 13, 10, 5), (3, 3), 9, strides=(3, 3), padding="valid")
    yield conv((1, 7, 12, 5), (3, 3), 10, strides=(1, 2))
    yield conv((2, 12, 7, 6), (3, 3), 5, strides=(2, 1), padding="valid")
    yield conv((1, 12, 11, 7), (5, 5), 6, strides=(2, 2))
    yield conv((1, 13, 14, 5), (5, 5), 7, strides=(3, 3), bias=False)
    yield conv((1, 7, 10, 5), (2, 2), 6, strides=(3, 3), padding="valid")
    yield conv((1, 8, 9, 6), (1, 1), 4, strides=(3, 3))


def padded_convolutions():
    yield conv((2, 8, 9, 7), (3, 3), 5, padding="valid")
    yield conv((1, 3, 3, 13), (3, 3), 10, padding="valid", bias=False)
    yield conv((1, 9, 12, 5), (5, 5), 4, padding="valid")
    yield conv((1, 8, 7, 5), (3, 3), 6, padding=[[0, 1], [0, 1]], strides=(2, 2))
    yield conv((2, 7, 8, 6), (3, 3), 7, padding=[[1, 0], [2, 1]])
    yield conv((1, 6, 7, 5), (3, 3), 8, padding=[[2, 2], [2, 2]], bias=False)
    yield conv((1, 5, 6, 4), (1, 1), 6, padding=[[1, 1], [0, 2]])
    yield conv((1, 9, 8, 3), (5, 3), 5, padding=[[2, 1], [0, 1]], strides=(2, 1))


def dilated_convolutions():
    yield conv((2, 9, 10, 5), (3, 3), 7, dilations=(2, 2))
    yield conv((1, 11, 12, 6), (3, 3), 4, padding="valid", dilations=(2, 2), bias=False)
    yield conv((1, 13, 9, 4), (3, 3), 5, dilations=(3, 1))
    yield conv((1, 10, 11, 5), (3, 3), 6, padding=[[2, 2], [1, 3]], dilations=(2, 2))
    yield conv((1, 12, 13, 3), (3, 3), 6, strides=(2, 2), dilations=(2, 2))
    yield conv((1, 14, 13, 3), (3, 2), 4, strides=(2, 3), padding="valid", dilations=(2, 3))


def grouped_convolutions():
    yield conv((2, 7, 8, 8), (3, 3), 12, groups=4)
    yield conv((1, 6, 7, 6), (3, 3), 9, groups=3, bias=False)
    yield conv((1, 9, 8, 10), (3, 3), 4, strides=(2, 2), groups=2)
    yield conv((2, 5, 6, 14), (1, 1), 21, groups=7)
    yield conv((1, 8, 7, 7), (3, 3), 7, groups=7)
    yield conv((1, 7, 9, 5), (3, 3), 10, strides=(2, 2), groups=5, bias=False)
    yield conv((1, 9, 9, 6), (3, 3), 4, dilations=(2, 2), padding="valid", groups=2)


def depthwise(
    x, kernel, multiplier=1, strides=(1, 1), padding="same", dilations=(1, 1), bias=False, grads=None
):
    n, h, w, c = x
    name = f"{kernel[0]}x{kernel[1]}_n{n}h{h}w{w}c{c}m{multiplier}_{describe_padding(padding)}"
    name += f"_s{short(strides)}" if strides != (1, 1) else ""
    name += f"_d{short(dilations)}" if dilations != (1, 1) else ""
    name += "_bias" if bias else ""
    random = random_of("depthwiseConv2d", name)
    inputs = {
        "x": mixed(random, x),
        "w": mixed(random, (*kernel, c, multiplier), scale=(kernel[0] * kernel[1]) ** -0.5),
    }
    if bias:
        inputs["b"] = mixed(random, (c * multiplier,), scale=0.3)
    attrs = {"strides": list(strides), "padding": padding, "dilations": list(dilations)}
    return OperatorCase("depthwiseConv2d", name, attrs, inputs, tuple(inputs) if grads is None else grads)


def depthwise_convolutions():
    yield depthwise((2, 7, 9, 5), (3, 3))
    yield depthwise((1, 8, 16, 16), (3, 3), bias=True)
    yield depthwise((3, 5, 6, 13), (3, 3))
    yield depthwise((1, 10, 11, 33), (3, 3))
    yield depthwise((1, 2, 3, 24), (3, 3), bias=True)
    yield depthwise((1, 1, 1, 7), (3, 3))
    yield depthwise((2, 7, 7, 8), (3, 3), strides=(2, 2))
    yield depthwise((1, 8, 10, 17), (3, 3), strides=(2, 2), bias=True)
    yield depthwise((1, 9, 9, 12), (3, 3), strides=(2, 2), padding="valid")
    yield depthwise((2, 9, 8, 6), (3, 3), strides=(2, 2), padding=[[0, 1], [0, 1]])
    yield depthwise((1, 9, 12, 7), (3, 3), strides=(1, 2))
    yield depthwise((1, 10, 13, 5), (3, 3), strides=(3, 3))
    yield depthwise((2, 6, 7, 4), (3, 3), multiplier=2)
    yield depthwise((1, 7, 8, 3), (3, 3), multiplier=3, bias=True)
    yield depthwise((1, 9, 8, 5), (3, 3), multiplier=2, strides=(2, 2))
    yield depthwise((1, 8, 9, 8), (5, 5))
    yield depthwise((1, 11, 10, 7), (5, 5), strides=(2, 2), bias=True)
    yield depthwise((1, 9, 9, 4), (5, 5), multiplier=2, padding="valid")
    yield depthwise((1, 10, 12, 6), (7, 7))
    yield depthwise((1, 13, 12, 5), (7, 7), strides=(2, 2), padding=[[3, 3], [3, 3]])
    yield depthwise((2, 9, 8, 5), (3, 3), dilations=(2, 2))
    yield depthwise((1, 11, 12, 4), (3, 3), multiplier=3, padding="valid", dilations=(2, 3))
    yield depthwise((1, 12, 11, 5), (3, 3), strides=(2, 2), dilations=(2, 2))
    yield depthwise((1, 7, 12, 6), (1, 5), bias=True)
    yield depthwise((1, 6, 7, 9), (1, 1), multiplier=2)
    yield depthwise((1, 20, 21, 40), (3, 3))


def fully_connected(rows, depth, units, bias=True):
    name = f"n{rows}_{depth}to{units}" + ("_bias" if bias else "")
    random = random_of("dense", name)
    inputs = {"x": mixed(random, (rows, depth)), "w": mixed(random, (depth, units), scale=depth**-0.5)}
    if bias:
        inputs["b"] = mixed(random, (units,), scale=0.3)
    return OperatorCase("dense", name, {}, inputs, tuple(inputs))


def dense_layers():
    yield fully_connected(1, 1, 1)
    yield fully_connected(1, 7, 5)
    yield fully_connected(8, 33, 8)
    yield fully_connected(5, 13, 17, bias=False)
    yield fully_connected(16, 64, 10)
    yield fully_connected(3, 128, 6, bias=False)
    yield fully_connected(33, 16, 9)
    # One long sum an output: partial sums have to be joined.
    yield fully_connected(2, 1001, 3)
