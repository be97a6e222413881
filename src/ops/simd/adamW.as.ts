import { addProduct } from './lanes.as';

/** Summed in float64: a run's gradient has more entries than float32 has digits for their sum. */
export function sumOfSquares(x: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) {
    const squares = f32x4.mul(v128.load(x), v128.load(x));
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(squares, squares, 2, 3, 0, 1)));
  }
  const sums = f64x2.add(low, high);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; i < count; i++, x += 4) sum += <f64>(load<f32>(x) * load<f32>(x));
  return sum;
}

/**
 * One update of a run whose `count` entries are a multiple of four. `settings`: β₁, 1 − β₁, β₂, 1 − β₂, the two
 * corrections, ε, weight decay.
 */
export function adamW(
  gradient: usize,
  weights: usize,
  mean: usize,
  square: usize,
  settings: usize,
  factor: f32,
  rate: f32,
  count: i32,
): void {
  const beta1 = v128.load32_splat(settings);
  const rest1 = v128.load32_splat(settings, 4);
  const beta2 = v128.load32_splat(settings, 8);
  const rest2 = v128.load32_splat(settings, 12);
  const correction1 = v128.load32_splat(settings, 16);
  const correction2 = v128.load32_splat(settings, 20);
  const epsilon = v128.load32_splat(settings, 24);
  const decay = v128.load32_splat(settings, 28);
  for (let at = 0; at < count << 2; at += 16) {
    const g = f32x4.mul(f32x4.splat(factor), v128.load(gradient + at));
    const m = addProduct(f32x4.mul(beta1, v128.load(mean + at)), rest1, g);
    const v = addProduct(f32x4.mul(beta2, v128.load(square + at)), rest2, f32x4.mul(g, g));
    v128.store(mean + at, m);
    v128.store(square + at, v);
    const w = v128.load(weights + at);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(v), correction2), epsilon);
    const update = addProduct(f32x4.div(f32x4.div(m, correction1), root), decay, w);
    v128.store(weights + at, f32x4.sub(w, f32x4.mul(f32x4.splat(rate), update)));
  }
}
