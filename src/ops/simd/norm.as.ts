import { addProduct, sumOf } from './lanes.as';

/*
 * Rows of x come in blocks of `count`, which begin `step` bytes apart; those of what belongs to them lie without gaps.
 * Widths are in bytes, multiples of 16.
 */

/** scale = 1/√(mean(x²) + ε), out = x·scale ⊙ gain. */
export function normRows(
  x: usize,
  gain: usize,
  out: usize,
  scale: usize,
  blocks: i32,
  count: i32,
  step: i32,
  width: i32,
  epsilon: f32,
): void {
  const columns = <f32>(width >> 2);
  for (let block = 0; block < blocks; block++, x += step) {
    const end = x + count * width;
    for (let row = x; row < end; row += width, out += width, scale += 4) {
      let squares = f32x4.splat(0);
      for (let i = 0; i < width; i += 16) squares = addProduct(squares, v128.load(row + i), v128.load(row + i));
      const s: f32 = 1 / sqrt<f32>(sumOf(squares) / columns + epsilon);
      store<f32>(scale, s);
      scaleRow(row, s, gain, out, width);
    }
  }
}

function scaleRow(x: usize, scale: f32, gain: usize, out: usize, width: i32): void {
  const s = f32x4.splat(scale);
  for (let i = 0; i < width; i += 16) {
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), s), v128.load(gain + i)));
  }
}

/** out = x·scale ⊙ gain, with known scales. */
export function scaleRows(
  x: usize,
  scale: usize,
  gain: usize,
  out: usize,
  blocks: i32,
  count: i32,
  step: i32,
  width: i32,
): void {
  for (let block = 0; block < blocks; block++, x += step) {
    const end = x + count * width;
    for (let row = x; row < end; row += width, out += width, scale += 4) {
      scaleRow(row, load<f32>(scale), gain, out, width);
    }
  }
}

/** dx += s·(gain ⊙ dy − n·mean(gain ⊙ dy ⊙ n)), n = x·s; dx lies as x does. */
export function addNormGradient(
  dy: usize,
  x: usize,
  scale: usize,
  gain: usize,
  dx: usize,
  blocks: i32,
  count: i32,
  step: i32,
  width: i32,
): void {
  const columns = <f32>(width >> 2);
  for (let block = 0; block < blocks; block++, x += step, dx += step) {
    for (let at = 0; at < count * width; at += width, dy += width, scale += 4) {
      const s = f32x4.splat(load<f32>(scale));
      let sums = f32x4.splat(0);
      for (let i = 0; i < width; i += 16) {
        const slope = f32x4.mul(v128.load(gain + i), v128.load(dy + i));
        sums = addProduct(sums, slope, f32x4.mul(v128.load(x + at + i), s));
      }
      const mean = f32x4.splat(sumOf(sums) / columns);
      for (let i = 0; i < width; i += 16) {
        const slope = f32x4.mul(v128.load(gain + i), v128.load(dy + i));
        const pull = f32x4.mul(f32x4.mul(v128.load(x + at + i), s), mean);
        v128.store(dx + at + i, addProduct(v128.load(dx + at + i), s, f32x4.sub(slope, pull)));
      }
    }
  }
}

/** out += Σ over rows of dy ⊙ x·scale. */
export function addGainGradient(
  dy: usize,
  x: usize,
  scale: usize,
  out: usize,
  blocks: i32,
  count: i32,
  step: i32,
  width: i32,
): void {
  for (let block = 0; block < blocks; block++, x += step) {
    for (let at = 0; at < count * width; at += width, dy += width, scale += 4) {
      const s = f32x4.splat(load<f32>(scale));
      for (let i = 0; i < width; i += 16) {
        const term = f32x4.mul(v128.load(x + at + i), s);
        v128.store(out + i, addProduct(v128.load(out + i), v128.load(dy + i), term));
      }
    }
  }
}
