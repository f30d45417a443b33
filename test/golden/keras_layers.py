"""How Keras itself describes networks, for the test of exported models: test/formats/keras_layers.json.

`every_layer`: the layers of a small network that has every kind, in the order of `model.layers`, each with the
configuration that Keras gives it. `orders`: per network of keras.applications how many layers it has after the
input and the SHA-256 of their names in that order, each ended by a newline.
"""

import hashlib
import json
from pathlib import Path

import keras
from keras import layers
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from backbones import BACKBONES

OUT = Path(__file__).parents[1] / "formats" / "keras_layers.json"
# What no writer of weft gives, for it is Keras' default.
DEFAULTS = ("_initializer", "_regularizer", "_constraint", "quantization_config", "synchronized", "renorm")


def every_layer() -> keras.Model:
    """Mirrored by `everyLayer` of test/formats/keras_layers.ts."""
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="preprocessing")(image)
    x = layers.Rescaling([1.0, 2.0, 3.0])(x)
    x = layers.Normalization()(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3, scale=False)(x)
    x = layers.ReLU()(x)
    one = layers.DepthwiseConv2D((3, 5), padding="same")(x)
    one = layers.BatchNormalization(momentum=0.99, epsilon=1e-3)(one)
    one = layers.ReLU(6.0)(one)
    other = layers.SeparableConv2D(8, 3, padding="same", use_bias=False)(x)
    other = layers.Conv2D(8, (1, 3), padding="same", groups=2, dilation_rate=2, activation="swish")(other)
    scaled = CustomScaleLayer(0.17)([one, other])
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(scaled)
    squeezed = layers.Conv2D(8, 1, activation="sigmoid")(squeezed)
    x = layers.Multiply()([scaled, squeezed])
    x = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(x)
    x = layers.Add()([x, one])
    x = layers.Concatenate()([x, layers.Activation("relu6")(other), x])
    x = layers.Cropping2D(((1, 0), (1, 0)))(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    flat = layers.GlobalAveragePooling2D()(x)
    flat = layers.Reshape((1, 1, 24))(flat)
    flat = layers.Activation("hard_sigmoid")(flat)
    flat = layers.GlobalMaxPooling2D()(flat)
    flat = layers.Dropout(0.5)(flat)
    heads = [layers.Dense(3, activation="softmax", name="coat")(flat)]
    heads.append(layers.Dense(4, activation="softmax", name="neck")(flat))
    return keras.Model(image, heads)


def described(layer: keras.layers.Layer) -> dict:
    config = {
        key: value
        for key, value in layer.get_config().items()
        if key != "dtype" and not any(part in key for part in DEFAULTS)
    }
    inputs = [] if not layer._inbound_nodes[0].input_tensors else layer._inbound_nodes[0].input_tensors
    return {
        "class": type(layer).__name__,
        "config": config,
        "inputs": [tensor._keras_history.operation.name for tensor in inputs],
        "weights": [variable.name for variable in layer.weights],
    }


def order(name: str, size: int) -> dict:
    keras.utils.clear_session()
    build = getattr(keras.applications, name)
    model = build(weights=None, include_top=True, input_shape=(size, size, 3))
    names = [layer.name for layer in model.layers[1:]]
    digest = hashlib.sha256("".join(f"{one}\n" for one in names).encode()).hexdigest()
    return {"size": size, "layers": len(names), "sha256": digest}


def main() -> None:
    keras.utils.clear_session()
    layers_of = [described(layer) for layer in every_layer().layers]
    orders = {name: order(name, backbone.small) for name, backbone in BACKBONES.items()}
    content = {"source": f"keras {keras.__version__}", "every_layer": layers_of, "orders": orders}
    OUT.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
