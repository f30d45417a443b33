"""What one operator case consists of before it is computed."""

from dataclasses import dataclass, field

import numpy as np

import values


@dataclass
class OperatorCase:
    """One call of an operator. `grads` names the inputs whose gradients are kept; () for none.

    `upstream` is the gradient that comes from above, drawn at random where it is None.
    """

    op: str
    name: str
    attrs: dict
    inputs: dict[str, np.ndarray]
    grads: tuple[str, ...] = ()
    upstream: np.ndarray | None = None
    tolerance: dict = field(default_factory=dict)

    def __post_init__(self):
        for name, value in self.inputs.items():
            if value.dtype != np.float32:
                raise TypeError(
                    f"{self.op}/{self.name}: {name} is {value.dtype}; references start from float32"
                )


def random_of(op: str, name: str) -> np.random.Generator:
    """The case's own random stream."""
    return values.generator(f"{op}/{name}")


def short(pair) -> str:
    """[2, 2] as "2", [1, 2] as "1x2": for names."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def describe_padding(padding) -> str:
    """For names: "same", or "pad" and the four amounts."""
    return (
        padding
        if isinstance(padding, str)
        else "pad" + "".join(str(amount) for side in padding for amount in side)
    )
