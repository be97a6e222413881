import { exp, log } from './exp.as';
import { largest } from './softmax.as';
import { sumOf } from './lanes.as';
import { dots, weightedSum } from './vectors.as';

/**
 * softmax(q·k/√d)·v for all queries of `rows` rows, and log Σ exp of the scores in every other slot of `statistics`.
 * `scratch` holds the scores of one query, and room for three more. `size`: bytes of a head's vector.
 */
export function attend(
  q: usize,
  kv: usize,
  starts: usize,
  out: usize,
  statistics: usize,
  scratch: usize,
  rows: i32,
  tokens: i32,
  first: i32,
  length: i32,
  heads: i32,
  size: i32,
): void {
  const width = heads * size;
  const step = 2 * width;
  const shrink: f32 = 1 / sqrt<f32>(<f32>(size >> 2));
  for (let row = 0; row < rows; row++, kv += length * step, starts += 4) {
    const start = load<i32>(starts);
    for (let t = 0; t < tokens; t++) {
      const count = first + t + 1 - start;
      for (let head = 0; head < heads; head++, q += size, out += size, statistics += 8) {
        const keys = kv + start * step + head * size;
        store<f32>(statistics, attendOne(q, keys, step, count, out, size, scratch, shrink, width));
      }
    }
  }
}

/** One query; the values lie `width` behind the keys. */
function attendOne(
  q: usize,
  keys: usize,
  step: i32,
  count: i32,
  out: usize,
  size: i32,
  scratch: usize,
  shrink: f32,
  width: i32,
): f32 {
  if (count <= 0) {
    memory.fill(out, 0, size);
    return 0;
  }
  dots(q, keys, step, count, scratch, size, shrink);
  // Whole vectors of scores: those behind the last weigh nothing.
  v128.store(scratch + (count << 2), f32x4.splat(-Infinity));
  const top = largest(scratch, count);
  let sums = f32x4.splat(0);
  for (let i = 0; i < count << 2; i += 16) {
    const weights = exp(f32x4.sub(v128.load(scratch + i), f32x4.splat(top)));
    v128.store(scratch + i, weights);
    sums = f32x4.add(sums, weights);
  }
  const total = sumOf(sums);
  weightedSum(scratch, keys + width, step, count, out, size, 1 / total);
  return top + log(total);
}
