import { defineKernel } from '../device/kernel';
import { FOUR, LANES, setOfTile, tileOfThread } from '../device/wgsl';
import { RMS_EPSILON } from '../rmsNorm/composed';
import { groupsOf } from '../rowSets';

/**
 * A thread a tile of 4 predicted positions × 4 vocabulary entries. Neighbouring predicted positions may lie in two rows,
 * but always in the same tile of rows. Loads beyond the vocabulary are clamped to its last entry, never to what follows
 * it; what they yield is not written.
 */
export const NORMED_LOGITS = defineKernel({
  name: 'NormedLogits',
  inputs: { x: 'vec4<f32>', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { logits: 'f32', scale: 'f32' },
  constants: ['WIDTH', 'VOCABULARY'],
  attributes: ['stride', 'gain', 'embedding', 'tokens', 'skip', 'count'],
  threads: ({ VOCABULARY }, { scale }) => (scale / 4) * Math.ceil(VOCABULARY / 4),
  code: /* wgsl */ `
${setOfTile}
fn startOf(predicted: i32) -> i32 {
  let row = predicted / attributes.count;
  return (row * attributes.tokens + attributes.skip + predicted % attributes.count) * (WIDTH / 4);
}

fn finish(predicted: i32, entry: i32, sum: vec4<f32>, squares: f32) {
  let s = inverseSqrt(squares / f32(WIDTH) + ${RMS_EPSILON});
  let at = predicted * VOCABULARY + entry;
${LANES.map((lane, j) => `  if (entry + ${j} < VOCABULARY) { logits[at + ${j}] = sum.${lane} * s; }`).join('\n')}
  if (entry == 0) {
    scale[predicted] = s;
  }
}

fn compute(index: i32) {
  ${tileOfThread('(VOCABULARY + 3) / 4', 'attributes.count')}
  let entry = 4 * column;
  let width = WIDTH / 4;
  let gainStart = (owner * attributes.stride + attributes.gain) / 4;
  let table = (owner * attributes.stride + attributes.embedding) / 4;
${FOUR.map(
  (k) => `  let start${k} = startOf(4 * tile + ${k});
  let entry${k} = table + min(entry + ${k}, VOCABULARY - 1) * width;
  var sum${k} = vec4<f32>();
  var squares${k} = 0.0;`,
).join('\n')}
  for (var i = 0; i < width; i++) {
    let gain = weights[gainStart + i];
    let entries = mat4x4<f32>(
      weights[entry0 + i], weights[entry1 + i], weights[entry2 + i], weights[entry3 + i]);
${FOUR.map(
  (k) => `    let x${k} = x[start${k} + i];
    squares${k} += dot(x${k}, x${k});
    sum${k} += (x${k} * gain) * entries;`,
).join('\n')}
  }
${FOUR.map((k) => `  finish(4 * tile + ${k}, entry, sum${k}, squares${k});`).join('\n')}
}`,
  scratch: ({ WIDTH }, { scale }) => scale * WIDTH,
  host(
    { x, weights, tiles, logits, scale },
    { WIDTH, VOCABULARY, stride, gain, embedding, tokens, skip, count },
    { routines, scratch },
  ) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const own = weights.subarray(set * stride, (set + 1) * stride);
      const [first, predicted] = [start * count, rows * count];
      const states = x.subarray((start * tokens + skip) * WIDTH);
      const predictedRows = { blocks: rows, count, step: tokens * WIDTH, width: WIDTH };
      routines.normRows(states, own.subarray(gain), scratch, scale.subarray(first), predictedRows);
      routines.product({
        a: scratch,
        b: own.subarray(embedding, embedding + VOCABULARY * WIDTH),
        out: logits.subarray(first * VOCABULARY, (first + predicted) * VOCABULARY),
        rows: predicted,
        inner: WIDTH,
        columns: VOCABULARY,
        transposed: 'b',
      });
    }
  },
});

