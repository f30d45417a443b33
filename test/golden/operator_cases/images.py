"""resizeBilinear and augmentAffine, on pixels 0..255."""

import numpy as np

from operator_cases.case import OperatorCase, random_of
from values import pixels


def cases():
    for half in (True, False):
        yield resize((1, 7, 9, 3), (14, 18), half)
        yield resize((2, 12, 10, 3), (6, 5), half)
        yield resize((1, 11, 13, 3), (8, 17), half)
        yield resize((1, 5, 4, 1), (13, 3), half)
        yield resize((1, 1, 1, 3), (4, 5), half)
    yield resize((1, 9, 8, 4), (9, 8), True)
    for fill in ("nearest", "constant"):
        yield affine("identity", (1, 6, 7, 3), fill, [[1, 0, 0, 0, 1, 0]])
        yield affine("flip", (2, 7, 8, 3), fill, [[-1, 0, 7, 0, 1, 0], [1, 0, 0, 0, -1, 6]])
        yield affine("shift", (1, 8, 9, 3), fill, [[1, 0, 2.25, 0, 1, -1.75]])
        yield affine("rotate_zoom", (3, 11, 9, 3), fill, [about_centre(11, 9, a, z) for a, z in TURNS])
        yield affine("beyond", (3, 6, 7, 3), fill, [[1, 0, 100, 0, 1, 0], [1, 0, -3, 0, 1, -500], FAR])
        yield affine("one_channel", (1, 9, 6, 1), fill, [[0.8, -0.3, 1.1, 0.25, 1.2, -0.9]])
        yield affine("edges", (2, 5, 5, 2), fill, [[1, 0, -0.5, 0, 1, -0.5], [1, 0, 0.5, 0, 1, 0.5]])


# Angle in degrees, zoom of columns and rows.
TURNS = ((17.0, (0.85, 1.15)), (-20.0, (1.2, 0.8)), (5.0, (-1.1, 0.9)))
# A corner of the image, shrunk thirtyfold: most of what it reads lies outside.
FAR = [30, 4, -60, -5, 25, -40]


def about_centre(height, width, degrees, zoom):
    """Rotation and zoom about the image's centre; a negative zoom of the columns is a flip."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle) * zoom[0], -np.sin(angle)], [np.sin(angle), np.cos(angle) * zoom[1]]])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = centre - turn @ centre
    return [*turn[0], shift[0], *turn[1], shift[1]]


def resize(shape, size, half):
    name = f"{'x'.join(map(str, shape))}_to_{size[0]}x{size[1]}_" + ("half" if half else "corner")
    attrs = {"size": list(size), "halfPixelCenters": half}
    return OperatorCase(
        "resizeBilinear", name, attrs, {"x": pixels(random_of("resizeBilinear", name), shape)}
    )


def affine(note, shape, fill, transform):
    name = f"{note}_{fill}"
    x = pixels(random_of("augmentAffine", name), shape)
    inputs = {"x": x, "transform": np.array(transform, np.float32)}
    return OperatorCase("augmentAffine", name, {"fill": fill}, inputs)
