"""Every operator written out in TensorFlow's simplest pieces, for any attribute and in any float type.

TensorFlow derives the gradients. In float64 they check the operators that TensorFlow has ready-made
(direct.py) and are the references where those cannot be; in float32 they measure what float32 costs.

Each function takes its inputs by name and the attributes, and returns its outputs by name, the differentiable
first.
"""

import numpy as np
import tensorflow as tf


def resolve_padding(padding, size, window, strides, dilations):
    """[[top, bottom], [left, right]] of "valid", "same" (TensorFlow's: the odd pixel after) or explicit."""
    if padding == "valid":
        return [[0, 0], [0, 0]]
    if padding != "same":
        return padding
    amounts = []
    for length, taps, stride, dilation in zip(size, window, strides, dilations):
        reach = (taps - 1) * dilation + 1
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        amounts.append([total // 2, total - total // 2])
    return amounts


def shifted_views(x, window, attrs, fill=0.0):
    """For each tap of the window in row-major order, the [N, P, Q, C] view of the padded x that it sees."""
    strides, dilations = attrs["strides"], attrs.get("dilations", [1, 1])
    size = x.shape[1:3]
    padding = resolve_padding(attrs["padding"], size, window, strides, dilations)
    padded = tf.pad(x, [[0, 0], *padding, [0, 0]], constant_values=fill)
    span = []
    for length, (before, after), taps, stride, dilation in zip(size, padding, window, strides, dilations):
        outputs = (length + before + after - (taps - 1) * dilation - 1) // stride + 1
        span.append((outputs - 1) * stride + 1)
    for r in range(window[0]):
        for s in range(window[1]):
            top, left = r * dilations[0], s * dilations[1]
            yield r, s, padded[:, top : top + span[0] : strides[0], left : left + span[1] : strides[1]]


def conv2d(inputs, attrs):
    x, w = inputs["x"], inputs["w"]
    groups, (rows, columns, depth, filters) = attrs["groups"], w.shape
    y = 0.0
    for r, s, view in shifted_views(x, (rows, columns), attrs):
        grouped = tf.reshape(view, [*view.shape[:3], groups, depth])
        kernel = tf.reshape(w[r, s], [depth, groups, filters // groups])
        y += tf.einsum("npqgc,cgk->npqgk", grouped, kernel)
    y = tf.reshape(y, [*y.shape[:3], filters])
    return {"y": y + inputs["b"] if "b" in inputs else y}


def depthwise_conv2d(inputs, attrs):
    x, w = inputs["x"], inputs["w"]
    y = 0.0
    for r, s, view in shifted_views(x, w.shape[:2], attrs):
        y += view[..., None] * w[r, s]
    y = tf.reshape(y, [*y.shape[:3], w.shape[2] * w.shape[3]])
    return {"y": y + inputs["b"] if "b" in inputs else y}


def dense(inputs, attrs):
    y = tf.reduce_sum(inputs["x"][:, :, None] * inputs["w"], axis=1)
    return {"y": y + inputs["b"] if "b" in inputs else y}


def select_first_maximum(candidates):
    """The maximum over the last axis; its gradient goes to the first of several equal ones."""
    first = tf.one_hot(
        tf.argmax(candidates, -1), candidates.shape[-1], on_value=True, off_value=False, dtype=tf.bool
    )
    return tf.reduce_sum(tf.where(first, candidates, tf.zeros_like(candidates)), -1)


def max_pool2d(inputs, attrs):
    views = [
        view for _, _, view in shifted_views(inputs["x"], attrs["size"], attrs, fill=inputs["x"].dtype.min)
    ]
    return {"y": select_first_maximum(tf.stack(views, -1))}


def avg_pool2d(inputs, attrs):
    x = inputs["x"]
    total = sum(view for _, _, view in shifted_views(x, attrs["size"], attrs))
    if attrs.get("countIncludePad", False):
        return {"y": total / (attrs["size"][0] * attrs["size"][1])}
    return {"y": total / sum(view for _, _, view in shifted_views(tf.ones_like(x), attrs["size"], attrs))}


def global_avg_pool2d(inputs, attrs):
    x = inputs["x"]
    return {"y": tf.reduce_sum(x, [1, 2]) / (x.shape[1] * x.shape[2])}


def global_max_pool2d(inputs, attrs):
    x = inputs["x"]
    flat = tf.reshape(x, [x.shape[0], -1, x.shape[3]])
    return {"y": select_first_maximum(tf.transpose(flat, [0, 2, 1]))}


def batch_norm(inputs, attrs):
    x, moving_mean, moving_variance = inputs["x"], inputs["movingMean"], inputs["movingVariance"]
    mean, variance = moving_mean, moving_variance
    if attrs["training"]:
        axes = list(range(len(x.shape) - 1))
        mean = tf.reduce_mean(x, axes)
        variance = tf.reduce_mean((x - mean) ** 2, axes)
    y = (x - mean) / tf.sqrt(variance + attrs["epsilon"])
    outputs = {"y": y * inputs.get("gamma", 1.0) + inputs.get("beta", 0.0)}
    if attrs["training"]:
        momentum = attrs["momentum"]
        outputs["newMovingMean"] = moving_mean * momentum + mean * (1 - momentum)
        outputs["newMovingVariance"] = moving_variance * momentum + variance * (1 - momentum)
    return outputs


def pointwise(function):
    """An operator of one input x."""
    return lambda inputs, attrs: {"y": function(inputs["x"])}


def sigmoid_of(x):
    return (1 + tf.tanh(x / 2)) / 2


def clip_to(x, high):
    """min(max(x, 0), high), whose derivative at 0 and at `high` is 0."""
    inside = tf.where(x < high, x, tf.constant(high, x.dtype))
    return tf.where(x > 0, inside, tf.zeros_like(x))


def softmax_of(x):
    shifted = tf.exp(x - tf.stop_gradient(tf.reduce_max(x, -1, keepdims=True)))
    return shifted / tf.reduce_sum(shifted, -1, keepdims=True)


def softmax_cross_entropy(inputs, attrs):
    logits, labels = inputs["logits"], inputs["labels"]
    shifted = logits - tf.stop_gradient(tf.reduce_max(logits, -1, keepdims=True))
    log_probabilities = shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), -1, keepdims=True))
    return {
        "loss": tf.reshape(-tf.reduce_sum(labels * log_probabilities) / logits.shape[0], [1]),
        "accuracy": count_correct(logits, labels),
    }


def count_correct(logits, labels):
    """[correct, labelled] rows."""
    labelled = tf.reduce_sum(labels, -1) > 0
    correct = labelled & (tf.argmax(logits, -1) == tf.argmax(labels, -1))
    return tf.cast(tf.stack([tf.math.count_nonzero(correct), tf.math.count_nonzero(labelled)]), logits.dtype)


def adam(inputs, attrs):
    grad, beta1, beta2, step = inputs["grad"], attrs["beta1"], attrs["beta2"], attrs["step"]
    m = inputs["m"] + (grad - inputs["m"]) * (1 - beta1)
    v = inputs["v"] + (grad * grad - inputs["v"]) * (1 - beta2)
    rate = attrs["lr"] * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    return {"newParam": inputs["param"] - rate * m / (tf.sqrt(v) + attrs["epsilon"]), "newM": m, "newV": v}


def gelu(inputs, attrs):
    x = inputs["x"]
    bent = tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)) if attrs["approximate"] else tf.math.erf(x / np.sqrt(2))
    return {"y": 0.5 * x * (1 + bent)}


