"""The operator cases, a module per family. `all_cases()` yields every one."""

from operator_cases import convolution, elementwise, images, joining, normalization, pooling, training


def all_cases():
    for family in (convolution, pooling, normalization, elementwise, joining, training, images):
        yield from family.cases()
