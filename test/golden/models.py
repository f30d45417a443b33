"""Whole networks with procedural weights: models/<name>.safetensors.

The reference is Keras in float64. A case asks five times what float32 costs Keras itself, at least 1e-4.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import case_file
import values
from backbones import BACKBONES, build_backbone, check_procedural, named_weights
from precision import precision

MARGIN, LEAST_TOLERANCE = 5, 1e-4
# Float32 runs that a tolerance is drawn from: the image as it is, then moved by at most one bit an element,
# for one run alone may round luckily.
FLOAT32_RUNS = 4


@dataclass(frozen=True)
class ModelCase:
    """A network, what it is fed and what is kept of it. `grads` names weights as "layer/weight".

    `stream` numbers the drawn images and upstream gradient: find_calm_images.py says which to take.
    """

    name: str
    backbone: str
    config: dict
    seed: int = 7
    stream: int = 0
    batch: int = 1
    training: bool = False
    taps: tuple[str, ...] = ()
    grads: tuple[str, ...] = ()
    least_tolerance: float = LEAST_TOLERANCE


def mobilenet_v2(name, height, width, alpha, pooling="avg", classes=None, **rest):
    config = {"inputShape": [height, width, 3], "alpha": alpha}
    config |= (
        {"includeTop": False, "pooling": pooling}
        if classes is None
        else {"includeTop": True, "classes": classes}
    )
    return ModelCase(f"mobilenet_v2_{name}", "MobileNetV2", config, **rest)


# A first, some middle and a last weight of each kind.
MOBILENET_V2_GRADS = (
    "Conv1/kernel",
    "bn_Conv1/gamma",
    "bn_Conv1/beta",
    "expanded_conv_depthwise/depthwise_kernel",
    "block_1_depthwise/depthwise_kernel",
    "block_3_expand/kernel",
    "block_6_depthwise_BN/gamma",
    "block_8_project/kernel",
    "block_13_depthwise/depthwise_kernel",
    "block_16_depthwise_BN/beta",
    "Conv_1_bn/gamma",
)

CASES = [
    mobilenet_v2(
        "035_96", 96, 96, 0.35, batch=2, taps=("block_3_depthwise_BN", "block_6_project_BN", "block_12_add")
    ),
    mobilenet_v2(
        "035_64_grads", 64, 64, 0.35, batch=2, seed=11, grads=(*MOBILENET_V2_GRADS, "Conv_1_bn/beta")
    ),
    mobilenet_v2("050_64x96_max", 64, 96, 0.5, "max", seed=3, taps=("block_2_add", "block_9_depthwise_relu")),
    mobilenet_v2("100_64_map", 64, 64, 1.0, None, taps=("block_13_expand_relu", "block_16_project_BN")),
    mobilenet_v2("100_48x80_grads", 48, 80, 1.0, None, seed=23, grads=MOBILENET_V2_GRADS),
    mobilenet_v2("140_32", 32, 32, 1.4, batch=3, seed=5, taps=("expanded_conv_project_BN", "block_15_add")),
    mobilenet_v2("075_45x71_odd", 45, 71, 0.75, batch=2, seed=2**31 + 9, taps=("block_6_pad", "block_5_add")),
    mobilenet_v2(
        "035_64_top10_grads",
        64,
        64,
        0.35,
        classes=10,
        batch=3,
        stream=2,
        grads=("Conv1/kernel", "block_10_expand_BN/gamma", "predictions/kernel", "predictions/bias"),
    ),
    mobilenet_v2("100_96_top1000", 96, 96, 1.0, classes=1000, batch=2, seed=1),
    mobilenet_v2(
        "035_64_training",
        64,
        64,
        0.35,
        batch=4,
        training=True,
        taps=("block_2_add", "block_5_depthwise_relu"),
    ),
    mobilenet_v2(
        "035_64_training_grads",
        64,
        64,
        0.35,
        batch=4,
        stream=10,
        training=True,
        grads=MOBILENET_V2_GRADS,
        least_tolerance=1e-3,
    ),
    mobilenet_v2(
        "050_64_training_grads",
        64,
        64,
        0.5,
        batch=4,
        seed=13,
        stream=81,
        training=True,
        grads=(
            "Conv1/kernel",
            "block_2_depthwise/depthwise_kernel",
            "block_11_project/kernel",
            "Conv_1_bn/beta",
        ),
        least_tolerance=1e-3,
    ),
    mobilenet_v2("050_64x96_training", 64, 96, 0.5, "max", batch=4, seed=19, training=True),
]


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
        with precision("float32"):
            shape = build_backbone(case.backbone, case.config, case.seed).output.shape[1:]
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