def rmsprop(inputs, attrs):
    grad, rho, momentum = inputs["grad"], attrs["rho"], attrs["momentum"]
    velocity = inputs["velocity"] + (grad * grad - inputs["velocity"]) * (1 - rho)
    step = attrs["lr"] * grad / tf.sqrt(velocity + attrs["epsilon"])
    if momentum == 0:
        return {"newParam": inputs["param"] - step, "newVelocity": velocity}
    step += momentum * inputs["momentum"]
    return {"newParam": inputs["param"] - step, "newVelocity": velocity, "newMomentum": step}


def blend_taps(read, rows, columns):
    """Bilinear sample at real-valued rows and columns; read(row, column) fetches pixels at whole numbers."""
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    upper = read(top, left) * (1 - right) + read(top, left + 1) * right
    lower = read(top + 1, left) * (1 - right) + read(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def resize_bilinear(inputs, attrs):
    x = inputs["x"]
    count, height, width = x.shape[:3]
    shift = 0.5 if attrs["halfPixelCenters"] else 0.0

    def positions(length, wanted):
        return (tf.range(wanted, dtype=x.dtype) + shift) * tf.cast(length / wanted, x.dtype) - shift

    rows, columns = tf.meshgrid(
        positions(height, attrs["size"][0]), positions(width, attrs["size"][1]), indexing="ij"
    )

    def read(row, column):
        row = tf.cast(tf.clip_by_value(row, 0, height - 1), tf.int32)
        column = tf.cast(tf.clip_by_value(column, 0, width - 1), tf.int32)
        return tf.gather_nd(x, tf.stack([tf.stack([row, column], -1)] * count), batch_dims=1)

    return {"y": blend_taps(read, rows, columns)}


def augment_affine(inputs, attrs):
    x, transform = inputs["x"], inputs["transform"]
    height, width = x.shape[1:3]
    row, column = tf.meshgrid(tf.range(height, dtype=x.dtype), tf.range(width, dtype=x.dtype), indexing="ij")
    t = [transform[:, i, None, None] for i in range(6)]

    def read(row, column):
        inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
        at = tf.stack([tf.clip_by_value(row, 0, height - 1), tf.clip_by_value(column, 0, width - 1)], -1)
        taken = tf.gather_nd(x, tf.cast(at, tf.int32), batch_dims=1)
        return (
            taken if attrs["fill"] == "nearest" else tf.where(inside[..., None], taken, tf.zeros_like(taken))
        )

    source_column = t[0] * column + t[1] * row + t[2]
    source_row = t[3] * column + t[4] * row + t[5]
    return {"y": blend_taps(read, source_row, source_column)}


def spatial_amounts(attrs):
    return [[0, 0], *attrs["amounts"], [0, 0]]


def crop2d(inputs, attrs):
    (top, bottom), (left, right) = attrs["amounts"]
    x = inputs["x"]
    return {"y": x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]}


