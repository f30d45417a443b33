// Winograd's weight gradient, second stage: e = A d A^T of every 2x2 piece d of dy; a thread transforms one piece of
// four channels. e [16][blocks][K / 16][BLOCK_TILES][16]: the values for one step of gradient_products.wgsl are
// contiguous. Pieces beyond the last one are zeros. Inject SUBGROUP_SIZE; a block holds 4 * SUBGROUP_SIZE pieces.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import constants::SUBGROUP_SIZE;

struct Params {
  out_h: u32,
  out_w: u32,
  out_fours: u32, // K / 4
  tiles_h: u32, // ceil(out_h / 2)
  tiles_w: u32,
  tiles: u32, // N * tiles_h * tiles_w
  tiles_k: u32, // ceil(K / 16)
  first_tile: u32, // of those that this dispatch transforms
  count: u32, // threads: blocks * tiles_k * 4 * SUBGROUP_SIZE * 4
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> e: array<vec4f>;

const BLOCK_TILES = 4u * SUBGROUP_SIZE;

fn pixel(n: u32, row: u32, column: u32, k: u32, is_tile: bool) -> vec4f {
  let inside = is_tile & (row < params.out_h) & (column < params.out_w);
  let at = ((n * params.out_h + row) * params.out_w + column) * params.out_fours + k;
  return select(vec4f(), dy[select(0u, at, inside)], inside);
}

// Row i of A times a column of two pixels.
fn pick_row(i: u32, a: vec4f, b: vec4f) -> vec4f {
  return pick4(i, a, a + b, a - b, -b);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let unit = flat_workgroup(workgroup, workgroups) * 64u + thread;
  if (unit >= params.count) {
    return;
  }
  let in_block = unit / 4u;
  let rest = in_block / BLOCK_TILES;
  let block = divide(rest, params.tiles_k);
  let k = min((rest - block * params.tiles_k) * 4u + unit % 4u, params.out_fours - 1u);
  let tile = params.first_tile + block * BLOCK_TILES + in_block % BLOCK_TILES;
  let tile_row = divide(tile, params.tiles_w);
  let n = divide(tile_row, params.tiles_h);
  let row = 2u * (tile_row - n * params.tiles_h);
  let column = 2u * (tile - tile_row * params.tiles_w);
  let is_tile = tile < params.tiles;
  let d00 = pixel(n, row, column, k, is_tile);
  let d01 = pixel(n, row, column + 1u, k, is_tile);
  let d10 = pixel(n, row + 1u, column, k, is_tile);
  let d11 = pixel(n, row + 1u, column + 1u, k, is_tile);
  for (var i = 0u; i < params.four; i++) {
    let a = pick_row(i, d00, d10);
    let b = pick_row(i, d01, d11);
    let to = i * 4u * params.count + unit;
    e[to] = a;
    e[to + params.count] = a + b;
    e[to + 2u * params.count] = a - b;
    e[to + 3u * params.count] = -b;
  }
}
