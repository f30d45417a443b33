// The operands of Winograd's products: an image as transformed 4x4 pieces, one for every 2x2 outputs. The image is
// transformed in rounds: n blocks of pieces are in memory at a time (shaders/conv2d/winograd/transform_input).

import transformInput from "../../../shaders/conv2d/winograd/transform_input.wgsl";
import type { DeviceFacts } from "../../gpu/device.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { Lowering } from "../../graph/operator.ts";
import { lanesOf, PIXELS_PER_LANE, tiledKernel } from "./convolution.ts";

/** Values of a transformed piece, and of a transformed kernel. */
export const PLACES = 16;
/** The memory limit for the pieces of one operand; larger images take several rounds. A single block may exceed it. */
const MAX_PIECES_BYTES = 2 ** 24;

/** The sizes of y [N,P,Q,K] computed from x [N,H,W,C], in every direction of the convolution. */
export interface Sizes {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly P: number;
  readonly Q: number;
  readonly K: number;
  readonly top: number;
  readonly left: number;
}

/** Pieces that a subgroup handles at a time; a lane has as many as it has pixels in the direct kernels. */
const blockTilesOf = (device: DeviceFacts) => PIXELS_PER_LANE * lanesOf(device);

/** Bytes of the pieces of one block with n channels. */
export function blockBytes(channels: number, device: DeviceFacts): number {
  return PLACES * channels * blockTilesOf(device) * 4;
}

/** The tiling of the outputs: rows and columns of 2x2 tiles, and blocks of tiles that a subgroup computes at a time. */
export function tilesOf({ N, P, Q }: Sizes, device: DeviceFacts) {
  const [tilesH, tilesW] = [Math.ceil(P / 2), Math.ceil(Q / 2)];
  const tiles = N * tilesH * tilesW;
  const blockTiles = blockTilesOf(device);
  return { tilesH, tilesW, tiles, blockTiles, blocks: Math.ceil(tiles / blockTiles) };
}

/** One round: the blocks that are transformed and multiplied before the next ones. */
export interface Round {
  readonly first: number;
  readonly blocks: number;
}

/** The transformed pieces of an image, in memory for one round. */
export class Pieces {
  readonly v: Tensor;
  readonly rounds: readonly Round[];
  private readonly tiling: ReturnType<typeof tilesOf>;

  /** @param channels the largest channel count among the operands of the products */
  constructor(
    private readonly l: Lowering<object>,
    private readonly sizes: Sizes,
    private readonly x: Tensor,
    channels: number,
  ) {
    this.tiling = tilesOf(sizes, l.device);
    const { blocks, blockTiles } = this.tiling;
    const bytes = Math.min(MAX_PIECES_BYTES, l.device.maxBindingBytes);
    const fitting = Math.max(1, Math.floor(bytes / blockBytes(channels, l.device)));
    const most = Math.ceil(blocks / Math.ceil(blocks / fitting));
    this.rounds = Array.from({ length: Math.ceil(blocks / most) }, (_, i) => ({
      first: i * most,
      blocks: Math.min(most, blocks - i * most),
    }));
    this.v = l.workspace("pieces", { shape: [PLACES, most, sizes.C, blockTiles], dtype: "f32" });
  }

  /** Blocks of the largest round. */
  get blocks(): number {
    return this.rounds[0]?.blocks ?? 0;
  }

  get blockTiles(): number {
    return this.tiling.blockTiles;
  }

  uniforms({ first }: Round) {
    const { tilesH, tilesW, tiles, blockTiles } = this.tiling;
    return { tiles_h: tilesH, tiles_w: tilesW, tiles, first_tile: first * blockTiles, four: 4 };
  }

  lowerTransform(round: Round): void {
    const { H, W, C, top, left } = this.sizes;
    const count = (round.blocks * this.blockTiles * C) / 4;
    this.l.dispatch(tiledKernel("conv2d/winograd/transform_input", transformInput, this.l.device), {
      tensors: { x: this.x, v: this.v },
      uniforms: {
        ...this.uniforms(round),
        in_h: H,
        in_w: W,
        in_fours: C / 4,
        pad_top: top,
        pad_left: left,
        count,
      },
      workgroups: Math.ceil(count / 64),
    });
  }
}
