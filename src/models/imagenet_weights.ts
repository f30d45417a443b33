// Which file of Keras applications holds a backbone's ImageNet weights: the name under which Keras keeps it,
// its address, and the hash that Keras checks. Facts of keras/src/applications/*.py, Keras 3.15.

import { WeftError } from "../base/errors.ts";
import { OWN_WEIGHTS } from "../base/remedies.ts";

/** The common prefix of the addresses below; a mirror has the same paths under another prefix. */
export const IMAGENET_ORIGIN = "https://storage.googleapis.com/";

/** A published weights file. */
export interface ImagenetWeights {
  /** Its name in `~/.keras/models`, which may differ from the one in the address. */
  readonly fileName: string;
  readonly url: string;
  /** MD5 in hexadecimal digits; undefined if Keras has none (MobileNet, MobileNetV2). */
  readonly hash: string | undefined;
}

/** The network that the weights are for. */
export interface ImagenetNetwork {
  /** Keras' name, such as `NASNetLarge`. */
  readonly backbone: string;
  /** Width multiplier, 1 by default; only for backbones that have one. */
  readonly alpha?: number | undefined;
  /**
   * Width and height of the images. MobileNets have weights for several sizes; Keras takes those of 224 for all others.
   */
  readonly size: number;
  readonly includeTop: boolean;
}

interface PublishedFile {
  readonly fileName: string;
  /** The last part of the address, if it differs. */
  readonly remoteName?: string;
  readonly md5: string;
}

/** The files of a backbone that has one with its top and one without. */
interface PublishedPair {
  readonly folder: string;
  readonly top: PublishedFile;
  readonly noTop: PublishedFile;
}

/** The files of a backbone that has them by width and image size. */
interface PublishedFamily {
  readonly folder: string;
  /** Width multipliers, and how file names write them. */
  readonly alphas: ReadonlyMap<number, string>;
  readonly sizes: readonly number[];
  fileName(alphaText: string, size: number, includeTop: boolean): string;
}

const PAIRS: Readonly<Record<string, PublishedPair>> = {
  InceptionResNetV2: {
    folder: "tensorflow/keras-applications/inception_resnet_v2/",
    top: {
      fileName: "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels.h5",
      md5: "e693bd0210a403b3192acc6073ad2e96",
    },
    noTop: {
      fileName: "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
      md5: "d19885ff4a710c122648d3b5c3b684e4",
    },
  },
  NASNetLarge: {
    folder: "tensorflow/keras-applications/nasnet/",
    top: {
      fileName: "nasnet_large.h5",
      remoteName: "NASNet-large.h5",
      md5: "11577c9a518f0070763c2b964a382f17",
    },
    noTop: {
      fileName: "nasnet_large_no_top.h5",
      remoteName: "NASNet-large-no-top.h5",
      md5: "d81d89dc07e6e56530c4e77faddd61b5",
    },
  },
  NASNetMobile: {
    folder: "tensorflow/keras-applications/nasnet/",
    top: {
      fileName: "nasnet_mobile.h5",
      remoteName: "NASNet-mobile.h5",
      md5: "020fb642bf7360b370c678b08e0adf61",
    },
    noTop: {
      fileName: "nasnet_mobile_no_top.h5",
      remoteName: "NASNet-mobile-no-top.h5",
      md5: "1ed92395b5b598bdda52abe5c0dbfd63",
    },
  },
  InceptionV3: {
    folder: "tensorflow/keras-applications/inception_v3/",
    top: {
      fileName: "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
      md5: "9a0d58056eeedaa3f26cb7ebd46da564",
    },
    noTop: {
      fileName: "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
      md5: "bcbd6486424b2319ff4ef7d526e38f63",
    },
  },
  Xception: {
    folder: "tensorflow/keras-applications/xception/",
    top: {
      fileName: "xception_weights_tf_dim_ordering_tf_kernels.h5",
      md5: "0a58e3b7378bc2990ea3b43d5981f1f6",
    },
    noTop: {
      fileName: "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
      md5: "b0042744bf5b25fce3cb969f33bebb97",
    },
  },
  ResNet50: {
    folder: "tensorflow/keras-applications/resnet/",
    top: {
      fileName: "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
      md5: "2cb95161c43110f7111970584f804107",
    },
    noTop: {
      fileName: "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
      md5: "4d473c1dd8becc155b73f8504c6f6626",
    },
  },
  EfficientNetB0: {
    folder: "keras-applications/", // a bucket of its own
    top: { fileName: "efficientnetb0.h5", md5: "902e53a9f72be733fc0bcb005b3ebbac" },
    noTop: { fileName: "efficientnetb0_notop.h5", md5: "50bc09e76180e00e4465e1a485ddc09d" },
  },
  EfficientNetV2B0: {
    folder: "tensorflow/keras-applications/efficientnet_v2/",
    top: { fileName: "efficientnetv2-b0.h5", md5: "21ecbf6da12460d5c40bb2f29ceb2188" },
    noTop: { fileName: "efficientnetv2-b0_notop.h5", md5: "893217f2bb855e2983157299931e43ff" },
  },
};

