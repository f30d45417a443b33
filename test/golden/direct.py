"""The same operators as TensorFlow and Keras have them ready-made, where they have them.

A function raises Unsupported where TensorFlow's operator means something else; then composed.py alone is the
reference. FLOAT32_ONLY operators compute in float32 inside whatever they are given: they check, no more.
"""

import keras
import numpy as np
import tensorflow as tf

from composed import count_correct, resolve_padding

FLOAT32_ONLY = {"gelu", "resizeBilinear", "augmentAffine"}


class Unsupported(Exception):
    """TensorFlow's ready-made operator differs by definition."""


def add_bias(y, inputs):
    return {"y": tf.nn.bias_add(y, inputs["b"]) if "b" in inputs else y}


def native_padding(padding):
    return padding.upper() if isinstance(padding, str) else [[0, 0], *padding, [0, 0]]


def conv2d(inputs, attrs):
    """One convolution a group: the CPU has grouped ones forward only."""

    def convolve(part, w):
        if max(attrs["dilations"]) > 1:
            return dilated(
                lambda view: tf.nn.convolution(view, w, dilations=attrs["dilations"]), part, w, attrs
            )
        return tf.nn.conv2d(part, w, attrs["strides"], native_padding(attrs["padding"]))

    groups = attrs["groups"]
    parts = zip(tf.split(inputs["x"], groups, -1), tf.split(inputs["w"], groups, -1))
    return add_bias(tf.concat([convolve(part, w) for part, w in parts], -1), inputs)


def depthwise_conv2d(inputs, attrs):
    x, w, strides, dilations = inputs["x"], inputs["w"], attrs["strides"], attrs["dilations"]
    if max(dilations) > 1 or strides[0] != strides[1]:
        y = dilated(
            lambda view: tf.nn.depthwise_conv2d(view, w, [1] * 4, "VALID", dilations=dilations), x, w, attrs
        )
    else:
        y = tf.nn.depthwise_conv2d(x, w, [1, *strides, 1], native_padding(attrs["padding"]))
    return add_bias(y, inputs)


def dilated(convolve, x, w, attrs):
    """What TensorFlow refuses to stride: convolved at every position, then every stride-th output kept."""
    padding = resolve_padding(
        attrs["padding"], x.shape[1:3], w.shape[:2], attrs["strides"], attrs["dilations"]
    )
    y = convolve(tf.pad(x, [[0, 0], *padding, [0, 0]]))
    return y[:, :: attrs["strides"][0], :: attrs["strides"][1]]


def dense(inputs, attrs):
    return add_bias(inputs["x"] @ inputs["w"], inputs)


def max_pool2d(inputs, attrs):
    padding = native_padding(attrs["padding"])
    return {"y": tf.nn.max_pool2d(inputs["x"], attrs["size"], attrs["strides"], padding)}


def avg_pool2d(inputs, attrs):
    x, size, strides = inputs["x"], attrs["size"], attrs["strides"]
    includes_padding = attrs.get("countIncludePad", False)
    if isinstance(attrs["padding"], str) and not includes_padding:
        return {"y": tf.nn.avg_pool2d(x, size, strides, attrs["padding"].upper())}
    padding = [[0, 0], *resolve_padding(attrs["padding"], x.shape[1:3], size, strides, [1, 1]), [0, 0]]
    y = tf.nn.avg_pool2d(tf.pad(x, padding), size, strides, "VALID")
    if not includes_padding:
        y /= tf.nn.avg_pool2d(tf.pad(tf.ones_like(x), padding), size, strides, "VALID")
    return {"y": y}


def global_max_pool2d(inputs, attrs):
    x = inputs["x"]
    y = keras.ops.max(x, [1, 2])
    if tf.math.count_nonzero(x == y[:, None, None, :]) > tf.size(y, tf.int64):
        raise Unsupported("reduce_max shares the gradient out among equal maxima")
    return {"y": y}


def batch_norm(inputs, attrs):
    """keras.layers.BatchNormalization; its variables take the inputs' place, so that the tape sees them."""
    layer = keras.layers.BatchNormalization(
        epsilon=attrs["epsilon"],
        momentum=attrs["momentum"],
        scale="gamma" in inputs,
        center="beta" in inputs,
        dtype=inputs["x"].dtype.name,
    )
    layer.build(inputs["x"].shape)
    variables = {
        "gamma": layer.gamma,
        "beta": layer.beta,
        "movingMean": layer.moving_mean,
        "movingVariance": layer.moving_variance,
    }
    for name, variable in variables.items():
        if name in inputs:
            variable.assign(inputs[name])
            inputs[name] = variable.value
    outputs = {"y": layer(inputs["x"], training=attrs["training"])}
    if attrs["training"]:
        outputs["newMovingMean"] = layer.moving_mean.value.read_value()
        outputs["newMovingVariance"] = layer.moving_variance.value.read_value()
    return outputs


