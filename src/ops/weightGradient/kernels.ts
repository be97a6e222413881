import { defineKernel } from '../device/kernel';
import { ARRANGEMENTS, termAttributes, termInputs } from '../inputGradient/terms';

/**
 * `fn NAME(owner, row, length, column) -> mat4x4<f32>`: Σ over the set's positions of four columns of x times four
 * columns of dy, a row of the result in each column of the matrix. The last three arguments in vec4; length: from one
 * row of dy to the next.
 */
const outerProducts = (name: string, dy: string, normed: boolean) => /* wgsl */ `
fn ${name}(owner: i32, row: i32, length: i32, column: i32) -> mat4x4<f32> {
  var sum = mat4x4<f32>();
  for (var p = owner * attributes.positions; p < (owner + 1) * attributes.positions; p++) {
    let left = x[p * (WIDTH / 4) + row]${normed ? ' * scale[p]' : ''};
    let right = ${dy}[p * length + column];
    sum[0] += left.x * right;
    sum[1] += left.y * right;
    sum[2] += left.z * right;
    sum[3] += left.w * right;
  }
  return sum;
}`;

/**
 * A thread a tile of 4 × 4 entries of one term's matrix, over all of its set's positions in order. The scale belongs to
 * the positions; the gain to the matrix' rows, so it multiplies the finished sums.
 */
const wgslFor = (buffers: readonly number[], normed: boolean) => /* wgsl */ `
${[...new Set(buffers)].map((buffer) => outerProducts(`products${buffer}`, `dy${buffer}`, normed)).join('\n')}
fn compute(index: i32) {
  let across = INNER / 4;
  let down = WIDTH / 4;
  let column = index % across;
  let term = index / across % ${buffers.length};
  let row = index / (across * ${buffers.length}) % down;
  let owner = index / (across * ${buffers.length} * down);
  var start = owner * attributes.stride;
  var sum: mat4x4<f32>;
  switch (term) {
${buffers
  .map(
    (buffer, term) => `    ${term === 0 ? 'default' : `case ${term}`}: {
      sum = products${buffer}(owner, row, attributes.length${term} / 4, attributes.column${term} / 4 + column);
      start += attributes.offset${term};
    }`,
  )
  .join('\n')}
  }
  let factors = ${normed ? 'weights[(owner * attributes.stride + attributes.gain) / 4 + row]' : 'vec4<f32>(1.0)'};
  for (var i = 0; i < 4; i++) {
    gradient[start / 4 + (4 * row + i) * across + column] = sum[i] * factors[i];
  }
}`;

const kernelFor = (buffers: readonly number[], normed: boolean) => {
  const inputs: Readonly<Record<string, 'vec4<f32>' | 'f32'>> = {
    x: 'vec4<f32>',
    ...(normed && { scale: 'f32', weights: 'vec4<f32>' }),
    ...termInputs(buffers),
  };
  return defineKernel({
    name: `WeightGradient${buffers.length}${normed ? 'Normed' : ''}`,
    inputs,
    outputs: { gradient: 'vec4<f32>' },
    constants: ['WIDTH', 'INNER'],
    attributes: ['stride', 'positions', 'gain', ...termAttributes(buffers)],
    threads: ({ WIDTH, INNER, stride }, { gradient }) =>
      (gradient! / stride) * (WIDTH / 4) * buffers.length * (INNER / 4),
    code: wgslFor(buffers, normed),
    /** x with scale and gain. */
    scratch: ({ WIDTH, positions }) => (normed ? WIDTH * positions : 0),
    host(arrays, numbers, { routines, scratch }) {
      const [x, gradient] = [arrays.x!, arrays.gradient!];
      const { WIDTH, INNER, stride, positions, gain } = numbers;
      for (let set = 0; set * stride < gradient.length; set++) {
        const first = set * positions;
        const states = x.subarray(first * WIDTH, (first + positions) * WIDTH);
        if (normed) {
          const all = { blocks: 1, count: positions, step: 0, width: WIDTH };
          const factors = arrays.weights!.subarray(set * stride + gain);
          routines.scaleRows(states, arrays.scale!.subarray(first), factors, scratch, all);
        }
        buffers.forEach((buffer, term) => {
          const [length, column] = [numbers[`length${term}`]!, numbers[`column${term}`]!];
          const matrix = set * stride + numbers[`offset${term}`]!;
          routines.product({
            a: normed ? scratch : states,
            b: arrays[`dy${buffer}`]!.subarray(first * length + column),
            bStep: length,
            out: gradient.subarray(matrix, matrix + WIDTH * INNER),
            rows: WIDTH,
            inner: positions,
            columns: INNER,
            transposed: 'a',
          });
        });
      }
    },
  });
};

/** As in ARRANGEMENTS. */
export const WEIGHT_GRADIENTS = ARRANGEMENTS.map((buffers) => kernelFor(buffers, false));
export const NORMED_WEIGHT_GRADIENTS = ARRANGEMENTS.map((buffers) => kernelFor(buffers, true));
