import { defineKernel } from '../device/kernel';
import { logSumExpOfRow, logSumExpWgsl } from '../logSumExp/rows';

/** A thread a position. */
export const SCATTER_LOG_PROBS = defineKernel({
  name: 'ScatterLogProbs',
  inputs: { logits: 'f32', tokens: 'i32', slots: 'i32' },
  outputs: { logProbs: 'f32' },
  constants: ['VOCABULARY'],
  attributes: ['length', 'rows'],
  threads: ({ length }, { slots }) => slots * length,
  code: /* wgsl */ `
${logSumExpWgsl('logits')}
fn compute(index: i32) {
  let slot = slots[index / attributes.length];
  if (slot < 0) {
    return;
  }
  let c = index % attributes.length;
  let start = index * VOCABULARY;
  let total = logSumExpOfRow(start, VOCABULARY);
  let token = tokens[c * attributes.rows + slot % attributes.rows];
  logProbs[2 * c * attributes.rows + slot] = (logits[start + token] - total.x) - total.y;
}`,
  host({ logits, tokens, slots, logProbs }, { VOCABULARY, length, rows }, { routines }) {
    slots.forEach((slot, m) => {
      if (slot < 0) return;
      for (let c = 0; c < length; c++) {
        const start = (m * length + c) * VOCABULARY;
        const token = tokens[c * rows + (slot % rows)]!;
        const { top, below } = logSumExpOfRow(routines, logits, start, VOCABULARY);
        logProbs[2 * c * rows + slot] = logits[start + token]! - top - below;
      }
    });
  },
});

/** A thread a token. */
export const ASSEMBLE_TOKENS = defineKernel({
  name: 'AssembleTokens',
  inputs: { prompts: 'i32', tokens: 'i32', slots: 'i32' },
  outputs: { result: 'i32' },
  constants: [],
  attributes: ['promptLength', 'length', 'rows'],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
fn compute(index: i32) {
  let total = attributes.promptLength + attributes.length - 1;
  let slot = slots[index / total];
  let t = index % total;
  if (slot < 0) {
    result[index] = 0;
    return;
  }
  let row = slot % attributes.rows;
  if (t < attributes.promptLength) {
    result[index] = prompts[row * attributes.promptLength + t];
  } else {
    result[index] = tokens[(t - attributes.promptLength) * attributes.rows + row];
  }
}`,
  host({ prompts, tokens, slots, result }, { promptLength, length, rows }) {
    const total = promptLength + length - 1;
    result.fill(0);
    slots.forEach((slot, m) => {
      if (slot < 0) return;
      const row = slot % rows;
      const start = m * total;
      for (let t = 0; t < promptLength; t++) result[start + t] = prompts[row * promptLength + t]!;
      for (let c = 0; c < length - 1; c++) result[start + promptLength + c] = tokens[c * rows + row]!;
    });
  },
});
