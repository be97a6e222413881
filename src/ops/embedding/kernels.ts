import { defineKernel } from '../device/kernel';
import { setOfTile } from '../device/wgsl';
import { groupsOf } from '../rowSets';

/** A thread a position × 4 columns. */
export const EMBED_TOKENS = defineKernel({
  name: 'EmbedTokens',
  inputs: { ids: 'i32', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { result: 'vec4<f32>' },
  constants: ['WIDTH'],
  attributes: ['stride', 'offset', 'tokens'],
  threads: (_, { result }) => result / 4,
  code: /* wgsl */ `
${setOfTile}
fn compute(index: i32) {
  let across = WIDTH / 4;
  let position = index / across;
  let owner = setOfTile(position / 4, attributes.tokens);
  if (owner < 0) {
    return;
  }
  let table = (owner * attributes.stride + attributes.offset) / 4;
  result[index] = weights[table + ids[position] * across + index % across];
}`,
  host({ ids, weights, tiles, result }, { WIDTH, stride, offset, tokens }) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const table = set * stride + offset;
      for (let position = start * tokens; position < (start + rows) * tokens; position++) {
        const from = table + ids[position]! * WIDTH;
        const to = position * WIDTH;
        for (let c = 0; c < WIDTH; c++) result[to + c] = weights[from + c]!;
      }
    }
  },
});

/** Threads that share a set's positions for each 4 columns. */
const TOKEN_CLASSES = 16;

/**
 * Thread k of a set's 4 columns adds for the tokens ≡ k modulo 16, one after the other: no two threads write to one
 * entry, and every entry's sum runs in the order of the positions.
 */
export const ADD_EMBEDDING_GRADIENT = defineKernel({
  name: 'AddEmbeddingGradient',
  inputs: { ids: 'i32', dx: 'vec4<f32>' },
  outputs: { gradient: 'vec4<f32>' },
  constants: ['WIDTH', 'VOCABULARY'],
  attributes: ['stride', 'offset', 'positions'],
  threads: ({ WIDTH, stride }, { gradient }) => (gradient / stride) * TOKEN_CLASSES * (WIDTH / 4),
  code: /* wgsl */ `
fn compute(index: i32) {
  let across = WIDTH / 4;
  let column = index % across;
  let remainder = index / across % ${TOKEN_CLASSES};
  let owner = index / across / ${TOKEN_CLASSES};
  let table = (owner * attributes.stride + attributes.offset) / 4 + column;
  let end = (owner + 1) * attributes.positions;
  for (var position = owner * attributes.positions; position < end; position++) {
    let id = ids[position];
    if (id >= 0 && id < VOCABULARY && id % ${TOKEN_CLASSES} == remainder) {
      let at = table + id * across;
      gradient[at] = gradient[at] + dx[position * across + column];
    }
  }
}`,
  host({ ids, dx, gradient }, { WIDTH, VOCABULARY, stride, offset, positions }) {
    for (let position = 0; position < ids.length; position++) {
      const id = ids[position]!;
      if (id < 0 || id >= VOCABULARY) continue;
      const to = Math.floor(position / positions) * stride + offset + id * WIDTH;
      const from = position * WIDTH;
      for (let c = 0; c < WIDTH; c++) gradient[to + c] = gradient[to + c]! + dx[from + c]!;
    }
  },
});
