import { addProduct } from './lanes.as';

/**
 * Turns the pairs (i, i + half) of one head in place, by a row of cosines with the sines behind them; sign −1 turns
 * back. `half` is in bytes, a multiple of 16.
 */
export function turnHead(x: usize, table: usize, half: i32, sign: f32): void {
  const partner = x + half;
  const sines = table + half;
  for (let i = 0; i < half; i += 16) {
    const cosine = v128.load(table + i);
    const sine = f32x4.mul(f32x4.splat(sign), v128.load(sines + i));
    const first = v128.load(x + i);
    const second = v128.load(partner + i);
    v128.store(x + i, f32x4.sub(f32x4.mul(first, cosine), f32x4.mul(second, sine)));
    v128.store(partner + i, addProduct(f32x4.mul(second, cosine), first, sine));
  }
}

/** All heads of rows that begin `step` bytes apart; row n by the table's row n modulo `period`. */
export function turnHeads(x: usize, table: usize, rows: i32, step: i32, period: i32, heads: i32, half: i32): void {
  let place = 0;
  for (let row = 0; row < rows; row++, x += step) {
    for (let head = 0; head < heads; head++) turnHead(x + head * 2 * half, table + place * 2 * half, half, 1);
    if (++place === period) place = 0;
  }
}
