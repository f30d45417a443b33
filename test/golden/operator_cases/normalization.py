"""batchNorm (training and inference, 4-D and 2-D, with and without gamma and beta) and softmax."""

import numpy as np

from operator_cases.case import OperatorCase, random_of
from values import mixed


def cases():
    for training in (True, False):
        yield batch_norm("plain", (2, 5, 7, 13), training)
        yield batch_norm("c33", (3, 4, 3, 33), training, epsilon=1e-3, momentum=0.999)
        yield batch_norm("c1", (1, 5, 6, 1), training, epsilon=1e-5, momentum=0.9)
        yield batch_norm("rows", (9, 17), training, momentum=0.9)
        yield batch_norm("no_gamma", (2, 4, 5, 8), training, gamma=False)
        yield batch_norm("no_beta", (1, 6, 5, 5), training, beta=False)
        yield batch_norm("bare", (2, 3, 4, 12), training, gamma=False, beta=False, epsilon=1e-2, momentum=0.5)
        # Means ten times the spread: E[x^2] - E[x]^2 loses its digits here.
        yield batch_norm("offset", (2, 6, 6, 7), training, offset=10.0, momentum=0.9)
        # A channel that is zero throughout, as after a dead ReLU, and one that is constant.
        yield batch_norm("constant", (2, 4, 4, 6), training, constants={1: 0.0, 4: 0.5}, momentum=0.9)
    yield batch_norm("two_rows", (2, 6), True, epsilon=1e-3, momentum=0.99)
    yield batch_norm("many_pixels", (2, 19, 17, 4), True, epsilon=1e-3, momentum=0.9997)
    for shape in ((1, 1), (1, 8), (7, 5), (3, 33), (2, 3, 4, 6)):
        name = "x".join(map(str, shape))
        x = mixed(random_of("softmax", name), shape, scale=2.0)
        yield OperatorCase("softmax", name, {}, {"x": x}, ("x",))
    large = np.array([[80, -80, 0, 79.5], [-80, -80.5, -79, -85], [300, 299, -300, 0]], np.float32)
    yield OperatorCase("softmax", "large", {}, {"x": large}, ("x",))


def batch_norm(
    note, shape, training, gamma=True, beta=True, epsilon=1e-3, momentum=0.99, offset=1.0, constants=None
):
    name = f"{'training' if training else 'inference'}_{note}"
    random = random_of("batchNorm", name)
    channels = shape[-1:]
    x = mixed(random, shape) * np.exp(random.uniform(-1, 1, channels)) + offset * random.uniform(
        -1, 1, channels
    )
    for channel, value in (constants or {}).items():
        x[..., channel] = value
    inputs = {"x": x.astype(np.float32)}
    if gamma:
        inputs["gamma"] = random.uniform(0.5, 1.5, channels).astype(np.float32)
    if beta:
        inputs["beta"] = mixed(random, channels, scale=0.5)
    inputs["movingMean"] = (mixed(random, channels) + offset * 0.5).astype(np.float32)
    inputs["movingVariance"] = random.uniform(0.2, 2.5, channels).astype(np.float32)
    grads = tuple(name for name in ("x", "gamma", "beta") if name in inputs)
    attrs = {"training": training, "epsilon": epsilon, "momentum": momentum}
    return OperatorCase("batchNorm", name, attrs, inputs, grads)
