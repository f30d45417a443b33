"""Whole networks with procedural weights: models/<name>.safetensors.

The reference is Keras in float64. A case asks five times what float32 costs Keras itself, at least 1e-4.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import case_file
import values
from backbones import BACKBONES, build_backbone, check_procedural, named_weights, output_shape
from model_case import ModelCase
from model_cases import CASES
from precision import precision

MARGIN = 5
# Float32 runs that a tolerance is drawn from: the image as it is, then moved by at most one bit an element,
# for one run alone may round luckily.
FLOAT32_RUNS = 4


def write_models(folder: Path, wanted: str) -> None:
    """Writes every case whose name contains `wanted`."""
    check_procedural()
    for case in CASES:
        if wanted in f"models/{case.name}":
            path = folder / f"{case.name}.safetensors"
            print(f"{path.relative_to(folder.parent)}: {write_model(path, case)}", flush=True)


def write_model(path: Path, case: ModelCase) -> str:
    """Computes, measures and writes one case; returns what there is to say about it."""
    tensors = draw_inputs(case)
    reference = Network(case, "float64").run(tensors)
    single = Network(case, "float32")
    error = {name: 0.0 for name in reference}
    for attempt in range(FLOAT32_RUNS):
        moved = {**tensors, "image": jitter(tensors["image"], attempt)}
        once = case_file.relative_errors(single.run(moved), reference)
        error = {name: max(value, once[name]) for name, value in error.items()}
    worst = max(error, key=error.get)
    tolerance = case_file.round_up(max(error[worst] * MARGIN, case.least_tolerance))
    record = {
        "kind": "model",
        "backbone": case.backbone,
        "config": case.config,
        "weights": {"procedural": case.seed},
        "inputs": ["image"],
        "outputs": ["features"],
        "training": case.training,
        "taps": list(case.taps),
        "grads": list(case.grads),
        "tolerance": {"rtol": tolerance, "atol": 1e-7},
        "requires": [],
        "source": f"keras {keras.__version__}, float64; float32 differs by {error[worst]:.1e} ({worst})",
    }
    case_file.write_case(path, record, {**tensors, **reference})
    return f"float32 {error[worst]:.1e} in {worst}, rtol {tolerance:g}, {path.stat().st_size} bytes"


def draw_inputs(case: ModelCase) -> dict[str, np.ndarray]:
    """image [N, H, W, 3], preprocessed, and dfeatures where the case wants gradients."""
    random = values.generator(f"model/{case.name}/{case.stream}")
    pixels = values.waves(random, case.batch, *case.config["inputShape"][:2])
    tensors = {"image": BACKBONES[case.backbone].preprocess(pixels)}
    if case.grads:
        shape = output_shape(case.backbone, case.config)
        # Of one size throughout: the flip of one ReLU near one large value would be the whole gradient.
        tensors["dfeatures"] = random.uniform(-1, 1, (case.batch, *shape)).astype(np.float32)
    return tensors


def jitter(value: np.ndarray, attempt: int) -> np.ndarray:
    """`value` with about half its elements moved to the next float32 up or down; unchanged for attempt 0."""
    if attempt == 0:
        return value
    towards = values.generator(f"jitter/{attempt}").choice(
        [-np.inf, 0.0, np.inf], value.shape, p=[0.25, 0.5, 0.25]
    )
    return np.where(towards == 0, value, np.nextafter(value, towards.astype(np.float32)))


class Network:
    """The case's network, built once by Keras in `dtype`."""

    def __init__(self, case: ModelCase, dtype: str):
        self.case, self.dtype = case, dtype
        with precision(dtype):
            model = build_backbone(case.backbone, case.config, case.seed)
            self.tapped = keras.Model(
                model.input, [model.output, *(model.get_layer(tap).output for tap in case.taps)]
            )
        self.weights = named_weights(model)
        self.initial = {name: variable.numpy() for name, variable in self.weights.items()}

    def run(self, tensors: dict[str, np.ndarray], attempt: int = 0) -> dict[str, np.ndarray]:
        """Features, taps and gradients (as grad/layer/weight).

        An `attempt` other than 0 moves the weights by at most one float32 bit each.
        """
        case, dtype = self.case, self.dtype
        for name, variable in self.weights.items():
            variable.assign(jitter(self.initial[name], attempt))
        with precision(dtype), tf.GradientTape() as tape:
            outputs = self.tapped(tf.constant(tensors["image"], dtype), training=case.training)
            outputs = outputs if isinstance(outputs, list) else [outputs]
        result = {name: output.numpy() for name, output in zip(("features", *case.taps), outputs)}
        if case.grads:
            upstream = tf.constant(tensors["dfeatures"], dtype)
            gradients = tape.gradient(outputs[0], [self.weights[name].value for name in case.grads], upstream)
            result |= {f"grad/{name}": value.numpy() for name, value in zip(case.grads, gradients)}
        if any(value.dtype != dtype for value in result.values()):
            raise TypeError(
                f"{case.name}: asked for {dtype}, got {[value.dtype for value in result.values()]}"
            )
        return result
