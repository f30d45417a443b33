"""Computes weft's golden set with TensorFlow and Keras. See README.md.

python generate.py                 every case
python generate.py --only conv2d   the cases whose path contains "conv2d"
python generate.py --check         only reads and checks the files that are there
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

FOLDER = Path(__file__).resolve().parent
MAX_TOTAL_BYTES = 18_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Computes weft's golden set with TensorFlow and Keras.")
    parser.add_argument(
        "--only", default="", help="cases whose path contains this (e.g. ops/conv2d, models/)"
    )
    parser.add_argument(
        "--check", action="store_true", help="read and check the files that are there, compute none"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to (default: this one)")
    arguments = parser.parse_args()
    if not arguments.check:
        compute(arguments.out, arguments.only)
    check(arguments.out)


def compute(folder: Path, wanted: str) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from models import write_models
    from operators import write_operators
    from trainings import write_trainings

    write_operators(folder / "ops", wanted)
    write_models(folder / "models", wanted)
    write_trainings(folder / "trainings", wanted)


def check(folder: Path) -> None:
    """Reads every file again; prints the number and size of each kind's cases."""
    from case_file import check_case

    counts: Counter = Counter()
    sizes: Counter = Counter()
    with_gradients = 0
    for path in sorted(folder.rglob("*.safetensors")):
        case = check_case(path)
        group = f"op {case['op']}" if case["kind"] == "op" else f"{case['kind']} {case['backbone']}"
        counts[group] += 1
        sizes[group] += path.stat().st_size
        with_gradients += bool(case.get("grads"))
    for group, count in sorted(counts.items()):
        print(f"{group:32} {count:4} cases {sizes[group] / 1000:9.1f} kB")
    total = sizes.total()
    print(f"{counts.total()} cases, {with_gradients} with gradients, {total / 1e6:.2f} MB")
    if total > MAX_TOTAL_BYTES:
        sys.exit(f"the golden set is {total} bytes, more than {MAX_TOTAL_BYTES}: make cases smaller")


if __name__ == "__main__":
    main()
