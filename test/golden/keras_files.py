"""Files as real Keras writes them, for the tests of reading weights: test/golden/keras_files/.

Each is described by a JSON file: which weights are in it (their values are the procedural ones, see backbones.py),
an image, and what Keras computes of it. `--all FOLDER` writes the nine networks of keras.applications in three forms,
with a top and with heads, some 6 GB; `WEFT_KERAS_FILES=FOLDER npx vitest run test/training/keras_files.test.ts` reads
them, network by network where `--only NAME` leaves the others out.
"""

import argparse
import base64
import json
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from keras.src.legacy.saving import legacy_h5_format  # noqa: E402

from backbones import BACKBONES, between_minus_one_and_one, procedural_weight  # noqa: E402
from values import generator, waves  # noqa: E402

OUT = Path(__file__).parent / "keras_files"
SEED = 7
HEADS = {"coat_length": 8, "collar_design": 5}

# Networks whose images the model itself brings from 0..255 to -1..1, as the reference's models do.
RESCALED = {name for name, one in BACKBONES.items() if one.preprocess is between_minus_one_and_one}
NUMBERED = {
    layers.Conv2D: "conv2d",
    layers.DepthwiseConv2D: "depthwise_conv2d",
    layers.SeparableConv2D: "separable_conv2d",
    layers.Dense: "dense",
    layers.BatchNormalization: "batch_normalization",
    layers.Normalization: "normalization",
}
# Procedural values of a Normalization layer: its input stays as it is.
NORMALIZATION = {"mean": 0, "variance": 1, "count": 0}


def use_up_names(count: int) -> None:
    """Auto-named layers then start at this number, as in a session that has built other networks."""
    keras.utils.clear_session()
    for layer in NUMBERED:
        for _ in range(count):
            if layer in (layers.Conv2D, layers.SeparableConv2D):
                layer(1, 1)
            elif layer is layers.DepthwiseConv2D:
                layer(1)
            elif layer is layers.Dense:
                layer(1)
            else:
                layer()


def weighted_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights, those of nested models included."""
    found = []
    for layer in model.layers:
        found += weighted_layers(layer) if isinstance(layer, keras.Model) else [layer] if layer.weights else []
    return found


def named_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight as "layer/weight"; auto-named layers are numbered from 0 per class."""
    found = weighted_layers(model)
    names = {layer.name: layer.name for layer in found}
    for kind, prefix in NUMBERED.items():
        numbers = {}
        for layer in found:
            match = re.fullmatch(rf"{prefix}(?:_(\d+))?", layer.name)
            if match and type(layer) is kind:
                numbers[layer.name] = int(match[1] or 0)
        for index, name in enumerate(sorted(numbers, key=numbers.get)):
            names[name] = f"{prefix}_{index}" if index > 0 else prefix
    variables = {}
    for layer in found:
        for variable in layer.weights:
            is_depthwise = isinstance(layer, layers.DepthwiseConv2D) and variable.name == "kernel"
            weight = "depthwise_kernel" if is_depthwise else variable.name
            variables[f"{names[layer.name]}/{weight}"] = variable
    return variables


def assign(model: keras.Model) -> dict[str, list[int]]:
    """Gives every weight its procedural values. Returns their shapes by name."""
    shapes = {}
    for name, variable in named_variables(model).items():
        shape = tuple(variable.shape)
        own = name.rpartition("/")[2]
        if own in NORMALIZATION:
            variable.assign(np.full(shape, NORMALIZATION[own], variable.dtype))
        else:
            variable.assign(procedural_weight(name, shape, SEED))
        shapes[name] = list(shape)
    for layer in weighted_layers(model):
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()
    return shapes


def with_heads(name: str, size: int, alpha: float | None = None) -> tuple[keras.Model, keras.Model]:
    """The reference's kind of model, the network nested in it, and the network itself."""
    width = {} if alpha is None else {"alpha": alpha}
    network = BACKBONES[name].build(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3), **width
    )
    image = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 127.5, -1)(image) if name in RESCALED else image
    x = layers.Dropout(0.5)(network(x))
    outputs = [layers.Dense(classes, activation="softmax", name=head)(x) for head, classes in HEADS.items()]
    return keras.Model(image, outputs), network


def describe(name: str, size: int, alpha: float | None, pixels: np.ndarray) -> dict:
    facts = {"network": name, "size": size, "seed": SEED}
    if alpha is not None:
        facts["alpha"] = alpha
    return facts | {"image": base64.b64encode(pixels.astype(np.uint8).tobytes()).decode()}


