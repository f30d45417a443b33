"""Opens what `weft export` writes in real Keras and compares its predictions with weft's.

    check_export.py [--only NAME] [--weft COMMAND]

A run folder is made of procedural weights for each network below; weft predicts PNG images of the network's
own size, exports the run, and Keras predicts the same pixels with each exported file. The outcome goes to
exports.md beside this script: a network checked anew replaces its row.
"""

import argparse
import csv
import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer
from safetensors.numpy import save_file

import values
from backbones import BACKBONES, build_backbone, named_weights, procedural_weight

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUTCOME = HERE / "exports.md"
TOLERANCE = 1e-4
# Predictions that do not depend on the image would agree whatever the backbone computed.
LEAST_SPREAD = 0.02
# The heads are made so that the images' logits are at most this far from their mean.
LOGIT_SPREAD = 0.3
SEED = 7
IMAGES = 4
IMAGENET_MEANS = [0.485, 0.456, 0.406]
IMAGENET_DEVIATIONS = [0.229, 0.224, 0.225]
HEADS = {"coat_length": 8, "neckline": 10, "skirt_length": 6}


@dataclass(frozen=True)
class Network:
    backbone: str
    size: int
    alpha: float | None = None
    seed: int = SEED

    @property
    def title(self) -> str:
        return self.backbone if self.alpha is None else f"{self.backbone} {self.alpha}"


NETWORKS = [
    Network("MobileNetV2", 96, 0.35),
    Network("MobileNet", 96, 0.5),
    Network("ResNet50", 64),
    Network("EfficientNetB0", 64),
    Network("InceptionV3", 96),
    Network("Xception", 96),
    Network("NASNetMobile", 64),
    Network("InceptionResNetV2", 96),
    Network("NASNetLarge", 96),
    Network("EfficientNetV2B0", 64, seed=23),  # with SEED float32 leaves float64 by 3e-4
]


@dataclass(frozen=True)
class Export:
    """A way to export, and whether the file then has its preprocessing inside."""

    title: str
    arguments: tuple[str, ...]
    ending: str
    takes_bytes: bool = True


EXPORTS = [
    Export(".h5", (), "h5"),
    Export(".keras", (), "keras"),
    Export(".h5 --no-preprocessing", ("--no-preprocessing",), "h5", takes_bytes=False),
    Export(".keras --no-preprocessing", ("--no-preprocessing",), "keras", takes_bytes=False),
]


@dataclass(frozen=True)
class Outcome:
    """The spread of the images' probabilities, and per export the largest difference from weft's."""

    spread: float
    differences: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--weft", default=f"node {shlex.quote(str(ROOT / 'src/cli/weft.mjs'))}")
    options = parser.parse_args()
    rows = recorded_rows()
    has_failed = False
    for network in NETWORKS:
        if options.only not in network.title:
            continue
        outcome = check(network, shlex.split(options.weft))
        has_failed |= max(outcome.differences.values()) > TOLERANCE
        rows[network.title] = row_of(network, outcome)
        print(rows[network.title], flush=True)
        write_outcome(rows)
    sys.exit(1 if has_failed else 0)


def check(network: Network, weft: list[str]) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run, data = folder / "run", folder / "data"
        pixels = values.waves(values.generator(f"export/{network.title}"), IMAGES, network.size, network.size)
        write_run(run, network, pixels)
        write_data(data, pixels)
        answers = folder / "answer.csv"
        call([*weft, "predict", "--model", str(run), "--data", str(data), "--out", str(answers)])
        wanted = read_answers(answers)
        spread = max(float(np.ptp(value, axis=0).max()) for value in wanted.values())
        if spread < LEAST_SPREAD:
            raise ValueError(f"{network.title}: the images' probabilities differ by {spread:.1e} only")
        differences = {}
        for export in EXPORTS:
            path = folder / f"model.{export.ending}"
            call([*weft, "export", "--model", str(run), "--out", str(path), *export.arguments])
            image = pixels if export.takes_bytes else BACKBONES[network.backbone].preprocess(pixels)
            differences[export.title] = largest_difference(predict(path, image), wanted)
        return Outcome(spread, differences)


def call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}: {done.stderr}")