def unary(function):
    return lambda inputs, attrs: {"y": function(inputs["x"])}


def spatial_layer(layer):
    return lambda inputs, attrs: {"y": layer(attrs["amounts"], dtype=inputs["x"].dtype.name)(inputs["x"])}


def softmax_cross_entropy(inputs, attrs):
    logits, labels = inputs["logits"], inputs["labels"]
    loss = tf.reduce_mean(-tf.reduce_sum(labels * tf.nn.log_softmax(logits), -1), keepdims=True)
    return {"loss": loss, "accuracy": count_correct(logits, labels)}


def rmsprop(inputs, attrs):
    """keras.optimizers.RMSprop, set to the state before the step. It rounds rho of Python's float to float32."""
    dtype = inputs["param"].dtype.name
    rho, momentum = np.float64(attrs["rho"]), attrs["momentum"]
    optimizer = keras.optimizers.RMSprop(
        attrs["lr"], rho=rho, momentum=momentum, epsilon=attrs["epsilon"]
    )
    param = keras.Variable(inputs["param"], dtype=dtype)
    optimizer.build([param])
    optimizer._velocities[0].assign(inputs["velocity"])
    if momentum > 0:
        optimizer._momentums[0].assign(inputs["momentum"])
    optimizer.apply([inputs["grad"]])
    moments = {"newVelocity": optimizer._velocities[0].value}
    if momentum > 0:
        moments["newMomentum"] = optimizer._momentums[0].value
    return {"newParam": param.value, **moments}


def adam(inputs, attrs):
    """keras.optimizers.Adam, set to the state before `step`. It rounds betas of Python's float to float32."""
    dtype = inputs["param"].dtype.name
    beta1, beta2 = np.float64(attrs["beta1"]), np.float64(attrs["beta2"])
    optimizer = keras.optimizers.Adam(attrs["lr"], beta_1=beta1, beta_2=beta2, epsilon=attrs["epsilon"])
    param = keras.Variable(inputs["param"], dtype=dtype)
    optimizer.build([param])
    optimizer.iterations.assign(attrs["step"] - 1)
    optimizer._momentums[0].assign(inputs["m"])
    optimizer._velocities[0].assign(inputs["v"])
    optimizer.apply([inputs["grad"]])
    return {
        "newParam": param.value,
        "newM": optimizer._momentums[0].value,
        "newV": optimizer._velocities[0].value,
    }


def resize_bilinear(inputs, attrs):
    y = tf.raw_ops.ResizeBilinear(
        images=inputs["x"], size=attrs["size"], half_pixel_centers=attrs["halfPixelCenters"]
    )
    return {"y": tf.cast(y, inputs["x"].dtype)}


def augment_affine(inputs, attrs):
    transform = np.pad(np.asarray(inputs["transform"], np.float32), [[0, 0], [0, 2]])
    images = tf.cast(inputs["x"], tf.float32)
    y = keras.ops.image.affine_transform(
        images, transform, interpolation="bilinear", fill_mode=attrs["fill"], data_format="channels_last"
    )
    return {"y": tf.cast(y, inputs["x"].dtype)}


DIRECT = {
    "conv2d": conv2d,
    "depthwiseConv2d": depthwise_conv2d,
    "dense": dense,
    "maxPool2d": max_pool2d,
    "avgPool2d": avg_pool2d,
    "globalAvgPool2d": unary(lambda x: keras.ops.mean(x, [1, 2])),
    "globalMaxPool2d": global_max_pool2d,
    "batchNorm": batch_norm,
    "relu": unary(tf.nn.relu),
    "relu6": unary(tf.nn.relu6),
    "sigmoid": unary(tf.nn.sigmoid),
    "swish": unary(tf.nn.silu),
    "gelu": lambda inputs, attrs: {"y": tf.nn.gelu(inputs["x"], approximate=attrs["approximate"])},
    "hardSigmoid": unary(keras.activations.hard_sigmoid),
    "softmax": unary(tf.nn.softmax),
    "add": lambda inputs, attrs: {"y": keras.ops.add(inputs["a"], inputs["b"])},
    "multiply": lambda inputs, attrs: {"y": keras.ops.multiply(inputs["a"], inputs["b"])},
    "scaledAdd": lambda inputs, attrs: {"y": keras.ops.add(inputs["x"], attrs["scale"] * inputs["r"])},
    "concat": lambda inputs, attrs: {"y": keras.ops.concatenate(list(inputs.values()), attrs["axis"])},
    "zeroPad2d": spatial_layer(keras.layers.ZeroPadding2D),
    "crop2d": spatial_layer(keras.layers.Cropping2D),
    "softmaxCrossEntropy": softmax_cross_entropy,
    "adam": adam,
    "rmsprop": rmsprop,
    "resizeBilinear": resize_bilinear,
    "augmentAffine": augment_affine,
}
