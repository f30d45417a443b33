"""Short trainings of a backbone with softmax heads: trainings/<name>.safetensors.

The loop is TensorFlow's, the optimizer Keras' own, all in float64. The tolerance is five times what the
same loop in float32 differs by, at least 1e-4.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import case_file
import values
from backbones import BACKBONES, assign_procedural, build_backbone, check_procedural, named_weights
from model_case import LEAST_TOLERANCE
from models import MARGIN, jitter
from precision import precision

# More than for a model: of twelve runs of one case, some left the others' common path threefold.
FLOAT32_RUNS = 12


@dataclass(frozen=True)
class TrainingCase:
    """`missing` is the share of rows without a label; `weights` names those kept after the last step.

    The steps go round `batches` different batches: on ever new images the updates change the losses as
    randomly as rounding does, on those seen before they lower them.
    `stream` numbers the drawn images and labels: find_calm_images.py says which to take.
    """

    name: str
    backbone: str
    config: dict
    heads: dict[str, int]
    steps: int
    batch: int
    optimizer: dict
    missing: float
    seed: int = 7
    stream: int = 0
    batches: int = 2
    weights: tuple[str, ...] = ()


def mobilenet_v2(name, height, width, **rest):
    config = {"inputShape": [height, width, 3], "alpha": 0.35, "includeTop": False, "pooling": "avg"}
    return TrainingCase(f"mobilenet_v2_{name}", "MobileNetV2", config, **rest)


CASES = [
    mobilenet_v2(
        "035_40x48_adam",
        40,
        48,
        heads={"coat_length": 8, "skirt_length": 6},
        steps=4,
        batch=8,
        optimizer={"name": "adam", "lr": 1e-4},
        missing=0.3,
    ),
    mobilenet_v2(
        "035_48x64_adam_four_heads",
        48,
        64,
        heads={"sleeve_length": 9, "neckline_design": 10, "collar_design": 5, "pant_length": 6},
        steps=3,
        batch=8,
        optimizer={"name": "adam", "lr": 1e-4},
        missing=0.6,
        seed=3,
        stream=1,
    ),
    mobilenet_v2(
        "035_48_sgd",
        48,
        48,
        heads={"lapel_design": 5, "neck_design": 5, "coat_length": 8},
        steps=3,
        batch=8,
        optimizer={"name": "sgd", "lr": 2e-6, "momentum": 0.9},
        missing=0.3,
        seed=11,
        stream=4,
    ),
    # One large step, so that the kept weights move by far more than the tolerance: late ones, for early
    # gradients depend on rounding too much. The moving statistics barely move at MobileNetV2's momentum of
    # 0.999: another one would show.
    mobilenet_v2(
        "035_48_sgd_weights",
        48,
        48,
        heads={"neck_design": 5, "coat_length": 8},
        steps=1,
        batch=8,
        optimizer={"name": "sgd", "lr": 1e-2, "momentum": 0.9},
        missing=0.4,
        seed=5,
        weights=(
            "bn_Conv1/moving_mean",
            "bn_Conv1/moving_variance",
            "Conv_1_bn/moving_mean",
            "Conv_1_bn/gamma",
            "Conv_1_bn/beta",
            "neck_design/kernel",
            "neck_design/bias",
            "coat_length/kernel",
        ),
    ),
]


def write_trainings(folder: Path, wanted: str) -> None:
    """Writes every case whose name contains `wanted`."""
    check_procedural()
    for case in CASES:
        if wanted in f"trainings/{case.name}":
            path = folder / f"{case.name}.safetensors"
            print(f"{path.relative_to(folder.parent)}: {write_training(path, case)}", flush=True)


def write_training(path: Path, case: TrainingCase) -> str:
    """Computes, measures and writes one case; returns what there is to say about it."""
    data = draw_batches(case)
    double, single = Training(case, "float64"), Training(case, "float32")
    reference = double.run(data)
    # How much of it all the updates did: what a tolerance has to stay well below.
    effect = case_file.relative_errors(double.run(data, learning_rate=0.0), reference)
    error = {name: 0.0 for name in reference}
    for attempt in range(FLOAT32_RUNS):
        moved = {**data, "images": jitter(data["images"], attempt)}
        once = case_file.relative_errors(single.run(moved), reference)
        error = {name: max(value, once[name]) for name, value in error.items()}
    worst = max(error, key=error.get)
    tolerance = case_file.round_up(max(error[worst] * MARGIN, LEAST_TOLERANCE))
    moved_most = max(effect, key=effect.get)
    if tolerance > effect[moved_most] / 3:
        raise ValueError(
            f"{case.name}: tolerance {tolerance} hides updates that move {moved_most} by {effect}"
        )
    remark = f"float32 differs by {error[worst]:.1e} ({worst}), the updates moved {moved_most} by "
    remark += f"{effect[moved_most]:.1e}"
    record = {
        "kind": "training",
        "backbone": case.backbone,
        "config": case.config,
        "weights": {"procedural": case.seed},
        "heads": case.heads,
        "steps": case.steps,
        "optimizer": case.optimizer,
        "dropout": 0,
        "outputs": ["losses"],
        "tolerance": {"rtol": tolerance, "atol": 1e-7},
        "requires": [],
        "source": f"keras {keras.__version__}, float64; keras in {remark}",
    }
    case_file.write_case(path, record, {**data, **reference})
    losses = " ".join(f"{loss:.4f}" for loss in reference["losses"])
    return f"{remark}, rtol {tolerance:g}, {path.stat().st_size} bytes, losses {losses}"


def draw_batches(case: TrainingCase) -> dict[str, np.ndarray]:
    """images [steps, N, H, W, 3] preprocessed, labels/<head> [steps, N, classes]."""
    random = values.generator(f"training/{case.name}/{case.stream}")
    height, width, _ = case.config["inputShape"]
    count, turns = case.batches * case.batch, np.arange(case.steps) % case.batches
    images = BACKBONES[case.backbone].preprocess(values.waves(random, count, height, width))
    data = {"images": images.reshape(case.batches, case.batch, height, width, 3)[turns]}
    for head, classes in case.heads.items():
        labels = values.one_hot(random, count, classes, case.missing)
        data[f"labels/{head}"] = labels.reshape(case.batches, case.batch, classes)[turns]
    return data


def multi_task_model(case: TrainingCase) -> keras.Model:
    """Backbone and one dense layer a head, which gives logits: the softmax is the loss's."""
    backbone = build_backbone(case.backbone, case.config, case.seed)
    logits = [keras.layers.Dense(classes, name=head)(backbone.output) for head, classes in case.heads.items()]
    model = keras.Model(backbone.input, logits)
    assign_procedural(model, case.seed)
    return model


