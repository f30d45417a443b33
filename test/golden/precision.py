"""Keras' float type: float64 for references, float32 to measure what float32 costs Keras itself."""

from contextlib import contextmanager

import keras


@contextmanager
def precision(dtype: str):
    """Within it, Keras' layers, optimizers and constants are of `dtype`; auto-numbered names start anew."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])