def rounded(values) -> list[float]:
    return [float(f"{value:.8g}") for value in np.asarray(values).ravel()]


def write_heads(folder: Path, stem: str, name: str, size: int, alpha: float | None, forms: list[str]) -> None:
    use_up_names(3)
    model, network = with_heads(name, size, alpha)
    shapes = assign(model)
    pixels = waves(generator(f"keras files {name}"), 1, size, size)
    inside = BACKBONES[name].preprocess(pixels)
    outputs = model(pixels if name in RESCALED else inside, training=False)
    facts = describe(name, size, alpha, pixels) | {
        "heads": {head: rounded(output) for head, output in zip(HEADS, outputs)},
        "features": rounded(network(inside, training=False)),
        "weights": shapes,
    }
    save(model, folder, stem, forms, facts)


def write_top(folder: Path, name: str, size: int, forms: list[str]) -> None:
    use_up_names(5)
    model = BACKBONES[name].build(weights=None, input_shape=(size, size, 3))
    shapes = assign(model)
    pixels = waves(generator(f"keras files {name}"), 1, size, size)
    facts = describe(name, size, None, pixels) | {
        "probabilities": rounded(model(BACKBONES[name].preprocess(pixels), training=False)),
        "weights": shapes,
    }
    save(model, folder, f"{name}_top", forms, facts)


def save(model: keras.Model, folder: Path, stem: str, forms: list[str], facts: dict) -> None:
    files = [f"{stem}{form}" for form in forms]
    for path, form in zip([folder / file for file in files], forms):
        if form == ".weights.h5":
            model.save_weights(path)
        elif form == "_legacy_weights.h5":
            with h5py.File(path, "w") as file:
                legacy_h5_format.save_weights_to_hdf5_group(file, model)
        else:
            model.save(path)
    (folder / f"{stem}.json").write_text(json.dumps({"files": files} | facts) + "\n")
    print(stem, *(os.path.getsize(folder / file) for file in files), flush=True)


def write_every_kind(folder: Path) -> None:
    """A small model, trained for a step, with every kind of layer that has weights in keras.applications."""
    use_up_names(2)
    image = keras.Input((16, 16, 3))
    x = layers.Normalization(name="own_normalization")(layers.Normalization()(image))
    x = layers.BatchNormalization(scale=False)(layers.Conv2D(4, 3, use_bias=False)(x))
    x = layers.BatchNormalization(center=False, name="no_beta")(layers.Conv2D(4, 1, name="own_conv")(x))
    x = layers.SeparableConv2D(5, 3, name="own_separable")(layers.SeparableConv2D(4, 3, use_bias=False)(x))
    x = layers.DepthwiseConv2D(3, name="own_depthwise")(layers.DepthwiseConv2D(3)(x))
    frozen = layers.BatchNormalization(name="frozen", trainable=False)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(frozen(x)))
    x = keras.Sequential([layers.Dense(7), layers.Dense(6, name="own_dense")], name="nested")(x)
    model = keras.Model(image, [layers.Dense(3, activation="softmax", name=head)(x) for head in HEADS])
    model.compile("adam", loss="categorical_crossentropy")
    model.fit(np.zeros((2, 16, 16, 3)), [np.eye(3)[:2]] * len(HEADS), verbose=0)
    facts = {"seed": SEED, "weights": assign(model)}
    save(model, folder, "every_kind", [".h5", ".weights.h5", ".keras", "_legacy_weights.h5"], facts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="write all nine networks there instead")
    parser.add_argument("--only", choices=BACKBONES, metavar="NAME", help="of --all one network")
    options = parser.parse_args()
    if options.all is None:
        OUT.mkdir(exist_ok=True)
        write_every_kind(OUT)
        write_heads(OUT, "mobilenet_v2_heads", "MobileNetV2", 32, 0.35, [".h5", ".keras"])
        return
    options.all.mkdir(parents=True, exist_ok=True)
    for name in [options.only] if options.only else BACKBONES:
        forms = [".h5", ".weights.h5", ".keras"]
        write_heads(options.all, f"{name}_heads", name, BACKBONES[name].small, None, forms)
        write_top(options.all, name, BACKBONES[name].small, [*forms, "_legacy_weights.h5"])


if __name__ == "__main__":
    main()
