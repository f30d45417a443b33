"""One golden case is one .safetensors file: writing it, reading it back, and checking what was read.

The metadata has one key, `case`, a JSON string; the tensors are float32. The same inputs give the same bytes.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

# What a case without `tolerance` is held to.
DEFAULT_TOLERANCE = {"rtol": 2e-5, "atol": 1e-6}


def write_case(path: Path, case: dict, tensors: dict[str, np.ndarray]) -> None:
    """Writes `tensors` (rounded to float32) and `case`, reads the file again; raises where it is faulty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {
        name: np.ascontiguousarray(np.asarray(value), dtype=np.float32) for name, value in tensors.items()
    }
    save_file(rounded, path, metadata={"case": json.dumps(case)})
    check_case(path)
    _, again = read_case(path)
    for name, value in rounded.items():
        if not np.array_equal(again[name], value):
            raise ValueError(f"{path}: {name} was not read back as written")


def read_case(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The case and its tensors."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        if list(metadata) != ["case"]:
            raise ValueError(f"{path}: metadata has the keys {list(metadata)}, expected only 'case'")
        return json.loads(metadata["case"]), {name: file.get_tensor(name) for name in file.keys()}


def check_case(path: Path) -> dict:
    """Raises ValueError unless the file holds exactly the finite float32 tensors that its case speaks of.

    Returns the case.
    """
    case, tensors = read_case(path)
    expected = {"op": _operator_tensors, "model": _model_tensors, "training": _training_tensors}[
        case["kind"]
    ](case)
    found = {name for name in tensors if not (case["kind"] == "training" and name.startswith("weights/"))}
    if found != set(expected):
        raise ValueError(f"{path}: tensors that differ from the case's: {sorted(found ^ set(expected))}")
    for name, value in tensors.items():
        if value.dtype != np.float32:
            raise ValueError(f"{path}: {name} is {value.dtype}, expected float32")
        if value.size == 0 or not np.isfinite(value).all():
            raise ValueError(f"{path}: {name} {value.shape} is empty or not finite")
    for name, like in expected.items():
        if like is not None and tensors[name].shape != tensors[like].shape:
            raise ValueError(f"{path}: {name} is {tensors[name].shape}, but {like} is {tensors[like].shape}")
    tolerance = case.get("tolerance", DEFAULT_TOLERANCE)
    if (
        set(tolerance) != {"rtol", "atol"}
        or not 0 < tolerance["rtol"] < 0.1
        or not 0 <= tolerance["atol"] <= 1e-3
    ):
        raise ValueError(f"{path}: tolerance {tolerance}")
    if case["kind"] == "training":
        _check_training_shapes(path, case, tensors)
    return case


def relative_errors(got: dict, want: dict) -> dict[str, float]:
    """Per tensor: the largest difference over the largest magnitude of `want` (over 1 where that is 0)."""
    errors = {}
    for name, value in want.items():
        largest = float(np.max(np.abs(value)))
        difference = float(np.max(np.abs(np.asarray(got[name], np.float64) - np.asarray(value, np.float64))))
        errors[name] = difference / (largest if largest > 0 else 1.0)
    return errors


def round_up(value: float) -> float:
    """`value` rounded up to one significant digit, so that a tolerance reads 3e-04 and not 0.000271828."""
    exponent = int(np.floor(np.log10(value)))
    digit = int(np.ceil(round(value / 10.0**exponent, 9)))
    return float(f"{digit}e{exponent}")


def _operator_tensors(case: dict) -> dict[str, str | None]:
    """Tensor name to the name of the tensor whose shape it must have, or None."""
    expected: dict[str, str | None] = dict.fromkeys([*case["inputs"], *case["outputs"]])
    if case["grads"]:
        expected["d" + case["outputs"][0]] = case["outputs"][0]
    for name in case["grads"]:
        if name[1:] not in case["inputs"]:
            raise ValueError(f"gradient {name} of no input")
        expected[name] = name[1:]
    return expected


def _model_tensors(case: dict) -> dict[str, str | None]:
    expected: dict[str, str | None] = dict.fromkeys(
        [*case["inputs"], *case["outputs"], *case.get("taps", [])]
    )
    if case.get("grads"):
        expected["dfeatures"] = "features"
        expected.update(dict.fromkeys(f"grad/{name}" for name in case["grads"]))
    return expected


def _training_tensors(case: dict) -> dict[str, str | None]:
    return dict.fromkeys(["images", *case["outputs"], *(f"labels/{head}" for head in case["heads"])])


def _check_training_shapes(path: Path, case: dict, tensors: dict[str, np.ndarray]) -> None:
    steps, batch = tensors["images"].shape[:2]
    if steps != case["steps"] or tensors["losses"].shape != (steps,):
        raise ValueError(f"{path}: {case['steps']} steps, images {tensors['images'].shape}")
    if list(tensors["images"].shape[2:]) != case["config"]["inputShape"]:
        raise ValueError(
            f"{path}: images {tensors['images'].shape}, inputShape {case['config']['inputShape']}"
        )
    for head, classes in case["heads"].items():
        labels = tensors[f"labels/{head}"]
        if labels.shape != (steps, batch, classes):
            raise ValueError(f"{path}: labels/{head} is {labels.shape}")
        if not set(np.unique(labels)) <= {0.0, 1.0} or labels.sum(-1).max() > 1:
            raise ValueError(f"{path}: labels/{head} has rows that are neither one-hot nor zero")