def make_optimizer(settings: dict) -> keras.optimizers.Optimizer:
    match settings["name"]:
        case "adam":
            return keras.optimizers.Adam(settings["lr"])
        case "sgd":
            return keras.optimizers.SGD(settings["lr"], momentum=settings["momentum"])
    raise ValueError(f"no optimizer {settings['name']}")


class Training:
    """The case's model and optimizer in `dtype`, built once; every run starts anew."""

    def __init__(self, case: TrainingCase, dtype: str):
        self.case, self.dtype = case, dtype
        with precision(dtype):
            self.model = multi_task_model(case)
            self.optimizer = make_optimizer(case.optimizer)
            self.optimizer.build(self.model.trainable_variables)
        self.variables = [*self.model.variables, *self.optimizer.variables]
        self.initial = [variable.numpy() for variable in self.variables]
        self.step = tf.function(self.take_step)

    def run(self, data: dict[str, np.ndarray], learning_rate: float | None = None) -> dict[str, np.ndarray]:
        """Losses of each step before its update, and the kept weights after the last."""
        with precision(self.dtype):
            for variable, value in zip(self.variables, self.initial):
                variable.assign(value)
            if learning_rate is not None:
                self.optimizer.learning_rate.assign(learning_rate)
            losses = []
            for step in range(self.case.steps):
                images = tf.constant(data["images"][step], self.dtype)
                labels = [tf.constant(data[f"labels/{head}"][step], self.dtype) for head in self.case.heads]
                losses.append(self.step(images, labels).numpy())
        weights = named_weights(self.model)
        kept = {f"weights/{name}": weights[name].numpy() for name in self.case.weights}
        return {"losses": np.array(losses), **kept}

    def take_step(self, images, labels):
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            loss = tf.add_n([masked_loss(*pair) for pair in zip(logits, labels)])
        gradients = tape.gradient(loss, [variable.value for variable in self.model.trainable_variables])
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss


def masked_loss(logits, labels):
    """Mean over all rows; a row without a label adds neither loss nor, by the true derivative, gradient."""
    return tf.reduce_mean(-tf.reduce_sum(labels * tf.nn.log_softmax(logits), -1))
