"""Every network case: of each backbone features and taps, one with the top, and gradients of some.

Taps are layers with few elements: late ones, branches of few channels, small images.
"""

from mobilenet_v2_cases import MOBILENET_V2
from model_case import network

INCEPTION_RESNET_V2 = [
    network(
        "InceptionResNetV2",
        "inception_resnet_v2_299",
        299,
        299,
        taps=("conv2d_164",),
    ),
    network(
        "InceptionResNetV2",
        "inception_resnet_v2_75x81_top10",
        75,
        81,
        classes=10,
        seed=3,
        taps=("conv2d_15", "conv2d_87", "batch_normalization_150", "block17_20_mixed", "block8_9_ac"),
    ),
    network(
        "InceptionResNetV2",
        "inception_resnet_v2_139_top10_grads",
        139,
        139,
        classes=10,
        batch=2,
        # Of the kernels only the first ones and the top's are small enough to keep.
        grads=(
            "conv2d/kernel",
            "conv2d_68/kernel",
            "batch_normalization_118/beta",
            "block17_10_conv/bias",
            "batch_normalization_201/beta",
            "block8_10_conv/bias",
            "conv_7b_bn/beta",
            "predictions/kernel",
        ),
    ),
    network(
        "InceptionResNetV2",
        "inception_resnet_v2_139_training",
        139,
        139,
        batch=4,
        training=True,
    ),
]

NASNET = [
    network("NASNetLarge", "nasnet_large_331", 331, 331),
    network(
        "NASNetLarge",
        "nasnet_large_45x37_top10",
        45,
        37,
        classes=10,
        seed=5,
        taps=(
            "reduction_add_2_stem_2",
            "normal_add_3_3",
            "adjust_bn_7",
            "adjust_conv_1_13",
            "adjust_conv_2_13",
            "normal_add_2_18",
            "global_average_pooling2d",
        ),
    ),
    network(
        "NASNetMobile",
        "nasnet_mobile_96_grads",
        96,
        96,
        batch=2,
        stream=5,
        grads=(
            "stem_conv1/kernel",
            "separable_conv_1_reduction_right1_stem_1/depthwise_kernel",
            "adjust_conv_2_stem_2/kernel",
            "separable_conv_2_normal_left1_5/pointwise_kernel",
            "separable_conv_1_normal_left2_6/depthwise_kernel",
            "normal_bn_1_12/gamma",
            "separable_conv_2_normal_left1_12/depthwise_kernel",
        ),
    ),
    network(
        "NASNetMobile",
        "nasnet_mobile_61x45_map",
        61,
        45,
        pooling=None,
        seed=11,
        taps=("reduction_add_2_stem_1", "normal_add_5_1", "adjust_bn_5", "normal_add_4_10"),
    ),
    network(
        "NASNetMobile",
        "nasnet_mobile_33x47_top10",
        33,
        47,
        classes=10,
        taps=(
            "reduction_concat_stem_2",
            "reduction_add4_reduce_8",
            "global_average_pooling2d",
        ),
    ),
]

INCEPTION_AND_XCEPTION = [
    network(
        "InceptionV3",
        "inception_v3_97x83",
        97,
        83,
        seed=13,
        taps=("conv2d_13", "conv2d_37", "mixed8", "mixed9_0"),
    ),
    network(
        "InceptionV3",
        "inception_v3_75_top10",
        75,
        75,
        classes=10,
        taps=("batch_normalization_57", "concatenate_1"),
    ),
    network(
        "Xception",
        "xception_71x75_max",
        71,
        75,
        "max",
        taps=("conv2d_3",),
    ),
    network(
        "Xception",
        "xception_71_top10",
        71,
        71,
        classes=10,
        seed=17,
        taps=("batch_normalization_3", "avg_pool"),
    ),
    network(
        "Xception",
        "xception_71_grads",
        71,
        71,
        batch=2,
        stream=2,
        grads=(
            "block1_conv1/kernel",
            "block2_sepconv1/pointwise_kernel",
            "batch_normalization_1/gamma",
            "block8_sepconv2/depthwise_kernel",
            "block14_sepconv1/depthwise_kernel",
        ),
    ),
]

RESNET50 = [
    network(
        "ResNet50",
        "resnet50_61x45",
        61,
        45,
        taps=("conv4_block6_2_relu", "conv5_block1_1_conv", "conv5_block3_2_relu"),
    ),
    network(
        "ResNet50",
        "resnet50_33x47_top10",
        33,
        47,
        classes=10,
        seed=19,
        taps=("conv3_block1_1_bn", "conv4_block3_1_relu", "avg_pool"),
    ),
]

MOBILENET = [
    network(
        "MobileNet",
        "mobilenet_025_77x64",
        77,
        64,
        alpha=0.25,
        seed=23,
        taps=("conv_pw_6_relu", "conv_pad_12", "conv_dw_13_bn"),
    ),
    network(
        "MobileNet",
        "mobilenet_050_45x71_max",
        45,
        71,
        "max",
        alpha=0.5,
        taps=("conv_dw_4_relu", "conv_pad_6", "conv_dw_12"),
    ),
    network(
        "MobileNet",
        "mobilenet_100_39x33_top10",
        39,
        33,
        classes=10,
        alpha=1.0,
        taps=("conv_pw_4_relu", "conv_dw_9_relu", "conv_preds"),
    ),
]

EFFICIENTNET = [
    network(
        "EfficientNetB0",
        "efficientnet_b0_49x61",
        49,
        61,
        seed=29,
        taps=("block2b_add", "block3b_se_squeeze", "block4c_dwconv", "block6d_add", "block7a_project_bn"),
    ),
    network(
        "EfficientNetB0",
        "efficientnet_b0_51x33_top10",
        51,
        33,
        classes=10,
        taps=("block1a_se_expand", "block2a_project_bn", "block5c_add"),
    ),
    network(
        "EfficientNetB0",
        "efficientnet_b0_64_grads",
        64,
        64,
        batch=2,
        grads=(
            "stem_conv/kernel",
            "block1a_dwconv/depthwise_kernel",
            "block2a_se_reduce/kernel",
            "block4b_dwconv/depthwise_kernel",
            "block4b_se_expand/bias",
            "block6a_bn/beta",
            "block7a_dwconv/depthwise_kernel",
            "top_bn/gamma",
        ),
    ),
    network(
        "EfficientNetV2B0",
        "efficientnet_v2_b0_49x61",
        49,
        61,
        seed=23,
        taps=("block1a_project_activation", "block2b_add", "block4c_dwconv2", "block5a_se_squeeze", "block6h_add"),
    ),
    network(
        "EfficientNetV2B0",
        "efficientnet_v2_b0_51x33_top10",
        51,
        33,
        classes=10,
        taps=("block3a_expand_activation", "block4a_se_expand", "block6a_project_bn"),
    ),
]

CASES = [
    *MOBILENET_V2,
    *INCEPTION_RESNET_V2,
    *NASNET,
    *INCEPTION_AND_XCEPTION,
    *RESNET50,
    *MOBILENET,
    *EFFICIENTNET,
]
