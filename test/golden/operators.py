"""Computes the operator cases and writes them to ops/<op>/<name>.safetensors.

References are float64, started from inputs rounded to float32. Where TensorFlow or Keras has the operator
ready-made (direct.py), that is the reference, and the composed form (composed.py) must agree; elsewhere
the composed form is the reference.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import tensorflow as tf

import case_file
import direct
import values
from composed import COMPOSED
from operator_cases import all_cases
from operator_cases.case import OperatorCase
from precision import precision

# float64 against float64; and float64 against an operator that computes in float32 whatever it is given.
AGREEMENT, AGREEMENT_FLOAT32 = 1e-11, 1e-4
# A case asks at least this many times what float32 costs the composed form.
MARGIN = 5


def write_operators(folder: Path, wanted: str) -> Counter:
    """Writes every case whose "op/name" contains `wanted`; returns the number of cases per operator."""
    counts: Counter = Counter()
    seen = set()
    for case in all_cases():
        path = folder / case.op / f"{case.name}.safetensors"
        if path in seen:
            raise ValueError(f"two cases are called {case.op}/{case.name}")
        seen.add(path)
        if wanted in f"ops/{case.op}/{case.name}":
            line = write_operator(path, case)
            counts[case.op] += 1
            print(f"{path.relative_to(folder.parent)}: {line}", flush=True)
    return counts


def write_operator(path: Path, case: OperatorCase) -> str:
    """Computes, cross-checks and writes one case; returns what there is to say about it."""
    composed = evaluate(COMPOSED[case.op], case, tf.float64)
    reference, source = choose_reference(case, composed)
    error = max(case_file.relative_errors(evaluate(COMPOSED[case.op], case, tf.float32), reference).values())
    outputs = [name for name in reference if not is_gradient(name, case)]
    record = {
        "kind": "op",
        "op": case.op,
        "attrs": case.attrs,
        "inputs": list(case.inputs),
        "outputs": outputs,
        "grads": ["d" + name for name in case.grads],
        "requires": [],
        "source": f"{source}, float64; float32 costs {error:.1e}",
    }
    tolerance = dict(case.tolerance or case_file.DEFAULT_TOLERANCE)
    if error * MARGIN > tolerance["rtol"]:
        tolerance["rtol"] = case_file.round_up(error * MARGIN)
    if tolerance != case_file.DEFAULT_TOLERANCE:
        record["tolerance"] = tolerance
    tensors = {**case.inputs, **reference}
    if case.grads:
        tensors["d" + outputs[0]] = upstream_of(case, reference[outputs[0]].shape)
    case_file.write_case(path, record, tensors)
    return f"{source}, float32 {error:.1e}, rtol {tolerance['rtol']:g}, {path.stat().st_size} bytes"


def is_gradient(name: str, case: OperatorCase) -> bool:
    return name[0] == "d" and name[1:] in case.grads


def choose_reference(
    case: OperatorCase, composed: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], str]:
    """The reference and where it comes from. Raises where ready-made and composed operator differ."""
    version = f"tensorflow {tf.__version__}"
    try:
        with precision("float64"):
            native = evaluate(direct.DIRECT[case.op], case, tf.float64)
    except direct.Unsupported as reason:
        return composed, f"{version}, composed ({reason})"
    rounded = case.op in direct.FLOAT32_ONLY
    errors = case_file.relative_errors(native, composed)
    if max(errors.values()) > (AGREEMENT_FLOAT32 if rounded else AGREEMENT):
        raise ValueError(f"{case.op}/{case.name}: composed and ready-made operator differ: {errors}")
    if rounded:
        return composed, f"{version}, composed, checked against the operator itself in float32"
    return native, f"{version}, the operator itself"


def evaluate(function, case: OperatorCase, dtype) -> dict[str, np.ndarray]:
    """Outputs of `function` and, as d + name, the gradients that the case keeps."""
    grads = case.grads
    inputs = {name: tf.constant(value, dtype) for name, value in case.inputs.items()}
    with tf.GradientTape() as tape:
        for name in grads:
            tape.watch(inputs[name])
        outputs = function(inputs, case.attrs)
    result = {name: value.numpy() for name, value in outputs.items()}
    if grads:
        differentiable = next(iter(outputs))
        upstream = tf.constant(upstream_of(case, outputs[differentiable].shape), dtype)
        with_respect_to = [inputs[name] for name in grads]
        gradients = tape.gradient(outputs[differentiable], with_respect_to, output_gradients=upstream)
        result.update(
            {f"d{name}": tf.convert_to_tensor(value).numpy() for name, value in zip(grads, gradients)}
        )
    return result


def upstream_of(case: OperatorCase, shape) -> np.ndarray:
    """The gradient from above: the case's own or mixed random values."""
    if case.upstream is not None:
        return case.upstream
    return values.mixed(values.generator(f"upstream/{case.op}/{case.name}"), tuple(shape))
