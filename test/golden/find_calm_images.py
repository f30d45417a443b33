"""Finds images for a model case whose gradients float32 can reproduce: python find_calm_images.py CASE [STREAMS]

Rounding pushes one of a million pre-activations across a ReLU's kink, and the gradients then differ by a percent from
float64's: a wrong implementation would hide in the tolerance that this asks for. So the gradient cases take images on
which Keras in float32, run a few times with image and weights moved by one bit, crosses none. Prints each stream's
worst error; the case's `stream` is set by hand to the calmest.
"""

import dataclasses
import os
import sys

sys.dont_write_bytecode = True
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import case_file
from models import CASES, ModelCase, Network, draw_inputs, jitter

RUNS, GIVE_UP_ABOVE = 8, 1e-3


def worst_error(case: ModelCase, double: Network, single: Network) -> float:
    """The largest relative error of all tensors in RUNS float32 runs, or in the first that is above GIVE_UP_ABOVE."""
    tensors = draw_inputs(case)
    reference = double.run(tensors)
    worst = 0.0
    for attempt in range(RUNS):
        moved = {**tensors, "image": jitter(tensors["image"], attempt)}
        worst = max(worst, *case_file.relative_errors(single.run(moved, attempt), reference).values())
        if worst > GIVE_UP_ABOVE:
            break
    return worst


def main() -> None:
    name, streams = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    case = next(case for case in CASES if case.name == name)
    double, single = Network(case, "float64"), Network(case, "float32")
    for stream in range(streams):
        error = worst_error(dataclasses.replace(case, stream=stream), double, single)
        print(f"{name} stream {stream}: {error:.1e}", flush=True)


if __name__ == "__main__":
    main()
