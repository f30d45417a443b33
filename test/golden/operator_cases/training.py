"""softmaxCrossEntropy with missing rows and large logits, Adam's update at several steps, RMSprop's."""

import numpy as np

from operator_cases.case import OperatorCase, random_of
from values import mixed, one_hot


def cases():
    yield cross_entropy("n8c6", 8, 6, missing=0.0)
    yield cross_entropy("n8c5_missing", 8, 5, missing=0.5)
    yield cross_entropy("n1c2", 1, 2, missing=0.0)
    yield cross_entropy("n4c10_all_missing", 4, 10, missing=1.1)
    yield cross_entropy("n33c9_missing", 33, 9, missing=0.7)
    yield cross_entropy("n5c33", 5, 33, missing=0.2, upstream=-2.5)
    yield cross_entropy("n6c8_large", 6, 8, missing=0.3, scale=40.0, upstream=0.5)
    yield cross_entropy("n1c5_missing", 1, 5, missing=1.1)
    yield cross_entropy("n3c1000", 3, 1000, missing=0.3)
    extreme = np.array(
        [[80, -80, 0], [-80, 80, 79], [80, 79.5, 79], [-80, -79, -78], [80, -80, -80]], np.float32
    )
    labels = np.eye(3, dtype=np.float32)[[1, 1, 0, 0, 0]]
    labels[4] = 0
    yield OperatorCase(
        "softmaxCrossEntropy",
        "n5c3_extreme",
        {},
        {"logits": extreme, "labels": labels},
        ("logits",),
        np.ones(1, np.float32),
    )
    yield adam("first_step", (7, 5), step=1, fresh=True)
    yield adam("second_step", (3, 3, 4, 6), step=2)
    yield adam("late_step", (33,), step=1000, lr=1e-4)
    yield adam("one_value", (1,), step=1, fresh=True)
    yield adam("large_epsilon", (13, 3), step=5, epsilon=0.1)
    yield adam("other_betas", (6, 9), step=3, lr=0.05, beta1=0.5, beta2=0.9, epsilon=1e-8)
    yield adam("long", (1027,), step=10)
    yield rmsprop("plain", (7, 5))
    yield rmsprop("momentum", (3, 3, 4, 6), momentum=0.9)
    yield rmsprop("other_rho", (33,), lr=0.05, rho=0.5, epsilon=1e-3)
    yield rmsprop("long_momentum", (1027,), momentum=0.5, lr=1e-4)


def cross_entropy(name, rows, classes, missing, scale=1.5, upstream=1.0):
    random = random_of("softmaxCrossEntropy", name)
    logits = mixed(random, (rows, classes), scale)
    labels = one_hot(random, rows, classes, missing)
    # Every second row is answered right, so that both counts of accuracy mean something.
    for row in range(0, rows, 2):
        label, best = labels[row].argmax(), logits[row].argmax()
        logits[row, [label, best]] = logits[row, [best, label]]
    return OperatorCase(
        "softmaxCrossEntropy",
        name,
        {},
        {"logits": logits, "labels": labels},
        ("logits",),
        np.full(1, upstream, np.float32),
    )


def adam(name, shape, step, lr=1e-2, beta1=0.9, beta2=0.999, epsilon=1e-7, fresh=False):
    """Parameters of the update's own size: at a usual size the tolerance would swallow a wrong update."""
    random = random_of("adam", name)
    gradient = mixed(random, shape, 0.1)
    gradient.flat[:1] = 0
    moments = [np.zeros(shape, np.float32)] * 2
    if not fresh:
        moments = [mixed(random, shape, 0.05), mixed(random, shape, 0.05) ** 2]
    attrs = {"step": step, "lr": lr, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    inputs = {"param": mixed(random, shape, lr), "grad": gradient, "m": moments[0], "v": moments[1]}
    if name == "one_value":
        inputs["grad"] = np.array([-3e-4], np.float32)
    return OperatorCase("adam", name, attrs, inputs, tolerance={"rtol": 2e-5, "atol": 1e-9})


def rmsprop(name, shape, lr=1e-2, rho=0.9, momentum=0.0, epsilon=1e-7):
    """Parameters of the update's own size, as Adam's."""
    random = random_of("rmsprop", name)
    inputs = {
        "param": mixed(random, shape, lr),
        "grad": mixed(random, shape, 0.1),
        "velocity": mixed(random, shape, 0.05) ** 2,
    }
    if momentum > 0:
        inputs["momentum"] = mixed(random, shape, lr)
    attrs = {"lr": lr, "rho": rho, "momentum": momentum, "epsilon": epsilon}
    return OperatorCase("rmsprop", name, attrs, inputs, tolerance={"rtol": 2e-5, "atol": 1e-9})
