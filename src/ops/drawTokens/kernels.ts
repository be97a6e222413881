import { KEY_TAG, ROW_BITS } from '../../math/random';
import { defineKernel } from '../device/kernel';
import { logSumExpWgsl } from '../logSumExp/rows';
import { philoxWgsl } from './philoxWgsl';
import { drawRows } from './drawRows';

const inputs = { logits: 'f32', modelRows: 'i32', settings: 'f32', seeds: 'i32' } as const;
const tokens = { tokens: 'i32' } as const;
const withLogProbs = { ...tokens, next: 'i32', logProbs: 'f32' } as const;
const constants = ['VOCABULARY'] as const;
const attributes = ['rows', 'rowsPerRun', 'stream', 'token'] as const;

/** KL and entropy over the full vocabulary, of a row with both models. */
const measureWgsl = /* wgsl */ `
fn measure(policy: i32, policyTotal: vec2<f32>, reference: i32, referenceTotal: vec2<f32>) -> vec2<f32> {
  var kl = 0.0;
  var entropy = 0.0;
  for (var v = 0; v < VOCABULARY; v++) {
    let logP = (logits[policy + v] - policyTotal.x) - policyTotal.y;
    let logQ = (logits[reference + v] - referenceTotal.x) - referenceTotal.y;
    let p = exp(logP);
    kl += p * (logP - logQ);
    entropy -= p * logP;
  }
  return vec2<f32>(kl, entropy);
}`;

/** The drawn token in `compute`: the next input, and its log-probs. */
const logProbsWgsl = /* wgsl */ `
  let at = 2 * attributes.token * rows + index;
  let policyTotal = logSumExpOfRow(policy, VOCABULARY);
  var referenceTotal = policyTotal;
  if (both) {
    referenceTotal = logSumExpOfRow(reference, VOCABULARY);
  }
  if (policyRow >= 0) {
    next[policyRow] = drawn;
    logProbs[at] = (logits[policy + drawn] - policyTotal.x) - policyTotal.y;
  }
  if (referenceRow >= 0) {
    next[referenceRow] = drawn;
    logProbs[at + rows] = (logits[reference + drawn] - referenceTotal.x) - referenceTotal.y;
  }`;

const measuresWgsl = /* wgsl */ `
  if (both) {
    let found = measure(policy, policyTotal, reference, referenceTotal);
    measures[at] = found.x;
    measures[at + rows] = found.y;
  }`;

/** A thread a completion row. */
const codeOf = (found: 'tokens' | 'logProbs' | 'measures') => /* wgsl */ `
${philoxWgsl}
${found === 'tokens' ? '' : logSumExpWgsl('logits')}
${found === 'measures' ? measureWgsl : ''}

// −log(1 − w): a series where w is small, because WGSL's log has only absolute accuracy near 1.
fn exponential(bits: u32) -> f32 {
  let w = (f32(bits) + 0.5) * 2.3283064365386963e-10;
  let series = w * (1.0 + w * (0.5 + w * (0.33333334 + w * (0.25 + w * (0.2 + w * 0.16666667)))));
  return select(-log(max(1.0 - w, 5.9604645e-8)), series, w < 0.0625);
}

fn draw(index: i32, policy: i32, reference: i32, a: f32) -> i32 {
  let run = index / attributes.rowsPerRun;
  let row = index - run * attributes.rowsPerRun;
  let runs = attributes.rows / attributes.rowsPerRun;
  let step = bitcast<u32>(seeds[runs]);
  let high = (u32(attributes.token) << ${ROW_BITS}u) | u32(seeds[runs + 1] + row);
  let key = vec2<u32>(bitcast<u32>(seeds[run]), ${KEY_TAG}u);
  let s = settings[attributes.rows + index];
  var best = 0;
  var bestScore = -3.4e38;
  for (var start = 0; start < VOCABULARY; start += 4) {
    let bits = philox4x32(vec4<u32>(u32(start) >> 2u, high, step, u32(attributes.stream)), key);
    for (var i = 0; i < 4 && start + i < VOCABULARY; i++) {
      let h = logits[policy + start + i];
      let score = s * (h + a * (h - logits[reference + start + i])) - log(exponential(bits[i]));
      if (score > bestScore) {
        bestScore = score;
        best = start + i;
      }
    }
  }
  return best;
}

fn compute(index: i32) {
  let rows = attributes.rows;
  let policyRow = modelRows[index];
  let referenceRow = modelRows[rows + index];
  if (policyRow < 0 && referenceRow < 0) {
    return;
  }
  // A row under one model draws from that one.
  let both = policyRow >= 0 && referenceRow >= 0;
  let policy = VOCABULARY * select(referenceRow, policyRow, policyRow >= 0);
  let reference = VOCABULARY * select(policyRow, referenceRow, referenceRow >= 0);
  let drawn = draw(index, policy, reference, select(0.0, settings[index], both));
  tokens[attributes.token * rows + index] = drawn;
  ${found === 'tokens' ? '' : logProbsWgsl}
  ${found === 'measures' ? measuresWgsl : ''}
}`;

export const DRAW_TOKENS = defineKernel({
  name: 'DrawTokens',
  inputs,
  outputs: tokens,
  constants,
  attributes,
  threads: ({ rows }) => rows,
  code: codeOf('tokens'),
  host: drawRows,
});

export const DRAW_AND_READ_TOKENS = defineKernel({
  name: 'DrawAndReadTokens',
  inputs,
  outputs: withLogProbs,
  constants,
  attributes,
  threads: ({ rows }) => rows,
  code: codeOf('logProbs'),
  host: drawRows,
});

export const DRAW_AND_MEASURE_TOKENS = defineKernel({
  name: 'DrawAndMeasureTokens',
  inputs,
  outputs: { ...withLogProbs, measures: 'f32' },
  constants,
  attributes,
  threads: ({ rows }) => rows,
  code: codeOf('measures'),
  host: drawRows,
});