/** A thread a tile of 4 predicted positions × 4 columns. */
export const LOGITS_GRADIENT = defineKernel({
  name: 'LogitsGradient',
  inputs: { dLogits: 'f32', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { result: 'vec4<f32>' },
  constants: ['WIDTH', 'VOCABULARY'],
  attributes: ['stride', 'offset', 'count'],
  threads: (_, { result }) => result / 16,
  code: /* wgsl */ `
${setOfTile}
fn compute(index: i32) {
  ${tileOfThread('WIDTH / 4', 'attributes.count')}
  let start = (owner * attributes.stride + attributes.offset) / 4 + column;
  let row = 4 * tile * VOCABULARY;
${FOUR.map((k) => `  var sum${k} = vec4<f32>();`).join('\n')}
  for (var v = 0; v < VOCABULARY; v++) {
    let entry = weights[start + v * across];
${FOUR.map((k) => `    sum${k} += dLogits[row + ${k} * VOCABULARY + v] * entry;`).join('\n')}
  }
${FOUR.map((k) => `  result[(4 * tile + ${k}) * across + column] = sum${k};`).join('\n')}
}`,
  host({ dLogits, weights, tiles, result }, { WIDTH, VOCABULARY, stride, offset, count }, { routines }) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const [first, predicted] = [start * count, rows * count];
      const table = set * stride + offset;
      routines.product({
        a: dLogits.subarray(first * VOCABULARY, (first + predicted) * VOCABULARY),
        b: weights.subarray(table, table + VOCABULARY * WIDTH),
        out: result.subarray(first * WIDTH, (first + predicted) * WIDTH),
        rows: predicted,
        inner: VOCABULARY,
        columns: WIDTH,
      });
    }
  },
});

/** A thread a tile of 4 vocabulary entries × 4 columns, over all of its set's predicted positions in order. */
export const UNEMBEDDING_GRADIENT = defineKernel({
  name: 'UnembeddingGradient',
  inputs: { dLogits: 'f32', x: 'vec4<f32>', scale: 'f32', weights: 'vec4<f32>' },
  outputs: { gradient: 'vec4<f32>' },
  constants: ['WIDTH', 'VOCABULARY'],
  attributes: ['stride', 'gain', 'embedding', 'rows', 'tokens', 'skip', 'count'],
  threads: ({ WIDTH, VOCABULARY, stride }, { gradient }) =>
    (gradient / stride) * Math.ceil(VOCABULARY / 4) * (WIDTH / 4),
  code: /* wgsl */ `
fn compute(index: i32) {
  let across = WIDTH / 4;
  let down = (VOCABULARY + 3) / 4;
  let owner = index / (across * down);
  let entry = index / across % down * 4;
  let column = index % across;
${FOUR.map((k) => `  let entry${k} = min(entry + ${k}, VOCABULARY - 1);`).join('\n')}
  var sums = mat4x4<f32>();
  for (var row = owner * attributes.rows; row < (owner + 1) * attributes.rows; row++) {
    for (var t = 0; t < attributes.count; t++) {
      let predicted = row * attributes.count + t;
      let at = predicted * VOCABULARY;
      let slopes = scale[predicted]
        * vec4<f32>(dLogits[at + entry0], dLogits[at + entry1], dLogits[at + entry2], dLogits[at + entry3]);
      let right = x[(row * attributes.tokens + attributes.skip + t) * across + column];
${LANES.map((lane, j) => `      sums[${j}] += slopes.${lane} * right;`).join('\n')}
    }
  }
  let gain = weights[(owner * attributes.stride + attributes.gain) / 4 + column];
  let start = (owner * attributes.stride + attributes.embedding) / 4 + column;
${FOUR.map((k) => `  if (entry + ${k} < VOCABULARY) { gradient[start + entry${k} * across] = sums[${k}] * gain; }`).join('\n')}
}`,
  scratch: ({ WIDTH, rows, count }) => rows * count * WIDTH,
  host(
    { dLogits, x, scale, weights, gradient },
    { WIDTH, VOCABULARY, stride, gain, embedding, rows, tokens, skip, count },
    { routines, scratch: normed },
  ) {
    const predicted = rows * count;
    for (let set = 0; set * stride < gradient.length; set++) {
      const base = set * stride;
      const states = x.subarray((set * rows * tokens + skip) * WIDTH);
      const scales = scale.subarray(set * predicted, (set + 1) * predicted);
      const predictedRows = { blocks: rows, count, step: tokens * WIDTH, width: WIDTH };
      routines.scaleRows(states, scales, weights.subarray(base + gain), normed, predictedRows);
      routines.product({
        a: dLogits.subarray(set * predicted * VOCABULARY, (set + 1) * predicted * VOCABULARY),
        b: normed,
        out: gradient.subarray(base + embedding, base + embedding + VOCABULARY * WIDTH),
        rows: VOCABULARY,
        inner: predicted,
        columns: WIDTH,
        transposed: 'a',
      });
    }
  },
});
