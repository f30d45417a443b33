"""Seeded inputs. Every case draws from a generator named after it: adding a case changes no other."""

import zlib

import numpy as np


def generator(name: str) -> np.random.Generator:
    """The random stream that belongs to `name`."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def mixed(random: np.random.Generator, shape, scale: float = 1.0) -> np.ndarray:
    """Float32 normal values whose own scale varies from element to element by e**-1.5 .. e**1."""
    value = random.standard_normal(shape) * np.exp(random.uniform(-1.5, 1.0, shape)) * scale
    return value.astype(np.float32)


def levels(random: np.random.Generator, shape, low: int, high: int, step: float = 1.0) -> np.ndarray:
    """Float32 multiples of `step` from low to high: few values, hence many ties."""
    return (random.integers(low, high + 1, shape) * step).astype(np.float32)


def pixels(random: np.random.Generator, shape) -> np.ndarray:
    """Whole numbers 0..255 as float32."""
    return levels(random, shape, 0, 255)


def waves(random: np.random.Generator, count: int, height: int, width: int) -> np.ndarray:
    """[count, height, width, 3] bytes as float32: three smooth coloured waves an image.

    Not noise: noise averages out, and a network's output then barely depends on its early layers.
    """
    y, x = np.meshgrid(np.arange(height) / height, np.arange(width) / width, indexing="ij")
    images = np.zeros((count, height, width, 3))
    for image in images:
        for _ in range(3):
            angle, cycles = random.uniform(0, np.pi), random.uniform(0.5, 4.0)
            phase = random.uniform(0, 2 * np.pi, 3)
            along = 2 * np.pi * cycles * (np.cos(angle) * x + np.sin(angle) * y)
            image += random.uniform(0.3, 1.0, 3) * np.sin(along[..., None] + phase)
        image += random.uniform(-0.6, 0.6, 3)
    return np.clip(np.rint(127.5 + 70 * images), 0, 255).astype(np.float32)


def one_hot(random: np.random.Generator, rows: int, classes: int, missing: float) -> np.ndarray:
    """[rows, classes] float32: one-hot rows, a share of about `missing` of them all zero."""
    labels = np.eye(classes, dtype=np.float32)[random.integers(0, classes, rows)]
    labels[random.uniform(size=rows) < missing] = 0
    return labels
