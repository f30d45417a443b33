// Winograd F(2x2, 3x3), second stage: v = B^T d B of every 4x4 piece d of x; a thread transforms one piece of four
// channels. A piece begins every two pixels and yields 2x2 outputs. v [16][blocks][C][BLOCK_TILES]: the values for one
// step of products.wgsl are contiguous. Inject SUBGROUP_SIZE; a block holds 4 * SUBGROUP_SIZE pieces; pieces beyond the
// last one are copies of it.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import constants::SUBGROUP_SIZE;

struct Params {
  in_h: u32,
  in_w: u32,
  in_fours: u32, // C / 4
  pad_top: i32,
  pad_left: i32,
  tiles_h: u32, // ceil(output height / 2)
  tiles_w: u32,
  tiles: u32, // N * tiles_h * tiles_w
  first_tile: u32, // of those that this dispatch transforms
  count: u32, // threads: blocks * C / 4 * 4 * SUBGROUP_SIZE
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;

const BLOCK_TILES = 4u * SUBGROUP_SIZE;

// A row of four pixels of a piece.
struct Row {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
}

fn row_of(n: u32, top: i32, left: i32, c: u32) -> Row {
  let y = u32(top);
  let inside = y < params.in_h;
  let at = select(0u, (n * params.in_h + y) * params.in_w, inside);
  return Row(
    pixel(at, inside, u32(left), c),
    pixel(at, inside, u32(left + 1), c),
    pixel(at, inside, u32(left + 2), c),
    pixel(at, inside, u32(left + 3), c),
  );
}

fn pixel(row: u32, row_inside: bool, column: u32, c: u32) -> vec4f {
  let inside = row_inside & (column < params.in_w);
  return select(vec4f(), x[select(0u, (row + column) * params.in_fours + c, inside)], inside);
}

// Row i of B^T times a column of pixels.
fn pick_row(i: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  return pick4(i, a - c, b + c, c - b, b - d);
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
  let rest = unit / BLOCK_TILES;
  let block = divide(rest, params.in_fours);
  let c = rest - block * params.in_fours;
  let tile = min(params.first_tile + block * BLOCK_TILES + unit % BLOCK_TILES, params.tiles - 1u);
  let tile_row = divide(tile, params.tiles_w);
  let n = divide(tile_row, params.tiles_h);
  let top = 2 * i32(tile_row - n * params.tiles_h) - params.pad_top;
  let left = 2 * i32(tile - tile_row * params.tiles_w) - params.pad_left;
  let d0 = row_of(n, top, left, c);
  let d1 = row_of(n, top + 1, left, c);
  let d2 = row_of(n, top + 2, left, c);
  let d3 = row_of(n, top + 3, left, c);
  for (var i = 0u; i < params.four; i++) {
    let a = pick_row(i, d0.a, d1.a, d2.a, d3.a);
    let b = pick_row(i, d0.b, d1.b, d2.b, d3.b);
    let c = pick_row(i, d0.c, d1.c, d2.c, d3.c);
    let d = pick_row(i, d0.d, d1.d, d2.d, d3.d);
    let to = i * 4u * params.count + unit;
    v[to] = a - c;
    v[to + params.count] = b + c;
    v[to + 2u * params.count] = c - b;
    v[to + 3u * params.count] = b - d;
  }
}
