import { addProduct, sumOf, sumsOf } from './lanes.as';

/*
 * out = a·b or out += a·b, of matrices whose rows may lie apart. All pointers and steps are in bytes. A tile of the
 * result stays in registers while its factors are read where they lie: nothing is packed or transposed.
 */

/** Long sums are taken in pieces, so that the parts of both factors that a tile reads stay in the first cache. */
const PIECE: i32 = 256;

/**
 * @param aRow from one row of the result to the next, in a
 * @param aInner from one term of a sum to the next, in a: for a transposed a these two change places
 * @param bRow from one term of a sum to the next, in b
 */
export function product(
  a: usize,
  aRow: i32,
  aInner: i32,
  b: usize,
  bRow: i32,
  out: usize,
  outRow: i32,
  rows: i32,
  inner: i32,
  columns: i32,
  add: bool,
): void {
  for (let done = 0; done < inner; done += PIECE, a += PIECE * aInner, b += PIECE * bRow) {
    const count = min(PIECE, inner - done);
    let column = 0;
    for (; column + 8 <= columns; column += 8) {
      const right = b + (column << 2);
      let left = a;
      let to = out + (column << 2);
      let row = 0;
      for (; row + 4 <= rows; row += 4, left += 4 * aRow, to += 4 * outRow) {
        tile4x8(left, aRow, aInner, right, bRow, to, outRow, count, add);
      }
      for (; row < rows; row++, left += aRow, to += outRow) {
        tile1x4(left, aInner, right, bRow, to, count, add);
        tile1x4(left, aInner, right + 16, bRow, to + 16, count, add);
      }
    }
    for (; column + 4 <= columns; column += 4) {
      for (let row = 0; row < rows; row++) {
        tile1x4(a + row * aRow, aInner, b + (column << 2), bRow, out + row * outRow + (column << 2), count, add);
      }
    }
    for (; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        entry(a + row * aRow, aInner, b + (column << 2), bRow, out + row * outRow + (column << 2), count, add);
      }
    }
    add = true;
  }
}

/** Four rows × eight columns. */
function tile4x8(
  a: usize,
  aRow: i32,
  aInner: i32,
  b: usize,
  bRow: i32,
  out: usize,
  outRow: i32,
  inner: i32,
  add: bool,
): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (const end = b + inner * bRow; b < end; a += aInner, b += bRow) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = addProduct(s00, a0, b0);
    s01 = addProduct(s01, a0, b1);
    const a1 = v128.load32_splat(a + aRow);
    s10 = addProduct(s10, a1, b0);
    s11 = addProduct(s11, a1, b1);
    const a2 = v128.load32_splat(a + 2 * aRow);
    s20 = addProduct(s20, a2, b0);
    s21 = addProduct(s21, a2, b1);
    const a3 = v128.load32_splat(a + 3 * aRow);
    s30 = addProduct(s30, a3, b0);
    s31 = addProduct(s31, a3, b1);
  }
  put(out, s00, add);
  put(out + 16, s01, add);
  put(out + outRow, s10, add);
  put(out + outRow + 16, s11, add);
  put(out + 2 * outRow, s20, add);
  put(out + 2 * outRow + 16, s21, add);
  put(out + 3 * outRow, s30, add);
  put(out + 3 * outRow + 16, s31, add);
}

function put(at: usize, sum: v128, add: bool): void {
  if (add) sum = f32x4.add(v128.load(at), sum);
  v128.store(at, sum);
}

/** One row × four columns. */
function tile1x4(a: usize, aInner: i32, b: usize, bRow: i32, out: usize, inner: i32, add: bool): void {
  let sum = f32x4.splat(0);
  for (const end = b + inner * bRow; b < end; a += aInner, b += bRow) {
    sum = addProduct(sum, v128.load32_splat(a), v128.load(b));
  }
  put(out, sum, add);
}

function entry(a: usize, aInner: i32, b: usize, bRow: i32, out: usize, inner: i32, add: bool): void {
  let sum: f32 = 0;
  for (const end = b + inner * bRow; b < end; a += aInner, b += bRow) sum += load<f32>(a) * load<f32>(b);
  store<f32>(out, add ? load<f32>(out) + sum : sum);
}

/** out = a·bᵀ or out += a·bᵀ; `inner` is a multiple of four. */
export function productByRows(
  a: usize,
  aRow: i32,
  b: usize,
  bRow: i32,
  out: usize,
  outRow: i32,
  rows: i32,
  inner: i32,
  columns: i32,
  add: bool,
): void {
  const size = inner << 2;
  let column = 0;
  for (; column + 4 <= columns; column += 4, b += 4 * bRow, out += 16) {
    let left = a;
    let to = out;
    let row = 0;
    for (; row + 2 <= rows; row += 2, left += 2 * aRow, to += 2 * outRow) {
      tile2x4(left, aRow, b, bRow, to, outRow, size, add);
    }
    if (row < rows) for (let c = 0; c < 4; c++) dot(left, b + c * bRow, to + 4 * c, size, add);
  }
  for (; column < columns; column++, b += bRow, out += 4) {
    for (let row = 0; row < rows; row++) dot(a + row * aRow, b, out + row * outRow, size, add);
  }
}

/** Two rows × four columns. */
function tile2x4(a: usize, aRow: i32, b: usize, bRow: i32, out: usize, outRow: i32, size: i32, add: bool): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s02 = s00;
  let s03 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  let s13 = s00;
  for (const end = a + size; a < end; a += 16, b += 16) {
    const a0 = v128.load(a);
    const a1 = v128.load(a + aRow);
    const b0 = v128.load(b);
    s00 = addProduct(s00, a0, b0);
    s10 = addProduct(s10, a1, b0);
    const b1 = v128.load(b + bRow);
    s01 = addProduct(s01, a0, b1);
    s11 = addProduct(s11, a1, b1);
    const b2 = v128.load(b + 2 * bRow);
    s02 = addProduct(s02, a0, b2);
    s12 = addProduct(s12, a1, b2);
    const b3 = v128.load(b + 3 * bRow);
    s03 = addProduct(s03, a0, b3);
    s13 = addProduct(s13, a1, b3);
  }
  put(out, sumsOf(s00, s01, s02, s03), add);
  put(out + outRow, sumsOf(s10, s11, s12, s13), add);
}

function dot(a: usize, b: usize, out: usize, size: i32, add: bool): void {
  let sum = f32x4.splat(0);
  for (const end = a + size; a < end; a += 16, b += 16) sum = addProduct(sum, v128.load(a), v128.load(b));
  store<f32>(out, add ? load<f32>(out) + sumOf(sum) : sumOf(sum));
}
