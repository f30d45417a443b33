"""Keras' application networks by name, with procedural weights: a new backbone is one line of BACKBONES."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable

import keras
import numpy as np

from precision import precision


@dataclass(frozen=True)
class Backbone:
    """How Keras builds a network, what turns its images' bytes into its input, and sizes of images in pixels."""

    build: Callable
    preprocess: Callable
    size: int = 224  # Keras' own
    small: int = 64  # quick to build, and its layers are joined as at the own size


def application(name: str, preprocess: Callable, **sizes: int) -> tuple[str, Backbone]:
    return name, Backbone(getattr(keras.applications, name), preprocess, **sizes)


def between_minus_one_and_one(pixels: np.ndarray) -> np.ndarray:
    return (pixels / np.float32(127.5) - np.float32(1)).astype(np.float32)


def blue_green_red_without_mean(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)


def unchanged(pixels: np.ndarray) -> np.ndarray:
    return pixels


BACKBONES = dict(
    [
        application("InceptionV3", between_minus_one_and_one, size=299, small=139),
        application("InceptionResNetV2", between_minus_one_and_one, size=299, small=139),
        application("MobileNet", between_minus_one_and_one),
        application("MobileNetV2", between_minus_one_and_one),
        application("NASNetMobile", between_minus_one_and_one, small=224),
        application("NASNetLarge", between_minus_one_and_one, size=331, small=331),
        application("EfficientNetB0", unchanged),
        application("EfficientNetV2B0", unchanged),
        application("Xception", between_minus_one_and_one, size=299, small=96),
        application("ResNet50", blue_green_red_without_mean),
    ]
)

# The cases' camelCase names of Keras' arguments.
KERAS_ARGUMENTS = {
    "inputShape": "input_shape",
    "alpha": "alpha",
    "includeTop": "include_top",
    "pooling": "pooling",
    "classes": "classes",
}


def build_backbone(name: str, config: dict, seed: int) -> keras.Model:
    """The network of the case, of Keras' current float type, with the procedural weights of `seed`."""
    model = build_unassigned(name, config)
    assign_procedural(model, seed)
    return model


def build_unassigned(name: str, config: dict) -> keras.Model:
    arguments = {KERAS_ARGUMENTS[key]: value for key, value in config.items()}
    arguments["input_shape"] = tuple(arguments["input_shape"])
    return BACKBONES[name].build(weights=None, **arguments)


def output_shape(name: str, config: dict) -> tuple[int, ...]:
    """The shape of one image's output. Builds the network when first asked for it."""
    return _output_shape(name, json.dumps(config))


@lru_cache
def _output_shape(name: str, config: str) -> tuple[int, ...]:
    with precision("float32"):
        return tuple(build_unassigned(name, json.loads(config)).output.shape[1:])


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight as "layer/weight", the way Keras' files name it."""
    weights = {}
    for layer in model.layers:
        # Keras' files leave a Normalization layer's mean and variance to the layer itself.
        if isinstance(layer, keras.layers.Normalization):
            continue
        # Not `variables`: those of a Dropout include the state of its random numbers.
        for variable in layer.weights:
            is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and variable.name == "kernel"
            weights[f"{layer.name}/{'depthwise_kernel' if is_depthwise else variable.name}"] = variable
    return weights


def assign_procedural(model: keras.Model, seed: int) -> None:
    for name, variable in named_weights(model).items():
        variable.assign(procedural_weight(name, tuple(variable.shape), seed))


def procedural_weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Float32 values that depend on the name, the seed and the position alone."""
    mask = np.uint64(0xFFFFFFFF)
    digest = 2166136261
    for byte in name.encode():
        digest = (digest ^ byte) * 16777619 & 0xFFFFFFFF
    start = np.uint64((digest ^ (seed * 0x9E3779B9)) & 0xFFFFFFFF)
    z = (start + np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B9)) & mask
    z = (z ^ (z >> np.uint64(16))) * np.uint64(0x85EBCA6B) & mask
    z = (z ^ (z >> np.uint64(13))) * np.uint64(0xC2B2AE35) & mask
    z = z ^ (z >> np.uint64(16))
    u = z.astype(np.float64) / 2.0**32
    return spread(name.rpartition("/")[2], shape, u).reshape(shape).astype(np.float32)


def spread(kind: str, shape: tuple[int, ...], u: np.ndarray) -> np.ndarray:
    """u in [0, 1) to the range that its kind of weight has."""
    match kind:
        case "depthwise_kernel":
            return (2 * u - 1) * np.sqrt(6 / (shape[0] * shape[1]))
        case "kernel" | "pointwise_kernel":
            return (2 * u - 1) * np.sqrt(6 / np.prod(shape[:-1]))
        case "gamma":
            return 0.8 + 0.4 * u
        case "bias" | "beta" | "moving_mean":
            return (2 * u - 1) * 0.1
        case "moving_variance":
            return 0.5 + u
    raise ValueError(f"no procedural values for a weight called {kind}")


# First three and last element with seed 7, as the format's description prints them.
PRINTED = {
    ("Conv1/kernel", (3, 3, 3, 16)): (-0.23489803, 0.40313900, 0.06484131, 0.14564228),
    ("bn_Conv1/moving_variance", (16,)): (1.2552131, 0.7570513, 0.7082931, 1.3049850),
    ("block_6_depthwise/depthwise_kernel", (3, 3, 96, 1)): (0.5520835, -0.5366471, -0.6267487, 0.5818822),
    ("conv2d_7/bias", (5,)): (-0.05601627, 0.00995804, -0.08755172, -0.08462072),
}


def check_procedural() -> None:
    """Raises unless the values are those that every implementation has to give."""
    for (name, shape), printed in PRINTED.items():
        value = procedural_weight(name, shape, 7).reshape(-1)
        if not np.allclose(value[[0, 1, 2, -1]], printed, rtol=0, atol=6e-8 * max(1, np.abs(printed).max())):
            raise ValueError(f"procedural {name} starts {value[:3]} and ends {value[-1]}, expected {printed}")
