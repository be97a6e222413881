import { defineKernel } from '../device/kernel';
import { setOfTile, tileOfThread, tileProduct } from '../device/wgsl';
import { groupsOf } from '../rowSets';

/** A thread a tile of 4 positions × 4 columns. */
export const ADD_PRODUCT = defineKernel({
  name: 'AddProduct',
  inputs: { x: 'vec4<f32>', y: 'vec4<f32>', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { result: 'vec4<f32>' },
  constants: ['INNER', 'WIDTH'],
  attributes: ['stride', 'offset', 'tokens'],
  threads: (_, { result }) => result / 16,
  code: /* wgsl */ `
${setOfTile}
${tileProduct('product', 'y')}
fn compute(index: i32) {
  ${tileOfThread('WIDTH / 4', 'attributes.tokens')}
  let start = (owner * attributes.stride + attributes.offset) / 4;
  let sum = product(4 * tile, INNER / 4, start, across, column);
  for (var i = 0; i < 4; i++) {
    let at = (4 * tile + i) * across + column;
    result[at] = x[at] + sum[i];
  }
}`,
  host({ x, y, weights, tiles, result }, { INNER, WIDTH, stride, offset, tokens }, { routines }) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const [first, count] = [start * tokens, rows * tokens];
      const matrix = set * stride + offset;
      const out = result.subarray(first * WIDTH, (first + count) * WIDTH);
      out.set(x.subarray(first * WIDTH, (first + count) * WIDTH));
      routines.product({
        a: y.subarray(first * INNER, (first + count) * INNER),
        b: weights.subarray(matrix, matrix + INNER * WIDTH),
        out,
        rows: count,
        inner: INNER,
        columns: WIDTH,
        add: true,
      });
    }
  },
});
