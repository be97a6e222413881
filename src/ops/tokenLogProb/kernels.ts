import { registerHostKernel } from '../hostKernel';
import { logSumExpOfRow, logSumExpWgsl } from '../logSumExp/rows';
import { registerThreadKernel } from '../threadKernel';

export const FORWARD = 'TokenLogProb';
export const BACKWARD = 'TokenLogProbGradient';

const forward = {
  name: FORWARD,
  inputs: ['logits', 'tokens'],
  dtype: 'float32',
  shape: (shapes: readonly (readonly number[])[]) => [...shapes[1]!],
} as const;

const backward = {
  name: BACKWARD,
  inputs: ['logits', 'tokens', 'dy'],
  dtype: 'float32',
  shape: (shapes: readonly (readonly number[])[]) => [...shapes[0]!],
} as const;

registerHostKernel({
  ...forward,
  compute: ([logits, tokens], _attributes, out) => {
    const vocabulary = logits!.shape[2]!;
    const values = logits!.values as Float32Array;
    const ids = tokens!.values as Int32Array;
    for (let i = 0; i < ids.length; i++) {
      const start = i * vocabulary;
      out[i] = values[start + ids[i]!]! - logSumExpOfRow(values, start, vocabulary);
    }
  },
});

registerHostKernel({
  ...backward,
  compute: ([logits, tokens, dy], _attributes, out) => {
    const vocabulary = logits!.shape[2]!;
    const values = logits!.values as Float32Array;
    const ids = tokens!.values as Int32Array;
    for (let i = 0; i < ids.length; i++) {
      const start = i * vocabulary;
      const slope = dy!.values[i]!;
      // A masked token has no gradient: spare its softmax.
      if (slope === 0) {
        out.fill(0, start, start + vocabulary);
        continue;
      }
      const total = logSumExpOfRow(values, start, vocabulary);
      for (let v = start; v < start + vocabulary; v++) out[v] = -slope * Math.exp(values[v]! - total);
      const chosen = start + ids[i]!;
      out[chosen] = out[chosen]! + slope;
    }
  },
});

/** One thread a row. */
registerThreadKernel({
  ...forward,
  code: /* wgsl */ `
${logSumExpWgsl('logits')}
fn compute(index: i32) {
  let vocabulary = uniforms.logitsShape[2];
  let start = index * vocabulary;
  let total = logSumExpOfRow(start, vocabulary);
  result[index] = (logits[start + tokens[index]] - total.x) - total.y;
}`,
});

/** One thread a row. */
registerThreadKernel({
  ...backward,
  threads: (shapes) => shapes[1]![0]! * shapes[1]![1]!,
  code: /* wgsl */ `
${logSumExpWgsl('logits')}
fn compute(index: i32) {
  let vocabulary = uniforms.logitsShape[2];
  let start = index * vocabulary;
  let slope = dy[index];
  if (slope == 0.0) {
    for (var v = start; v < start + vocabulary; v++) {
      result[v] = 0.0;
    }
    return;
  }
  let total = logSumExpOfRow(start, vocabulary);
  let chosen = start + tokens[index];
  for (var v = start; v < start + vocabulary; v++) {
    result[v] = slope * (select(0.0, 1.0, v == chosen) - exp((logits[v] - total.x) - total.y));
  }
}`,
});
