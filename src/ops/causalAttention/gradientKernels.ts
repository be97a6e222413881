import { defineKernel } from '../device/kernel';
import { turnHead } from '../projectHeads/rotation';
import { dot, weightedSum } from './hostLoops';
import { HEAD_LENGTHS } from './kernel';

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
  scratch: ({ tokens }) => tokens,
  host({ q, kv, out, dOut, starts, table, statistics, dq }, { HEADS, HEAD, tokens }, { scratch }) {
    const width = HEADS * HEAD;
    const shrink = 1 / Math.sqrt(HEAD);
    for (let n = 0; n < q.length / width; n++) {
      const row = Math.floor(n / tokens);
      const t = n % tokens;
      const start = starts[row]!;
      for (let head = 0; head < HEADS; head++) {
        const at = n * width + head * HEAD;
        const keys = { values: kv, start: row * tokens * 2 * width + head * HEAD, step: 2 * width };
        const slot = 2 * (n * HEADS + head);
        const lse = statistics[slot]!;
        const delta = dot(dOut, at, out, at, HEAD);
        statistics[slot + 1] = delta;
        for (let j = start; j <= t; j++) {
          const key = keys.start + j * keys.step;
          const weight = Math.exp(dot(q, at, kv, key, HEAD) * shrink - lse);
          scratch[j] = weight * (dot(dOut, at, kv, key + width, HEAD) - delta);
        }
        weightedSum(scratch, start, t + 1, shrink, keys, dq, at, HEAD);
        turnHead(dq, at, dq, at, table, t * HEAD, HEAD / 2, -1);
      }
    }
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
  scratch: ({ tokens }) => 2 * tokens,
  host({ q, kv, dOut, statistics, starts, table, dkv }, { HEADS, HEAD, tokens }, { scratch }) {
    const width = HEADS * HEAD;
    const shrink = 1 / Math.sqrt(HEAD);
    const weights = scratch.subarray(0, tokens);
    const dScores = scratch.subarray(tokens, 2 * tokens);
    for (let n = 0; n < q.length / width; n++) {
      const row = Math.floor(n / tokens);
      const j = n % tokens;
      const end = j >= starts[row]! ? tokens : j;
      for (let head = 0; head < HEADS; head++) {
        const key = n * 2 * width + head * HEAD;
        const value = key + width;
        const start = row * tokens * width + head * HEAD;
        for (let t = j; t < end; t++) {
          const query = start + t * width;
          const slot = 2 * ((row * tokens + t) * HEADS + head);
          const weight = Math.exp(dot(q, query, kv, key, HEAD) * shrink - statistics[slot]!);
          weights[t] = weight;
          dScores[t] = weight * (dot(dOut, query, kv, value, HEAD) - statistics[slot + 1]!);
        }
        weightedSum(dScores, j, end, shrink, { values: q, start, step: width }, dkv, key, HEAD);
        weightedSum(weights, j, end, 1, { values: dOut, start, step: width }, dkv, value, HEAD);
        turnHead(dkv, key, dkv, key, table, j * HEAD, HEAD / 2, -1);
      }
    }
  },
});