COMPOSED = {
    "conv2d": conv2d,
    "depthwiseConv2d": depthwise_conv2d,
    "dense": dense,
    "maxPool2d": max_pool2d,
    "avgPool2d": avg_pool2d,
    "globalAvgPool2d": global_avg_pool2d,
    "globalMaxPool2d": global_max_pool2d,
    "batchNorm": batch_norm,
    "relu": pointwise(lambda x: tf.where(x > 0, x, tf.zeros_like(x))),
    "relu6": pointwise(lambda x: clip_to(x, 6.0)),
    "sigmoid": pointwise(sigmoid_of),
    "swish": pointwise(lambda x: x * sigmoid_of(x)),
    "gelu": gelu,
    "hardSigmoid": pointwise(lambda x: clip_to(x + 3, 6.0) / 6),
    "softmax": pointwise(softmax_of),
    "add": lambda inputs, attrs: {"y": inputs["a"] + inputs["b"]},
    "multiply": lambda inputs, attrs: {"y": inputs["a"] * inputs["b"]},
    "scaledAdd": lambda inputs, attrs: {"y": inputs["x"] + attrs["scale"] * inputs["r"]},
    "concat": lambda inputs, attrs: {"y": tf.concat(list(inputs.values()), attrs["axis"])},
    "zeroPad2d": lambda inputs, attrs: {"y": tf.pad(inputs["x"], spatial_amounts(attrs))},
    "crop2d": crop2d,
    "softmaxCrossEntropy": softmax_cross_entropy,
    "adam": adam,
    "rmsprop": rmsprop,
    "resizeBilinear": resize_bilinear,
    "augmentAffine": augment_affine,
}
