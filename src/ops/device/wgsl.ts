import { ROW_TILE } from '../rowSets';

/**
 * Pieces of WGSL that several kernels share. A thread computes a tile of 4 positions × 4 columns in registers: eight
 * loads of vec4 for 64 multiply-adds, and no barrier. Our matrices are small (a few hundred wide at most), so caches do
 * what workgroup memory would; on a software adapter a barrier costs more than the whole product.
 */

/** For text that is repeated for the rows of a tile, and for the lanes of a vec4. */
export const FOUR = [0, 1, 2, 3];
export const LANES = ['x', 'y', 'z', 'w'];

/** The weight set of the position tile, of `tokens` positions a row; negative where the rows hold nothing. */
export const setOfTile = /* wgsl */ `
fn setOfTile(tile: i32, tokens: i32) -> i32 { return tiles[tile * ${ROW_TILE} / tokens / ${ROW_TILE}]; }`;

/**
 * How a thread begins that computes a tile of 4 positions × 4 columns: `across`, the columns in vec4; its `tile` and
 * `column`; and `owner`, the tile's weight set. A thread whose tile has no set ends. Needs `setOfTile`.
 */
export const tileOfThread = (across: string, tokens: string) => /* wgsl */ `let across = ${across};
  let tile = index / across;
  let column = index % across;
  let owner = setOfTile(tile, ${tokens});
  if (owner < 0) {
    return;
  }`;

/**
 * `fn NAME(position, width, start, across, column) -> mat4x4<f32>`: four rows of `x` times four columns of `weights`,
 * a row of the result in each column of the matrix.
 *
 * position: first of the four rows; width: of x in vec4; start: of the matrix in `weights` in vec4;
 * across: the matrix's row length in vec4; column: in vec4.
 */
export const tileProduct = (name: string, x: string) => /* wgsl */ `
fn ${name}(position: i32, width: i32, start: i32, across: i32, column: i32) -> mat4x4<f32> {
  var sum = mat4x4<f32>();
  let row = position * width;
  for (var i = 0; i < width; i++) {
    let at = start + 4 * i * across + column;
    let w0 = weights[at];
    let w1 = weights[at + across];
    let w2 = weights[at + 2 * across];
    let w3 = weights[at + 3 * across];
    let x0 = ${x}[row + i];
    let x1 = ${x}[row + width + i];
    let x2 = ${x}[row + 2 * width + i];
    let x3 = ${x}[row + 3 * width + i];
    sum[0] += x0.x * w0 + x0.y * w1 + x0.z * w2 + x0.w * w3;
    sum[1] += x1.x * w0 + x1.y * w1 + x1.z * w2 + x1.w * w3;
    sum[2] += x2.x * w0 + x2.y * w1 + x2.z * w2 + x2.w * w3;
    sum[3] += x3.x * w0 + x3.y * w1 + x3.z * w2 + x3.w * w3;
  }
  return sum;
}`;

/**
 * `fn NAME(at, length, start, width) -> mat4x4<f32>`: four rows of `x` times four rows of `weights`, that is x·Wᵀ; a row
 * of the result in each column of the matrix. All arguments in vec4.
 *
 * at: where the first of x's rows begins; length: from one row of x to the next;
 * start: where the first of the matrix' rows begins; width: of the rows that are multiplied, and of the matrix.
 */
export const rowProducts = (name: string, x: string) => /* wgsl */ `
fn ${name}(at: i32, length: i32, start: i32, width: i32) -> mat4x4<f32> {
  var sum = mat4x4<f32>();
  for (var i = 0; i < width; i++) {
    let rows = mat4x4<f32>(
      weights[start + i], weights[start + width + i], weights[start + 2 * width + i], weights[start + 3 * width + i]);
    sum[0] += ${x}[at + i] * rows;
    sum[1] += ${x}[at + length + i] * rows;
    sum[2] += ${x}[at + 2 * length + i] * rows;
    sum[3] += ${x}[at + 3 * length + i] * rows;
  }
  return sum;
}`;