const FAMILIES: Readonly<Record<string, PublishedFamily>> = {
  MobileNet: {
    folder: "tensorflow/keras-applications/mobilenet/",
    alphas: new Map([
      [0.25, "2_5"],
      [0.5, "5_0"],
      [0.75, "7_5"],
      [1, "1_0"],
    ]),
    sizes: [128, 160, 192, 224],
    fileName: (alpha, size, includeTop) => `mobilenet_${alpha}_${size}_tf${includeTop ? "" : "_no_top"}.h5`,
  },
  MobileNetV2: {
    folder: "tensorflow/keras-applications/mobilenet_v2/",
    alphas: new Map([
      [0.35, "0.35"],
      [0.5, "0.5"],
      [0.75, "0.75"],
      [1, "1.0"],
      [1.3, "1.3"],
      [1.4, "1.4"],
    ]),
    sizes: [96, 128, 160, 192, 224],
    fileName: (alpha, size, includeTop) =>
      `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${alpha}_${size}${includeTop ? "" : "_no_top"}.h5`,
  },
};

/** The size whose weights Keras takes for a size without weights of its own. */
const FALLBACK_SIZE = 224;

/** Names of Keras' file of ImageNet's classes, {"0": ["n01440764", "tench"], …}. */
export const IMAGENET_CLASS_INDEX: ImagenetWeights = {
  fileName: "imagenet_class_index.json",
  url: `${IMAGENET_ORIGIN}download.tensorflow.org/data/imagenet_class_index.json`,
  hash: "c2c37ea517e94d9795004a39431a14cb",
};

/**
 * The file that `weights="imagenet"` means in Keras.
 * @throws WeftError if none was published for the backbone or the width, naming those that were
 */
export function imagenetWeights(network: ImagenetNetwork): ImagenetWeights {
  const { backbone, alpha = 1, size, includeTop } = network;
  const pair = PAIRS[backbone];
  if (pair) {
    const { fileName, remoteName = fileName, md5 } = includeTop ? pair.top : pair.noTop;
    return { fileName, url: `${IMAGENET_ORIGIN}${pair.folder}${remoteName}`, hash: md5 };
  }
  const family = FAMILIES[backbone];
  if (!family) {
    const known = [...Object.keys(PAIRS), ...Object.keys(FAMILIES)].join(", ");
    throw new WeftError(`imagenet: there is no file for ${backbone}, only for ${known}`, {
      option: "weights",
      remedy: OWN_WEIGHTS,
    });
  }
  const alphaText = family.alphas.get(alpha);
  if (alphaText === undefined) {
    throw new WeftError(
      `imagenet: ${backbone} has files for alpha ${[...family.alphas.keys()].join(", ")}, ` +
        `received ${alpha}; choose one of them.`,
      { option: "weights", remedy: OWN_WEIGHTS },
    );
  }
  const published = family.sizes.includes(size) ? size : FALLBACK_SIZE;
  const fileName = family.fileName(alphaText, published, includeTop);
  return { fileName, url: `${IMAGENET_ORIGIN}${family.folder}${fileName}`, hash: undefined };
}
