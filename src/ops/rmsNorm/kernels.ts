import { registerThreadKernel } from '../threadKernel';

export const RMS_EPSILON = 1e-5;

export const NORM = 'RmsNorm';
/** 1/√(mean(x²) + ε) of every row. */
export const SCALE = 'RmsNormScale';
export const GRADIENT_X = 'RmsNormGradientX';
export const GRADIENT_GAIN = 'RmsNormGradientGain';

/** Threads: one a row, [W, M]. */
const rows = ([x]: readonly (readonly number[])[]) => x![0]! * x![1]!;

const scaleOfRow = /* wgsl */ `
fn scaleOfRow(start: i32, width: i32) -> f32 {
  var sum = 0.0;
  for (var i = start; i < start + width; i++) {
    sum += x[i] * x[i];
  }
  return inverseSqrt(sum / f32(width) + ${RMS_EPSILON});
}`;

registerThreadKernel({
  name: NORM,
  inputs: ['x', 'gain'],
  dtype: 'float32',
  shape: ([x]) => [...x!],
  threads: rows,
  code: /* wgsl */ `
${scaleOfRow}
fn compute(index: i32) {
  let width = uniforms.xShape[2];
  let start = index * width;
  let gainStart = index / uniforms.xShape[1] * width;
  let scale = scaleOfRow(start, width);
  for (var i = 0; i < width; i++) {
    result[start + i] = x[start + i] * scale * gain[gainStart + i];
  }
}`,
});

registerThreadKernel({
  name: SCALE,
  inputs: ['x'],
  dtype: 'float32',
  shape: ([x]) => x!.slice(0, 2),
  code: /* wgsl */ `
${scaleOfRow}
fn compute(index: i32) {
  result[index] = scaleOfRow(index * uniforms.xShape[2], uniforms.xShape[2]);
}`,
});

/** dx = s·(g ⊙ dy) − x·s³·mean(g ⊙ dy ⊙ x), s the row's scale. */
registerThreadKernel({
  name: GRADIENT_X,
  inputs: ['x', 'gain', 'scale', 'dy'],
  dtype: 'float32',
  shape: ([x]) => [...x!],
  threads: rows,
  code: /* wgsl */ `
fn compute(index: i32) {
  let width = uniforms.xShape[2];
  let start = index * width;
  let gainStart = index / uniforms.xShape[1] * width;
  let s = scale[index];
  var dot = 0.0;
  for (var i = 0; i < width; i++) {
    dot += gain[gainStart + i] * dy[start + i] * x[start + i];
  }
  let pull = s * s * s * dot / f32(width);
  for (var i = 0; i < width; i++) {
    result[start + i] = s * gain[gainStart + i] * dy[start + i] - x[start + i] * pull;
  }
}`,
});

/** dgain = Σ over rows of dy ⊙ x·s; a thread a column, so the sum's order is fixed. */
registerThreadKernel({
  name: GRADIENT_GAIN,
  inputs: ['x', 'scale', 'dy'],
  dtype: 'float32',
  shape: ([x]) => [x![0]!, x![2]!],
  code: /* wgsl */ `
fn compute(index: i32) {
  let rows = uniforms.xShape[1];
  let width = uniforms.xShape[2];
  let run = index / width;
  let column = index % width;
  var sum = 0.0;
  for (var row = run * rows; row < (run + 1) * rows; row++) {
    sum += dy[row * width + column] * x[row * width + column] * scale[row];
  }
  result[index] = sum;
}`,
});
