import { defineKernel } from '../device/kernel';
import { rowProducts, setOfTile } from '../device/wgsl';
import { groupsOf } from '../rowSets';
import { ARRANGEMENTS, columnsOf, termAttributes, termInputs, type TermBuffer } from './terms';

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
    code: /* wgsl */ `
${setOfTile}
${[...new Set(buffers)].map((buffer) => rowProducts(`products${buffer}`, `dy${buffer}`)).join('\n')}
fn compute(index: i32) {
  let across = WIDTH / 4;
  let tile = index / across;
  let column = index % across;
  let owner = setOfTile(tile, attributes.tokens);
  if (owner < 0) {
    return;
  }
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
    /** One term's product, and one term's columns. */
    scratch: ({ WIDTH, INNER }, { result }) => result + (result! / WIDTH!) * INNER!,
    host(arrays, numbers, { product, scratch }) {
      const { weights, tiles, result } = arrays;
      const { WIDTH, INNER, stride, tokens } = numbers;
      for (const { set, start, rows } of groupsOf(tiles)) {
        const [first, count] = [start * tokens, rows * tokens];
        const out = result.subarray(first * WIDTH, (first + count) * WIDTH);
        const [room, more] = [scratch.subarray(result.length), scratch.subarray(0, out.length)];
        buffers.forEach((buffer, term) => {
          const [length, column] = [numbers[`length${term}`]!, numbers[`column${term}`]!];
          const matrix = set * stride + numbers[`offset${term}`]!;
          product({
            a: columnsOf(arrays[`dy${buffer}`]!, { first, count, length, column, inner: INNER }, room),
            b: weights.subarray(matrix, matrix + WIDTH * INNER),
            out: term === 0 ? out : more,
            rows: count,
            inner: INNER,
            columns: WIDTH,
            transposeB: true,
          });
          if (term > 0) for (let i = 0; i < out.length; i++) out[i] = out[i]! + more[i]!;
        });
      }
    },
  });
};

/** As in ARRANGEMENTS. */
export const INPUT_GRADIENTS = ARRANGEMENTS.map(kernelFor);
