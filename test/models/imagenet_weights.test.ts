// Names, addresses and hashes of the official weights, as Keras 3.15 has them.

import { describe, expect, it } from "vitest";
import { BACKBONES } from "../../src/models/backbones.ts";
import { type ImagenetNetwork, imagenetWeights } from "../../src/models/imagenet_weights.ts";

const ORIGIN = "https://storage.googleapis.com";
const weightsOf = (backbone: string, rest: Partial<ImagenetNetwork> = {}) =>
  imagenetWeights({ backbone, size: 224, includeTop: false, ...rest });

describe("imagenetWeights", () => {
  it("has two files for each backbone, all different", () => {
    const urls = new Set<string>();
    for (const backbone of BACKBONES.keys()) {
      for (const includeTop of [false, true]) {
        const { fileName, url, hash } = weightsOf(backbone, { includeTop });
        expect(fileName).toMatch(includeTop ? /^(?!.*no_?top).*\.h5$/ : /no_?top\.h5$/);
        expect(url).toMatch(/^https:\/\/storage\.googleapis\.com\/[\w./-]+\.h5$/);
        if (backbone.startsWith("MobileNet")) expect(hash).toBeUndefined();
        else expect(hash).toMatch(/^[0-9a-f]{32}$/);
        urls.add(url);
      }
    }
    expect(urls.size).toBe(2 * BACKBONES.size);
    for (const { name, defaultSize } of BACKBONES.values()) {
      expect(weightsOf(name, { size: defaultSize }).url, name).toMatch(/^https:/);
    }
  });

  it.each([
    [
      "InceptionResNetV2",
      false,
      "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
      "/tensorflow/keras-applications/inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
      "d19885ff4a710c122648d3b5c3b684e4",
    ],
    [
      "NASNetLarge",
      false,
      "nasnet_large_no_top.h5",
      "/tensorflow/keras-applications/nasnet/NASNet-large-no-top.h5",
      "d81d89dc07e6e56530c4e77faddd61b5",
    ],
    [
      "NASNetMobile",
      true,
      "nasnet_mobile.h5",
      "/tensorflow/keras-applications/nasnet/NASNet-mobile.h5",
      "020fb642bf7360b370c678b08e0adf61",
    ],
    [
      "ResNet50",
      true,
      "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
      "/tensorflow/keras-applications/resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
      "2cb95161c43110f7111970584f804107",
    ],
    [
      "EfficientNetB0",
      false,
      "efficientnetb0_notop.h5",
      "/keras-applications/efficientnetb0_notop.h5",
      "50bc09e76180e00e4465e1a485ddc09d",
    ],
  ])("%s, with top %s: %s", (backbone, includeTop, fileName, path, hash) => {
    expect(weightsOf(backbone, { includeTop })).toEqual({ fileName, url: `${ORIGIN}${path}`, hash });
  });

  it("takes the MobileNets' file of the width and size, of 224 for sizes that have none", () => {
    const nameOf = (...args: Parameters<typeof weightsOf>) => weightsOf(...args).fileName;
    const second = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels";
    expect(nameOf("MobileNetV2", { alpha: 0.35, size: 96 })).toBe(`${second}_0.35_96_no_top.h5`);
    expect(nameOf("MobileNetV2", { alpha: 0.5, size: 64 })).toBe(`${second}_0.5_224_no_top.h5`);
    expect(nameOf("MobileNetV2", { includeTop: true, size: 160 })).toBe(`${second}_1.0_160.h5`);
    expect(nameOf("MobileNet", { alpha: 0.75, size: 128 })).toBe("mobilenet_7_5_128_tf_no_top.h5");
    expect(nameOf("MobileNet", { size: 96, includeTop: true })).toBe("mobilenet_1_0_224_tf.h5");
    expect(weightsOf("MobileNet", { alpha: 0.25 }).url).toBe(
      `${ORIGIN}/tensorflow/keras-applications/mobilenet/mobilenet_2_5_224_tf_no_top.h5`,
    );
  });

  it("names the widths and backbones that have files", () => {
    expect(() => weightsOf("MobileNetV2", { alpha: 0.25 })).toThrow(
      /^weights imagenet: MobileNetV2 has files for alpha 0\.35, 0\.5, 0\.75, 1, 1\.3, 1\.4, received 0\.25; choose /,
    );
    expect(() => weightsOf("MobileNet", { alpha: 1.4 })).toThrow(
      /alpha 0\.25, 0\.5, 0\.75, 1, received 1\.4/,
    );
    expect(() => weightsOf("VGG16")).toThrow(
      /there is no file for VGG16, only for InceptionResNetV2, .*V2\. /,
    );
  });
});
