import { defineKernel } from '../device/kernel';
import { attentionScratch } from '../routines/routines';
import { groupsOf, ROW_TILE } from '../rowSets';

/** Lengths in vec4: of a position's row, of a head in it. */
export const HEAD_LENGTHS = /* wgsl */ `
const ACROSS = HEADS * HEAD / 4;
const SLICE = HEAD / 4;
const SHRINK = inverseSqrt(f32(HEAD));`;

/**
 * A thread a query: one pass over the keys with a running maximum and sum (Milakov and Gimelshein 2018). Neighbouring
 * threads are queries of one row and head, which read the same keys.
 */
export const CAUSAL_ATTENTION = defineKernel({
  name: 'CausalAttention',
  inputs: { q: 'vec4<f32>', kv: 'vec4<f32>', starts: 'i32', tiles: 'i32' },
  outputs: { result: 'vec4<f32>', statistics: 'f32' },
  constants: ['HEADS', 'HEAD'],
  attributes: ['tokens', 'first', 'length'],
  threads: ({ HEAD }, { q }) => q / HEAD,
  code: /* wgsl */ `
${HEAD_LENGTHS}
var<private> query: array<vec4<f32>, SLICE>;

fn score(key: i32) -> f32 {
  var sum = 0.0;
  for (var c = 0; c < SLICE; c++) {
    sum += dot(query[c], kv[key + c]);
  }
  return sum;
}

fn compute(index: i32) {
  let t = index % attributes.tokens;
  let head = index / attributes.tokens % HEADS;
  let row = index / attributes.tokens / HEADS;
  if (tiles[row / ${ROW_TILE}] < 0) {
    return;
  }
  let position = row * attributes.tokens + t;
  let at = position * ACROSS + head * SLICE;
  let keys = row * attributes.length * 2 * ACROSS + head * SLICE;
  let start = starts[row];
  let last = attributes.first + t;
  var sum = array<vec4<f32>, SLICE>();
  var statistic = 0.0;
  if (start <= last) {
    for (var c = 0; c < SLICE; c++) {
      query[c] = q[at + c] * SHRINK;
    }
    // The first key's score, for want of a −∞ to begin with.
    var top = score(keys + start * 2 * ACROSS);
    var total = 0.0;
    for (var j = start; j <= last; j++) {
      let key = keys + j * 2 * ACROSS;
      let own = score(key);
      let higher = max(top, own);
      let kept = exp(top - higher);
      let weight = exp(own - higher);
      top = higher;
      total = total * kept + weight;
      for (var c = 0; c < SLICE; c++) {
        sum[c] = sum[c] * kept + weight * kv[key + ACROSS + c];
      }
    }
    for (var c = 0; c < SLICE; c++) {
      sum[c] /= total;
    }
    statistic = top + log(total);
  }
  for (var c = 0; c < SLICE; c++) {
    result[at + c] = sum[c];
  }
  statistics[2 * (position * HEADS + head)] = statistic;
}`,
  scratch: ({ length }) => attentionScratch(length),
  host({ q, kv, starts, tiles, result, statistics }, { HEADS, HEAD, tokens, first, length }, { routines, scratch }) {
    const width = HEADS * HEAD;
    for (const { start, rows } of groupsOf(tiles)) {
      const part = <A extends Float32Array | Int32Array>(array: A, perRow: number) =>
        array.subarray(start * perRow, (start + rows) * perRow) as A;
      routines.attend(
        {
          q: part(q, tokens * width),
          kv: part(kv, length * 2 * width),
          starts: part(starts, 1),
          out: part(result, tokens * width),
          statistics: part(statistics, tokens * HEADS * 2),
          scratch,
        },
        { rows, tokens, first, length, heads: HEADS, size: HEAD },
      );
    }
  },
});
