import { addProduct, sumOf, sumsOf } from './lanes.as';

/*
 * Attention's two products, of one vector with the vectors of one head at neighbouring positions. `size` is a vector's
 * length in bytes, a multiple of 32; `step` goes from one position's vector to the next.
 */

/** out[k] = factor · x·row k. */
export function dots(x: usize, rows: usize, step: i32, count: i32, out: usize, size: i32, factor: f32): void {
  let k = 0;
  for (; k + 4 <= count; k += 4, rows += 4 * step, out += 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let i = 0; i < size; i += 16) {
      const own = v128.load(x + i);
      const row = rows + i;
      s0 = addProduct(s0, own, v128.load(row));
      s1 = addProduct(s1, own, v128.load(row + step));
      s2 = addProduct(s2, own, v128.load(row + 2 * step));
      s3 = addProduct(s3, own, v128.load(row + 3 * step));
    }
    v128.store(out, f32x4.mul(sumsOf(s0, s1, s2, s3), f32x4.splat(factor)));
  }
  for (; k < count; k++, rows += step, out += 4) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < size; i += 16) sum = addProduct(sum, v128.load(x + i), v128.load(rows + i));
    store<f32>(out, sumOf(sum) * factor);
  }
}

/** out = factor · Σ weights[k] · row k. */
export function weightedSum(
  weights: usize,
  rows: usize,
  step: i32,
  count: i32,
  out: usize,
  size: i32,
  factor: f32,
): void {
  const end = weights + (count << 2);
  let i = 0;
  for (; i + 64 <= size; i += 64) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let weight = weights, row = rows + i; weight < end; weight += 4, row += step) {
      const w = v128.load32_splat(weight);
      s0 = addProduct(s0, w, v128.load(row));
      s1 = addProduct(s1, w, v128.load(row, 16));
      s2 = addProduct(s2, w, v128.load(row, 32));
      s3 = addProduct(s3, w, v128.load(row, 48));
    }
    v128.store(out + i, f32x4.mul(s0, f32x4.splat(factor)));
    v128.store(out + i, f32x4.mul(s1, f32x4.splat(factor)), 16);
    v128.store(out + i, f32x4.mul(s2, f32x4.splat(factor)), 32);
    v128.store(out + i, f32x4.mul(s3, f32x4.splat(factor)), 48);
  }
  for (; i < size; i += 16) {
    let sum = f32x4.splat(0);
    for (let weight = weights, row = rows + i; weight < end; weight += 4, row += step) {
      sum = addProduct(sum, v128.load32_splat(weight), v128.load(row));
    }
    v128.store(out + i, f32x4.mul(sum, f32x4.splat(factor)));
  }
}
