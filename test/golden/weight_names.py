"""What Keras calls its networks' weights: test/models/keras_weight_names.json.

Per network, with and without its top: how many weights, how many parameters, and the SHA-256 of their
lines "layer/weight [3,3,3,32]", each ended by a newline, in the order in which Keras makes the layers.
`layers` is the same of the layers with the top, "Conv2D conv1 [112,112,32]", without the input.
`maps` says what the network without its top makes of images of some sizes: "224x224" becomes "7x7x1280".
`--list NAME` prints the lines of the weights, `--list NAME --layers` those of the layers.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

from backbones import BACKBONES

OUT = Path(__file__).parents[1] / "models" / "keras_weight_names.json"


def layers_in_order(name: str, include_top: bool) -> list[keras.layers.Layer]:
    """The network's layers as they are called first; `model.layers` is sorted by depth instead."""
    called = {}
    call = keras.layers.Layer.__call__

    def remember(layer, *args, **kwargs):
        called.setdefault(id(layer), layer)
        return call(layer, *args, **kwargs)

    keras.utils.clear_session()
    # The size has to be said: for images of unknown size Keras joins the cells of NASNet otherwise.
    size = BACKBONES[name].size
    with mock.patch.object(keras.layers.Layer, "__call__", remember):
        model = BACKBONES[name].build(weights=None, include_top=include_top, input_shape=(size, size, 3))
    ordered = [layer for layer in called.values() if not isinstance(layer, keras.layers.InputLayer)]
    if sum(layer.count_params() for layer in ordered) != model.count_params():
        raise ValueError(f"{name}: the layers seen do not make up the model")
    return ordered


def weight_lines(layers: list[keras.layers.Layer]) -> list[str]:
    lines = []
    for layer in layers:
        for variable in layer.weights:
            is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and variable.name == "kernel"
            weight = "depthwise_kernel" if is_depthwise else variable.name
            lines.append(f"{layer.name}/{weight} [{','.join(map(str, variable.shape))}]")
    return lines


def layer_lines(layers: list[keras.layers.Layer]) -> list[str]:
    return [
        f"{type(layer).__name__} {layer.name} [{','.join(map(str, layer.output.shape[1:]))}]"
        for layer in layers
    ]


def digest(lines: list[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def facts(name: str, include_top: bool) -> dict:
    layers = layers_in_order(name, include_top)
    lines = weight_lines(layers)
    return {
        "weights": len(lines),
        "parameters": sum(layer.count_params() for layer in layers),
        "sha256": digest(lines),
    }


def maps(name: str) -> dict[str, str]:
    size = BACKBONES[name].size
    found = {}
    for height, width in [(size, size), (100, 139), (33, 50)]:
        keras.utils.clear_session()
        try:
            model = BACKBONES[name].build(weights=None, include_top=False, input_shape=(height, width, 3))
        except ValueError:  # smaller than the network takes
            continue
        found[f"{height}x{width}"] = "x".join(map(str, model.output.shape[1:]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", choices=BACKBONES, help="print this network's lines and write nothing")
    parser.add_argument("--no-top", action="store_true", help="list those without the top")
    parser.add_argument("--layers", action="store_true", help="list the layers instead of the weights")
    options = parser.parse_args()
    if options.list:
        layers = layers_in_order(options.list, not options.no_top)
        print("\n".join(layer_lines(layers) if options.layers else weight_lines(layers)))
        return
    networks = {}
    for name in BACKBONES:
        lines = layer_lines(layers_in_order(name, True))
        networks[name] = {
            "withTop": facts(name, True),
            "withoutTop": facts(name, False),
            "layers": {"count": len(lines), "sha256": digest(lines)},
            "maps": maps(name),
        }
        print(name, networks[name]["withoutTop"]["parameters"], flush=True)
    OUT.write_text(json.dumps(networks, indent=2) + "\n")


if __name__ == "__main__":
    main()
