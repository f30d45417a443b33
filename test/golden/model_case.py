"""What a network case is: a network, what it is fed and what is kept of it."""

from dataclasses import dataclass

# At least this much of a tensor's largest value, however exact Keras' own float32 is.
LEAST_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ModelCase:
    """A network, what it is fed and what is kept of it. `grads` names weights as "layer/weight".

    `stream` numbers the drawn images and upstream gradient: find_calm_images.py says which to take.
    """

    name: str
    backbone: str
    config: dict
    seed: int = 7
    stream: int = 0
    batch: int = 1
    training: bool = False
    taps: tuple[str, ...] = ()
    grads: tuple[str, ...] = ()
    least_tolerance: float = LEAST_TOLERANCE


def network(backbone, name, height, width, pooling="avg", classes=None, alpha=None, **rest) -> ModelCase:
    """A case of `backbone`: with the top where there are `classes`, else with `pooling`."""
    config = {"inputShape": [height, width, 3]}
    if alpha is not None:
        config["alpha"] = alpha
    config |= (
        {"includeTop": False, "pooling": pooling}
        if classes is None
        else {"includeTop": True, "classes": classes}
    )
    return ModelCase(name, backbone, config, **rest)