def write_run(folder: Path, network: Network, pixels: np.ndarray) -> None:
    """A run folder as a training leaves it, with procedural weights."""
    folder.mkdir()
    heads = [{"name": name, "classes": classes, "rows": 1} for name, classes in HEADS.items()]
    config = {
        "format": "weft run",
        "version": 1,
        "weft": "0",
        "backbone": network.backbone,
        "alpha": network.alpha,
        "size": network.size,
        "preprocessing": "",
        "heads": heads,
        "training": {"batchSize": IMAGES, "seed": SEED, "phases": "1@0.001", "dropout": 0.5},
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(procedural_weights(network, pixels), folder / "weights.safetensors")


def procedural_weights(network: Network, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """The weights of backbone and heads by "layer/weight"."""
    keras.utils.clear_session()
    config = {"inputShape": [network.size, network.size, 3], "includeTop": False, "pooling": "avg"}
    if network.alpha is not None:
        config["alpha"] = network.alpha
    model = build_backbone(network.backbone, config, network.seed)
    weights = {name: variable.numpy() for name, variable in named_weights(model).items()}
    for layer in model.layers:
        # One with given statistics has no weights.
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            # As in Keras' ImageNet file: deviations for variances, so that the network rescales once more.
            # The model here does not and gets the true variances.
            layer.adapt_mean.assign(IMAGENET_MEANS)
            layer.adapt_variance.assign(np.square(IMAGENET_DEVIATIONS))
            layer.finalize_state()
            weights[f"{layer.name}/mean"] = np.array(IMAGENET_MEANS, np.float32)
            weights[f"{layer.name}/variance"] = np.array(IMAGENET_DEVIATIONS, np.float32)
            weights[f"{layer.name}/count"] = np.zeros((), np.float32)
    features = model.predict(BACKBONES[network.backbone].preprocess(pixels), verbose=0)
    return weights | head_weights(features)


def head_weights(features: np.ndarray) -> dict[str, np.ndarray]:
    """Heads that neither saturate nor say the same of every image."""
    weights = {}
    for name, classes in HEADS.items():
        kernel = procedural_weight(f"{name}/kernel", (features.shape[-1], classes), SEED)
        logits = features.astype(np.float64) @ kernel
        factor = LOGIT_SPREAD / np.abs(logits - logits.mean(axis=0)).max()
        bias = procedural_weight(f"{name}/bias", (classes,), SEED) - logits.mean(axis=0) * factor
        weights[f"{name}/kernel"] = (kernel * factor).astype(np.float32)
        weights[f"{name}/bias"] = bias.astype(np.float32)
    return weights


def write_data(folder: Path, pixels: np.ndarray) -> None:
    """Images [N, size, size, 3], 0..255, as files, and a question about each head of each."""
    (folder / "Images").mkdir(parents=True)
    (folder / "Tests").mkdir()
    questions = []
    for index, image in enumerate(pixels):
        name = f"Images/{index}.png"
        png = tf.io.encode_png(tf.constant(image.astype(np.uint8)))
        (folder / name).write_bytes(png.numpy())
        questions += [f"{name},{head}_labels,?\n" for head in HEADS]
    (folder / "Tests" / "question.csv").write_text("".join(questions))


def read_answers(path: Path) -> dict[str, np.ndarray]:
    """Probabilities [N, classes] of each head."""
    answers = {name: [] for name in HEADS}
    with path.open(newline="") as file:
        for _, attribute, probabilities in csv.reader(file):
            row = [float(one) for one in probabilities.split(";")]
            answers[attribute.removesuffix("_labels")].append(row)
    return {name: np.array(rows) for name, rows in answers.items()}


def predict(path: Path, image: np.ndarray) -> dict[str, np.ndarray]:
    keras.utils.clear_session()
    custom = {"CustomScaleLayer": CustomScaleLayer}
    model = keras.models.load_model(path, custom_objects=custom, compile=False)
    if list(model.output_names) != list(HEADS):
        raise ValueError(f"{path.name}: outputs {model.output_names}, expected {list(HEADS)}")
    return dict(zip(HEADS, model.predict(image, verbose=0)))


def largest_difference(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> float:
    return max(float(np.abs(got[name] - value).max()) for name, value in want.items())


def row_of(network: Network, outcome: Outcome) -> str:
    cells = [network.title, str(network.size), f"{outcome.spread:.2f}"]
    cells += [f"{outcome.differences[export.title]:.1e}" for export in EXPORTS]
    cells += [keras.__version__, tf.__version__]
    return f"| {' | '.join(cells)} |"


def recorded_rows() -> dict[str, str]:
    """Rows of the record by network."""
    lines = OUTCOME.read_text().splitlines() if OUTCOME.exists() else []
    titles = [network.title for network in NETWORKS]
    cells = {line: line.split("|")[1].strip() for line in lines if line.startswith("| ")}
    return {title: line for line, title in cells.items() if title in titles}


def write_outcome(rows: dict[str, str]) -> None:
    exports = [f"`{export.title}`" for export in EXPORTS]
    header = ["network", "pixels", "spread", *exports, "Keras", "TensorFlow"]
    table = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    table += [rows[network.title] for network in NETWORKS if network.title in rows]
    classes = ", ".join(str(count) for count in HEADS.values())
    OUTCOME.write_text(
        "# Exported models in real Keras\n\n"
        "Written by `check_export.py`: the largest difference between a probability that weft predicts and\n"
        "the one that Keras predicts with the exported file.\n"
        f"Allowed: {TOLERANCE:g}. Procedural weights, seed {SEED}; {IMAGES} images; heads of {classes} classes.\n"
        "Spread: the largest difference between the images' probabilities of one class.\n\n" + "\n".join(table) + "\n"
    )


if __name__ == "__main__":
    main()
