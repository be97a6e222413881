import { defineKernel } from '../device/kernel';
import { logSumExpOfRow, logSumExpWgsl } from '../logSumExp/rows';

/** A thread a position. */
export const COMPLETION_LOG_PROBS = defineKernel({
  name: 'CompletionLogProbs',
  inputs: { logits: 'f32', tokens: 'i32' },
  outputs: { result: 'f32' },
  constants: ['VOCABULARY'],
  attributes: [],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
${logSumExpWgsl('logits')}
fn compute(index: i32) {
  let start = index * VOCABULARY;
  let total = logSumExpOfRow(start, VOCABULARY);
  result[index] = (logits[start + tokens[index]] - total.x) - total.y;
}`,
  host({ logits, tokens, result }, { VOCABULARY }, { routines }) {
    for (let i = 0; i < tokens.length; i++) {
      const start = i * VOCABULARY;
      const { top, below } = logSumExpOfRow(routines, logits, start, VOCABULARY);
      result[i] = logits[start + tokens[i]!]! - top - below;
    }
  },
});

/**
 * A thread a position: overwrites its logits by exponentials, then these by the gradient. A masked position does not
 * look at its slope, which may be anything there.
 */
export const LOGIT_GRADIENT = defineKernel({
  name: 'LogitGradient',
  inputs: { tokens: 'i32', mask: 'f32', slopes: 'f32' },
  outputs: { logits: 'f32' },
  constants: ['VOCABULARY'],
  attributes: ['length'],
  threads: (_, { tokens }) => tokens,
  code: /* wgsl */ `
fn compute(index: i32) {
  let start = index * VOCABULARY;
  let end = start + VOCABULARY;
  var slope = 0.0;
  if (mask[index] != 0.0) {
    slope = slopes[index / attributes.length] * mask[index];
  }
  if (slope == 0.0) {
    for (var v = start; v < end; v++) {
      logits[v] = 0.0;
    }
    return;
  }
  var maximum = logits[start];
  for (var v = start + 1; v < end; v++) {
    maximum = max(maximum, logits[v]);
  }
  var sum = 0.0;
  for (var v = start; v < end; v++) {
    let e = exp(logits[v] - maximum);
    logits[v] = e;
    sum += e;
  }
  let chosen = start + tokens[index];
  for (var v = start; v < end; v++) {
    logits[v] = slope * (select(0.0, 1.0, v == chosen) - logits[v] / sum);
  }
}`,
  host({ tokens, mask, slopes, logits }, { VOCABULARY, length }, { routines }) {
    for (let i = 0; i < tokens.length; i++) {
      const start = i * VOCABULARY;
      const slope = mask[i] === 0 ? 0 : slopes[Math.floor(i / length)]! * mask[i]!;
      if (slope === 0) {
        logits.fill(0, start, start + VOCABULARY);
        continue;
      }
      const top = routines.largest(logits, start, VOCABULARY);
      const factor = -slope / routines.sumOfExp(logits, start, VOCABULARY, top);
      routines.scaledExp(logits, logits, start, VOCABULARY, top, factor);
      const chosen = start + tokens[i]!;
      logits[chosen] = slope + logits[chosen]!;
    }
  },
});
