"""Activations: spread values, values about their kinks, values that overflow a careless exponential."""

import numpy as np

from operator_cases.case import OperatorCase, random_of
from values import mixed

# Exactly 0 and exactly 6 are settled: the derivatives of relu and relu6 are 0 there.
ABOUT_ZERO = [0.0, -0.0, 1e-6, -1e-6, 1e-30, -1e-30, 1e-3, -1e-3]
ABOUT_SIX = [
    6.0,
    np.nextafter(np.float32(6), np.float32(0)),
    np.nextafter(np.float32(6), np.float32(7)),
    5.999,
    6.001,
]
EXTREMES = [20.0, -20.0, 80.0, -80.0, 88.5, -88.5, 89.5, -89.5, 100.0, -100.0]
SPECIAL = {
    "relu": [*ABOUT_ZERO, *EXTREMES, 1e10, -1e10],
    "relu6": [*ABOUT_ZERO, *ABOUT_SIX, *EXTREMES, 1e10, -1e10],
    "sigmoid": [*ABOUT_ZERO, *EXTREMES],
    "swish": [*ABOUT_ZERO, *EXTREMES, -1.2784645],
    # Not exactly -3 and 3: nothing settles the derivative there, and float32 rounds x + 3 near 6.
    "gelu": [*ABOUT_ZERO, -0.7517916, 2.5, -2.5, 4.0, -4.0, *EXTREMES],
    "hardSigmoid": [*ABOUT_ZERO, *EXTREMES, -2.999, -3.001, 2.999, 3.001],
}
# Attributes of each kind of case, by the beginning of its name.
ATTRIBUTES = {"gelu": {"": {"approximate": False}, "approximate_": {"approximate": True}}}
SHAPES = ((2, 5, 7, 3), (1, 4, 4, 16), (3, 11))


def cases():
    for op, special in SPECIAL.items():
        for kind, attrs in ATTRIBUTES.get(op, {"": {}}).items():
            for shape in SHAPES:
                name = kind + "x".join(map(str, shape))
                x = mixed(random_of(op, name), shape, scale=3.0)
                yield OperatorCase(op, name, attrs, {"x": x}, ("x",))
            row = np.array([special], np.float32).reshape(1, 1, -1, 1)
            yield OperatorCase(op, f"{kind}special", attrs, {"x": row}, ("x",), np.ones_like(row))
