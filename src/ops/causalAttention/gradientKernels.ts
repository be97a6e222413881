import { defineKernel } from '../device/kernel';
import { attentionScratch } from '../routines/routines';
import { HEAD_LENGTHS } from './kernels';

/*
 * With scores s = q·k/√d, weights p = exp(s − lse) and δ = dOut·out (Dao et al. 2022):
 * ds = p·(dOut·v − δ), dq = Σ over keys of ds·k/√d, dk = Σ over queries of ds·q/√d, dv = Σ over queries of p·dOut.
 * The weights are computed again, from the lse that the forward pass left. dq and dk are then turned back.
 */

/** WGSL: `turnedBack(first, second, position, c)`, of the c-th vec4 of a head's first half and its partner. */
const turnedBack = /* wgsl */ `
fn turnedBack(first: vec4<f32>, second: vec4<f32>, position: i32, c: i32) -> array<vec4<f32>, 2> {
  let cosine = table[position * SLICE + c];
  let sine = table[position * SLICE + SLICE / 2 + c];
  return array<vec4<f32>, 2>(first * cosine + second * sine, second * cosine - first * sine);
}`;

/** A thread a query; leaves δ in slot 1 of its statistics. */
export const QUERY_GRADIENT = defineKernel({
  name: 'CausalAttentionQueryGradient',
  inputs: { q: 'vec4<f32>', kv: 'vec4<f32>', out: 'vec4<f32>', dOut: 'vec4<f32>', starts: 'i32', table: 'vec4<f32>' },
  outputs: { statistics: 'f32', dq: 'vec4<f32>' },
  constants: ['HEADS', 'HEAD'],
  attributes: ['tokens'],
  threads: ({ HEAD }, { q }) => q / HEAD,
  code: /* wgsl */ `
${HEAD_LENGTHS}
${turnedBack}
fn compute(index: i32) {
  let t = index % attributes.tokens;
  let head = index / attributes.tokens % HEADS;
  let row = index / attributes.tokens / HEADS;
  let position = row * attributes.tokens + t;
  let at = position * ACROSS + head * SLICE;
  let keys = row * attributes.tokens * 2 * ACROSS + head * SLICE;
  let slot = 2 * (position * HEADS + head);
  let lse = statistics[slot];

  var query: array<vec4<f32>, SLICE>;
  var slope: array<vec4<f32>, SLICE>;
  var delta = 0.0;
  for (var c = 0; c < SLICE; c++) {
    query[c] = q[at + c] * SHRINK;
    slope[c] = dOut[at + c];
    delta += dot(slope[c], out[at + c]);
  }
  // No key for a query before its row's start: zeros.
  var sum = array<vec4<f32>, SLICE>();
  for (var j = starts[row]; j <= t; j++) {
    let key = keys + j * 2 * ACROSS;
    var score = 0.0;
    var dWeight = 0.0;
    for (var c = 0; c < SLICE; c++) {
      score += dot(query[c], kv[key + c]);
      dWeight += dot(slope[c], kv[key + ACROSS + c]);
    }
    let dScore = exp(score - lse) * (dWeight - delta);
    for (var c = 0; c < SLICE; c++) {
      sum[c] += dScore * kv[key + c];
    }
  }
  statistics[slot + 1] = delta;
  for (var c = 0; c < SLICE / 2; c++) {
    let turned = turnedBack(sum[c] * SHRINK, sum[c + SLICE / 2] * SHRINK, t, c);
    dq[at + c] = turned[0];
    dq[at + c + SLICE / 2] = turned[1];
  }
}`,
  scratch: ({ tokens }) => attentionScratch(tokens),
  host(arrays, { HEADS, HEAD, tokens }, { routines, scratch }) {
    const rows = arrays.starts.length;
    routines.queryGradient({ ...arrays, scratch }, { rows, tokens, heads: HEADS, size: HEAD });
  },
});

/** A thread a key and its value, after the queries have left δ. */
export const KEY_VALUE_GRADIENT = defineKernel({
  name: 'CausalAttentionKeyValueGradient',
  inputs: {
    q: 'vec4<f32>',
    kv: 'vec4<f32>',
    dOut: 'vec4<f32>',
    statistics: 'f32',
    starts: 'i32',
    table: 'vec4<f32>',
  },
  outputs: { dkv: 'vec4<f32>' },
  constants: ['HEADS', 'HEAD'],
  attributes: ['tokens'],
  threads: ({ HEAD }, { q }) => q / HEAD,
  code: /* wgsl */ `
${HEAD_LENGTHS}
${turnedBack}
fn compute(index: i32) {
  let j = index % attributes.tokens;
  let head = index / attributes.tokens % HEADS;
  let row = index / attributes.tokens / HEADS;
  let at = (row * attributes.tokens + j) * 2 * ACROSS + head * SLICE;

  var key: array<vec4<f32>, SLICE>;
  var value: array<vec4<f32>, SLICE>;
  for (var c = 0; c < SLICE; c++) {
    key[c] = kv[at + c] * SHRINK;
    value[c] = kv[at + ACROSS + c];
  }
  var dKey = array<vec4<f32>, SLICE>();
  var dValue = array<vec4<f32>, SLICE>();
  // Nobody sees a key before its row's start: zeros.
  let end = select(j, attributes.tokens, j >= starts[row]);
  for (var t = j; t < end; t++) {
    let position = row * attributes.tokens + t;
    let query = position * ACROSS + head * SLICE;
    let slot = 2 * (position * HEADS + head);
    var score = 0.0;
    var dWeight = 0.0;
    for (var c = 0; c < SLICE; c++) {
      score += dot(q[query + c], key[c]);
      dWeight += dot(dOut[query + c], value[c]);
    }
    let weight = exp(score - statistics[slot]);
    let dScore = weight * (dWeight - statistics[slot + 1]);
    for (var c = 0; c < SLICE; c++) {
      dKey[c] += dScore * q[query + c];
      dValue[c] += weight * dOut[query + c];
    }
  }
  for (var c = 0; c < SLICE / 2; c++) {
    let turned = turnedBack(dKey[c] * SHRINK, dKey[c + SLICE / 2] * SHRINK, j, c);
    dkv[at + c] = turned[0];
    dkv[at + c + SLICE / 2] = turned[1];
  }
  for (var c = 0; c < SLICE; c++) {
    dkv[at + ACROSS + c] = dValue[c];
  }
}`,
  scratch: ({ tokens }) => attentionScratch(tokens),
  host(arrays, { HEADS, HEAD, tokens }, { routines, scratch }) {
    const rows = arrays.starts.length;
    routines.keyValueGradient({ ...arrays, scratch }, { rows, tokens, heads: HEADS, size: HEAD });
  },
});
