"""The network cases of MobileNetV2, with and without training mode."""

from model_case import network


def mobilenet_v2(name, height, width, alpha, pooling="avg", classes=None, **rest):
    return network("MobileNetV2", f"mobilenet_v2_{name}", height, width, pooling, classes, alpha, **rest)


# A first, some middle and a last weight of each kind.
MOBILENET_V2_GRADS = (
    "Conv1/kernel",
    "bn_Conv1/gamma",
    "bn_Conv1/beta",
    "expanded_conv_depthwise/depthwise_kernel",
    "block_1_depthwise/depthwise_kernel",
    "block_3_expand/kernel",
    "block_6_depthwise_BN/gamma",
    "block_8_project/kernel",
    "block_13_depthwise/depthwise_kernel",
    "block_16_depthwise_BN/beta",
    "Conv_1_bn/gamma",
)

MOBILENET_V2 = [
    mobilenet_v2(
        "035_96", 96, 96, 0.35, batch=2, taps=("block_3_depthwise_BN", "block_6_project_BN", "block_12_add")
    ),
    mobilenet_v2(
        "035_64_grads", 64, 64, 0.35, batch=2, seed=11, grads=(*MOBILENET_V2_GRADS, "Conv_1_bn/beta")
    ),
    mobilenet_v2("050_64x96_max", 64, 96, 0.5, "max", seed=3, taps=("block_2_add", "block_9_depthwise_relu")),
    mobilenet_v2("100_64_map", 64, 64, 1.0, None, taps=("block_13_expand_relu", "block_16_project_BN")),
    mobilenet_v2("100_48x80_grads", 48, 80, 1.0, None, seed=23, grads=MOBILENET_V2_GRADS),
    mobilenet_v2("140_32", 32, 32, 1.4, batch=3, seed=5, taps=("expanded_conv_project_BN", "block_15_add")),
    mobilenet_v2("075_45x71_odd", 45, 71, 0.75, batch=2, seed=2**31 + 9, taps=("block_6_pad", "block_5_add")),
    mobilenet_v2(
        "035_64_top10_grads",
        64,
        64,
        0.35,
        classes=10,
        batch=3,
        stream=2,
        grads=("Conv1/kernel", "block_10_expand_BN/gamma", "predictions/kernel", "predictions/bias"),
    ),
    mobilenet_v2("100_96_top1000", 96, 96, 1.0, classes=1000, batch=2, seed=1),
    mobilenet_v2(
        "035_64_training",
        64,
        64,
        0.35,
        batch=4,
        training=True,
        taps=("block_2_add", "block_5_depthwise_relu"),
    ),
    mobilenet_v2(
        "035_64_training_grads",
        64,
        64,
        0.35,
        batch=4,
        stream=10,
        training=True,
        grads=MOBILENET_V2_GRADS,
        least_tolerance=1e-3,
    ),
    mobilenet_v2(
        "050_64_training_grads",
        64,
        64,
        0.5,
        batch=4,
        seed=13,
        stream=81,
        training=True,
        grads=(
            "Conv1/kernel",
            "block_2_depthwise/depthwise_kernel",
            "block_11_project/kernel",
            "Conv_1_bn/beta",
        ),
        least_tolerance=1e-3,
    ),
]
