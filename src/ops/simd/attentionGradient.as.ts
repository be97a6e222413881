import { exp } from './exp.as';
import { addProduct, sumOf } from './lanes.as';
import { turnHead } from './turn.as';
import { dots, weightedSum } from './vectors.as';

/*
 * Gradients of attention over whole rows; see causalAttention/gradientKernels.ts for the formulas. `size`: bytes of a
 * head's vector. `scratch`: four vectors of `tokens` floats, with room for four more each.
 */

/** dq, turned back, and δ in every second slot of `statistics`. */
export function queryGradient(
  q: usize,
  kv: usize,
  out: usize,
  dOut: usize,
  starts: usize,
  table: usize,
  statistics: usize,
  dq: usize,
  scratch: usize,
  rows: i32,
  tokens: i32,
  heads: i32,
  size: i32,
): void {
  const width = heads * size;
  const step = 2 * width;
  const shrink: f32 = 1 / sqrt<f32>(<f32>(size >> 2));
  const slopes = scratch + ((tokens + 4) << 2);
  for (let row = 0; row < rows; row++, kv += tokens * step, starts += 4) {
    const start = load<i32>(starts);
    for (let t = 0; t < tokens; t++) {
      const count = max(t + 1 - start, 0);
      for (let head = 0; head < heads; head++, q += size, out += size, dOut += size, dq += size, statistics += 8) {
        const keys = kv + start * step + head * size;
        const delta = dot(dOut, out, size);
        store<f32>(statistics, delta, 4);
        dots(q, keys, step, count, scratch, size, shrink);
        dots(dOut, keys + width, step, count, slopes, size, 1);
        const lse = v128.load32_splat(statistics);
        for (let i = 0; i < count << 2; i += 16) {
          const weights = exp(f32x4.sub(v128.load(scratch + i), lse));
          v128.store(scratch + i, f32x4.mul(weights, f32x4.sub(v128.load(slopes + i), f32x4.splat(delta))));
        }
        weightedSum(scratch, keys, step, count, dq, size, shrink);
        turnHead(dq, table + t * size, size >> 1, -1);
      }
    }
  }
}

function dot(a: usize, b: usize, size: i32): f32 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < size; i += 16) sum = addProduct(sum, v128.load(a + i), v128.load(b + i));
  return sumOf(sum);
}

/** dk, turned back, and dv, side by side; after `queryGradient` has left δ. */
export function keyValueGradient(
  q: usize,
  kv: usize,
  dOut: usize,
  statistics: usize,
  starts: usize,
  table: usize,
  dkv: usize,
  scratch: usize,
  rows: i32,
  tokens: i32,
  heads: i32,
  size: i32,
): void {
  const width = heads * size;
  const step = 2 * width;
  const shrink: f32 = 1 / sqrt<f32>(<f32>(size >> 2));
  const room = (tokens + 4) << 2;
  const slopes = scratch + room;
  const lse = slopes + room;
  const delta = lse + room;
  for (let row = 0; row < rows; row++, starts += 4) {
    const start = load<i32>(starts);
    for (let head = 0; head < heads; head++) {
      const at = head * size;
      for (let t = 0; t < tokens; t++) {
        const slot = statistics + ((t * heads + head) << 3);
        store<f32>(lse + (t << 2), load<f32>(slot));
        store<f32>(delta + (t << 2), load<f32>(slot, 4));
      }
      for (let j = 0; j < tokens; j++) {
        // Nobody sees a key before its row's start.
        const count = j >= start ? tokens - j : 0;
        const key = kv + j * step + at;
        const queries = q + j * width + at;
        const gradients = dOut + j * width + at;
        dots(key, queries, width, count, scratch, size, shrink);
        dots(key + width, gradients, width, count, slopes, size, 1);
        for (let i = 0; i < count << 2; i += 16) {
          const seen = (j << 2) + i;
          const weights = exp(f32x4.sub(v128.load(scratch + i), v128.load(lse + seen)));
          v128.store(scratch + i, weights);
          v128.store(slopes + i, f32x4.mul(weights, f32x4.sub(v128.load(slopes + i), v128.load(delta + seen))));
        }
        const to = dkv + j * step + at;
        weightedSum(slopes, queries, width, count, to, size, shrink);
        weightedSum(scratch, gradients, width, count, to + width, size, 1);
        turnHead(to, table + j * size, size >> 1, -1);
      }
    }
    q += tokens * width;
    dOut += tokens * width;
    kv += tokens * step;
    dkv += tokens * step;
    statistics += (tokens * heads) << 3;
  }
}
