import type { HostDevice } from '../device/hostDevice';
import { defineKernel, type Arrays } from '../device/kernel';
import { groupsOf } from '../rowSets';

const INPUTS = { dy: 'vec4<f32>', x: 'vec4<f32>', scale: 'f32', weights: 'vec4<f32>', tiles: 'i32' } as const;
const OUTPUTS = { dx: 'vec4<f32>' } as const;
const NUMBERS = {
  constants: ['WIDTH'],
  attributes: ['stride', 'offset', 'tokens', 'skip', 'count'],
} as const;
const threads = ({ WIDTH }: { WIDTH: number }, { dx }: { dx: number }): number => dx / WIDTH;

/** A thread a position. With n = x·s, dx = s·(g ⊙ dy − n·mean(g ⊙ dy ⊙ n)): the cube of s is never formed. */
const inputGradientWgsl = (residual: string) => /* wgsl */ `
fn compute(index: i32) {
  let row = index / attributes.tokens;
  let owner = tiles[row / 4];
  if (owner < 0) {
    return;
  }
  let across = WIDTH / 4;
  let start = index * across;
  let t = index % attributes.tokens - attributes.skip;
  if (t < 0 || t >= attributes.count) {
    for (var i = start; i < start + across; i++) {
      dx[i] = ${residual};
    }
    return;
  }
  let predicted = row * attributes.count + t;
  let source = predicted * across - start;
  let gain = (owner * attributes.stride + attributes.offset) / 4 - start;
  let s = scale[predicted];
  var sums = vec4<f32>();
  for (var i = start; i < start + across; i++) {
    sums += weights[gain + i] * dy[source + i] * (x[i] * s);
  }
  let mean = dot(sums, vec4<f32>(1.0)) / f32(WIDTH);
  for (var i = start; i < start + across; i++) {
    dx[i] = ${residual} + s * (weights[gain + i] * dy[source + i] - x[i] * s * mean);
  }
}`;

function inputGradientOnHost(
  { dy, x, scale, weights, tiles, dx }: Arrays<typeof INPUTS & typeof OUTPUTS>,
  residual: Float32Array | null,
  numbers: Readonly<Record<(typeof NUMBERS)['constants' | 'attributes'][number], number>>,
  { routines }: HostDevice,
): void {
  const { WIDTH, stride, offset, tokens, skip, count } = numbers;
  for (const { set, start, rows } of groupsOf(tiles)) {
    const [from, to] = [start * tokens * WIDTH, (start + rows) * tokens * WIDTH];
    if (residual) dx.set(residual.subarray(from, to), from);
    else dx.fill(0, from, to);
    const states = (array: Float32Array) => array.subarray(from + skip * WIDTH, to);
    const gain = weights.subarray(set * stride + offset);
    const readRows = { blocks: rows, count, step: tokens * WIDTH, width: WIDTH };
    const [slopes, scales] = [dy.subarray(start * count * WIDTH), scale.subarray(start * count)];
    routines.addNormGradient(slopes, states(x), scales, gain, states(dx), readRows);
  }
}

export const RMS_NORM_INPUT_GRADIENT = defineKernel({
  name: 'RmsNormInputGradient',
  inputs: INPUTS,
  outputs: OUTPUTS,
  ...NUMBERS,
  threads,
  code: inputGradientWgsl('vec4<f32>()'),
  host: (arrays, numbers, device) => inputGradientOnHost(arrays, null, numbers, device),
});

/** With a residual stream's gradient, which it adds to. */
export const RMS_NORM_RESIDUAL_GRADIENT = defineKernel({
  name: 'RmsNormResidualGradient',
  inputs: { ...INPUTS, residual: 'vec4<f32>' },
  outputs: OUTPUTS,
  ...NUMBERS,
  threads,
  code: inputGradientWgsl('residual[i]'),
  host: (arrays, numbers, device) => inputGradientOnHost(arrays, arrays.residual, numbers, device),
});

/** A thread four columns of a set, over all of its positions in order. */
export const RMS_NORM_GAIN_GRADIENT = defineKernel({
  name: 'RmsNormGainGradient',
  inputs: { dy: 'vec4<f32>', x: 'vec4<f32>', scale: 'f32' },
  outputs: { gradient: 'vec4<f32>' },
  constants: ['WIDTH'],
  attributes: ['stride', 'offset', 'rows', 'tokens', 'skip', 'count'],
  threads: ({ WIDTH, stride }, { gradient }) => (gradient / stride) * (WIDTH / 4),
  code: /* wgsl */ `
fn compute(index: i32) {
  let across = WIDTH / 4;
  let owner = index / across;
  let column = index % across;
  var sum = vec4<f32>();
  for (var row = owner * attributes.rows; row < (owner + 1) * attributes.rows; row++) {
    for (var t = 0; t < attributes.count; t++) {
      let predicted = row * attributes.count + t;
      let at = (row * attributes.tokens + attributes.skip + t) * across + column;
      sum += dy[predicted * across + column] * (x[at] * scale[predicted]);
    }
  }
  gradient[(owner * attributes.stride + attributes.offset) / 4 + column] = sum;
}`,
  host({ dy, x, scale, gradient }, { WIDTH, stride, offset, rows, tokens, skip, count }, { routines }) {
    const readRows = { blocks: rows, count, step: tokens * WIDTH, width: WIDTH };
    for (let set = 0; set * stride < gradient.length; set++) {
      const out = gradient.subarray(set * stride + offset, set * stride + offset + WIDTH);
      const states = x.subarray((set * rows * tokens + skip) * WIDTH);
      const slopes = dy.subarray(set * rows * count * WIDTH);
      routines.addGainGradient(slopes, states, scale.subarray(set * rows * count), out.fill(0), readRows);
    }
  },
});
