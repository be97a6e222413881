import type { Routines } from './routines';

/** Σ a[i]·b[i] over `count` floats, a multiple of four, as four sums that need not wait for each other. */
function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < count; i += 4) {
    s0 += a[aStart + i]! * b[bStart + i]!;
    s1 += a[aStart + i + 1]! * b[bStart + i + 1]!;
    s2 += a[aStart + i + 2]! * b[bStart + i + 2]!;
    s3 += a[aStart + i + 3]! * b[bStart + i + 3]!;
  }
  return s0 + s1 + (s2 + s3);
}

/** Vectors of one head, one a position, `step` floats apart. */
interface HeadVectors {
  readonly values: Float32Array;
  readonly start: number;
  readonly step: number;
}

/** out[at …] = factor · Σ over positions from … end − 1 of weights[position] · vector; `size` is a multiple of four. */
function weightedSum(
  weights: Float32Array,
  from: number,
  end: number,
  factor: number,
  { values, start, step }: HeadVectors,
  out: Float32Array,
  at: number,
  size: number,
): void {
  for (let c = 0; c < size; c += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let position = from, i = start + from * step + c; position < end; position++, i += step) {
      const weight = weights[position]!;
      s0 += weight * values[i]!;
      s1 += weight * values[i + 1]!;
      s2 += weight * values[i + 2]!;
      s3 += weight * values[i + 3]!;
    }
    out[at + c] = factor * s0;
    out[at + c + 1] = factor * s1;
    out[at + c + 2] = factor * s2;
    out[at + c + 3] = factor * s3;
  }
}

/** Turns the pairs (i, i + half) of one head by a row of the table: direction 1 forward, −1 back. */
function turnHead(
  x: Float32Array,
  at: number,
  table: Float32Array,
  row: number,
  half: number,
  direction: 1 | -1,
): void {
  for (let i = 0; i < half; i++) {
    const cos = table[row + i]!;
    const sin = direction * table[row + half + i]!;
    const first = x[at + i]!;
    const second = x[at + half + i]!;
    x[at + i] = first * cos - second * sin;
    x[at + half + i] = second * cos + first * sin;
  }
}

export const plainAttention: Pick<Routines, 'turnHeads' | 'attend' | 'queryGradient' | 'keyValueGradient'> = {
  turnHeads(x, table, { rows, step, period, heads, size }) {
    for (let n = 0; n < rows; n++) {
      for (let head = 0; head < heads; head++) {
        turnHead(x, n * step + head * size, table, (n % period) * size, size / 2, 1);
      }
    }
  },

  attend({ q, kv, starts, out, statistics, scratch }, { rows, tokens, first, length, heads, size }) {
    const width = heads * size;
    const shrink = 1 / Math.sqrt(size);

    /** One query of one head of a row whose keys, with their values behind them, begin at `keys`. */
    function attendOne(at: number, keys: number, start: number, last: number): number {
      if (start > last) {
        out.fill(0, at, at + size);
        return 0;
      }
      let top = -Infinity;
      for (let j = start; j <= last; j++) {
        const score = dot(q, at, kv, keys + j * 2 * width, size) * shrink;
        scratch[j] = score;
        if (score > top) top = score;
      }
      let total = 0;
      for (let j = start; j <= last; j++) {
        const weight = Math.exp(scratch[j]! - top);
        scratch[j] = weight;
        total += weight;
      }
      const values = { values: kv, start: keys + width, step: 2 * width };
      weightedSum(scratch, start, last + 1, 1 / total, values, out, at, size);
      return top + Math.log(total);
    }

    for (let n = 0; n < rows * tokens; n++) {
      const row = Math.floor(n / tokens);
      for (let head = 0; head < heads; head++) {
        const at = head * size;
        const keys = row * length * 2 * width + at;
        statistics[2 * (n * heads + head)] = attendOne(n * width + at, keys, starts[row]!, first + (n % tokens));
      }
    }
  },

  queryGradient({ q, kv, out, dOut, starts, table, statistics, dq, scratch }, { rows, tokens, heads, size }) {
    const width = heads * size;
    const shrink = 1 / Math.sqrt(size);
    for (let n = 0; n < rows * tokens; n++) {
      const row = Math.floor(n / tokens);
      const t = n % tokens;
      const start = starts[row]!;
      for (let head = 0; head < heads; head++) {
        const at = n * width + head * size;
        const keys = { values: kv, start: row * tokens * 2 * width + head * size, step: 2 * width };
        const slot = 2 * (n * heads + head);
        const lse = statistics[slot]!;
        const delta = dot(dOut, at, out, at, size);
        statistics[slot + 1] = delta;
        for (let j = start; j <= t; j++) {
          const key = keys.start + j * keys.step;
          const weight = Math.exp(dot(q, at, kv, key, size) * shrink - lse);
          scratch[j] = weight * (dot(dOut, at, kv, key + width, size) - delta);
        }
        weightedSum(scratch, start, t + 1, shrink, keys, dq, at, size);
        turnHead(dq, at, table, t * size, size / 2, -1);
      }
    }
  },

  keyValueGradient({ q, kv, dOut, statistics, starts, table, dkv, scratch }, { rows, tokens, heads, size }) {
    const width = heads * size;
    const shrink = 1 / Math.sqrt(size);
    const weights = scratch.subarray(0, tokens);
    const dScores = scratch.subarray(tokens, 2 * tokens);
    for (let n = 0; n < rows * tokens; n++) {
      const row = Math.floor(n / tokens);
      const j = n % tokens;
      const end = j >= starts[row]! ? tokens : j;
      for (let head = 0; head < heads; head++) {
        const key = n * 2 * width + head * size;
        const value = key + width;
        const start = row * tokens * width + head * size;
        for (let t = j; t < end; t++) {
          const query = start + t * width;
          const slot = 2 * ((row * tokens + t) * heads + head);
          const weight = Math.exp(dot(q, query, kv, key, size) * shrink - statistics[slot]!);
          weights[t] = weight;
          dScores[t] = weight * (dot(dOut, query, kv, value, size) - statistics[slot + 1]!);
        }
        weightedSum(dScores, j, end, shrink, { values: q, start, step: width }, dkv, key, size);
        weightedSum(weights, j, end, 1, { values: dOut, start, step: width }, dkv, value, size);
        turnHead(dkv, key, table, j * size, size / 2, -1);
      }
    }
  },
};
