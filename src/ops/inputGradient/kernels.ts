import { defineKernel } from '../device/kernel';
import { rowProducts, setOfTile, tileOfThread } from '../device/wgsl';
import { groupsOf } from '../rowSets';
import { ARRANGEMENTS, termAttributes, termInputs, type TermBuffer } from './terms';

type Inputs = Readonly<Record<TermBuffer, 'vec4<f32>'>> & { readonly weights: 'vec4<f32>'; readonly tiles: 'i32' };

/** A thread a tile of 4 positions × 4 columns of the input, over all terms. */
const kernelFor = (buffers: readonly number[]) => {
  const inputs: Inputs = { ...termInputs(buffers), weights: 'vec4<f32>', tiles: 'i32' };
  return defineKernel({
    name: `InputGradient${buffers.length}`,
    inputs,
    outputs: { result: 'vec4<f32>' },
    constants: ['WIDTH', 'INNER'],
    attributes: ['stride', 'tokens', ...termAttributes(buffers)],
    threads: (_, { result }) => result / 16,
    code: /* wgsl */ `
${setOfTile}
${[...new Set(buffers)].map((buffer) => rowProducts(`products${buffer}`, `dy${buffer}`)).join('\n')}
fn compute(index: i32) {
  ${tileOfThread('WIDTH / 4', 'attributes.tokens')}
  let start = owner * attributes.stride / 4 + column * INNER;
  var sum = mat4x4<f32>();
${buffers
  .map(
    (buffer, term) => `  {
    let length = attributes.length${term} / 4;
    let at = 4 * tile * length + attributes.column${term} / 4;
    sum += products${buffer}(at, length, start + attributes.offset${term} / 4, INNER / 4);
  }`,
  )
  .join('\n')}
  for (var i = 0; i < 4; i++) {
    result[(4 * tile + i) * across + column] = sum[i];
  }
}`,
    host(arrays, numbers, { routines }) {
      const { weights, tiles, result } = arrays;
      const { WIDTH, INNER, stride, tokens } = numbers;
      for (const { set, start, rows } of groupsOf(tiles)) {
        const [first, count] = [start * tokens, rows * tokens];
        buffers.forEach((buffer, term) => {
          const [length, column] = [numbers[`length${term}`]!, numbers[`column${term}`]!];
          const matrix = set * stride + numbers[`offset${term}`]!;
          routines.product({
            a: arrays[`dy${buffer}`]!.subarray(first * length + column),
            aStep: length,
            b: weights.subarray(matrix, matrix + WIDTH * INNER),
            out: result.subarray(first * WIDTH, (first + count) * WIDTH),
            rows: count,
            inner: INNER,
            columns: WIDTH,
            transposed: 'b',
            add: term > 0,
          });
        });
      }
    },
  });
};

/** As in ARRANGEMENTS. */
export const INPUT_GRADIENTS = ARRANGEMENTS.map(kernelFor);
