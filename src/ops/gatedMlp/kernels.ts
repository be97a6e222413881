import { defineKernel } from '../device/kernel';
import { FOUR, rowProducts, setOfTile, tileOfThread } from '../device/wgsl';
import { RMS_EPSILON } from '../rmsNorm/composed';
import { groupsOf } from '../rowSets';

/** Below −80 the exponential would leave float32's range, and g·σ(g) is 0 anyway. NaN passes through its factor g. */
const sigmoidWgsl = /* wgsl */ `
fn sigmoid(g: vec4<f32>) -> vec4<f32> { return 1.0 / (1.0 + exp(-max(g, vec4<f32>(-80.0)))); }`;

/**
 * A thread a tile of 4 positions × 4 hidden columns of both gate and up, so that each loaded x serves twice. The norm's
 * scale is the same for a whole row: it multiplies the finished sums.
 */
export const GATED_MLP = defineKernel({
  name: 'GatedMlp',
  inputs: { x: 'vec4<f32>', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { gate: 'vec4<f32>', up: 'vec4<f32>', hidden: 'vec4<f32>', scale: 'f32' },
  constants: ['WIDTH', 'HIDDEN'],
  attributes: ['stride', 'gainOffset', 'gateOffset', 'upOffset', 'tokens'],
  threads: (_, { hidden }) => hidden / 16,
  code: /* wgsl */ `
${setOfTile}
${sigmoidWgsl}
fn fourRows(start: i32) -> mat4x4<f32> {
  let across = HIDDEN / 4;
  return mat4x4<f32>(
    weights[start], weights[start + across], weights[start + 2 * across], weights[start + 3 * across]);
}

fn finish(position: i32, column: i32, gateSum: vec4<f32>, upSum: vec4<f32>, squares: f32) {
  let s = inverseSqrt(squares / f32(WIDTH) + ${RMS_EPSILON});
  let at = position * (HIDDEN / 4) + column;
  let g = gateSum * s;
  let u = upSum * s;
  gate[at] = g;
  up[at] = u;
  hidden[at] = g * sigmoid(g) * u;
  if (column == 0) {
    scale[position] = s;
  }
}

fn compute(index: i32) {
  ${tileOfThread('HIDDEN / 4', 'attributes.tokens')}
  let start = owner * attributes.stride;
  let gainStart = (start + attributes.gainOffset) / 4;
  let gateStart = (start + attributes.gateOffset) / 4 + column;
  let upStart = (start + attributes.upOffset) / 4 + column;
  let width = WIDTH / 4;
  let row = 4 * tile * width;
${FOUR.map((k) => `  var gate${k} = vec4<f32>(); var up${k} = vec4<f32>(); var squares${k} = 0.0;`).join('\n')}
  for (var i = 0; i < width; i++) {
    let gain = weights[gainStart + i];
    let gateRows = fourRows(gateStart + 4 * i * across);
    let upRows = fourRows(upStart + 4 * i * across);
${FOUR.map(
  (k) => `    let x${k} = x[row + ${k} * width + i];
    let m${k} = x${k} * gain;
    squares${k} += dot(x${k}, x${k});
    gate${k} += gateRows * m${k};
    up${k} += upRows * m${k};`,
).join('\n')}
  }
${FOUR.map((k) => `  finish(4 * tile + ${k}, column, gate${k}, up${k}, squares${k});`).join('\n')}
}`,
  scratch: (_numbers, { x }) => x,
  host(
    { x, weights, tiles, gate, up, hidden, scale },
    { WIDTH, HIDDEN, stride, gainOffset, gateOffset, upOffset, tokens },
    { routines, scratch },
  ) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const [first, count] = [start * tokens, rows * tokens];
      const own = weights.subarray(set * stride, (set + 1) * stride);
      const states = x.subarray(first * WIDTH, (first + count) * WIDTH);
      routines.normRows(states, own.subarray(gainOffset), scratch, scale.subarray(first), {
        blocks: 1,
        count,
        step: 0,
        width: WIDTH,
      });
      const multiply = (offset: number, result: Float32Array): Float32Array => {
        const out = result.subarray(first * HIDDEN, (first + count) * HIDDEN);
        const b = own.subarray(offset, offset + WIDTH * HIDDEN);
        routines.product({ a: scratch, b, out, rows: count, inner: WIDTH, columns: HIDDEN });
        return out;
      };
      const gated = hidden.subarray(first * HIDDEN, (first + count) * HIDDEN);
      routines.siluProduct(multiply(gateOffset, gate), multiply(upOffset, up), gated);
    }
  },
});

/** A thread a tile of 4 positions × 4 hidden columns, through both factors of the gated product. */
export const GATED_MLP_GRADIENT = defineKernel({
  name: 'GatedMlpGradient',
  inputs: { dx: 'vec4<f32>', gate: 'vec4<f32>', up: 'vec4<f32>', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { dGate: 'vec4<f32>', dUp: 'vec4<f32>' },
  constants: ['WIDTH', 'HIDDEN'],
  attributes: ['stride', 'offset', 'tokens'],
  threads: (_, { dGate }) => dGate / 16,
  code: /* wgsl */ `
${setOfTile}
${sigmoidWgsl}
${rowProducts('products', 'dx')}
fn compute(index: i32) {
  ${tileOfThread('HIDDEN / 4', 'attributes.tokens')}
  let width = WIDTH / 4;
  let start = (owner * attributes.stride + attributes.offset) / 4 + 4 * column * width;
  let dHidden = products(4 * tile * width, width, start, width);
  for (var i = 0; i < 4; i++) {
    let at = (4 * tile + i) * across + column;
    let g = gate[at];
    let sigma = sigmoid(g);
    dGate[at] = dHidden[i] * up[at] * sigma * (1.0 + g * (1.0 - sigma));
    dUp[at] = dHidden[i] * g * sigma;
  }
}`,
  host({ dx, gate, up, weights, tiles, dGate, dUp }, { WIDTH, HIDDEN, stride, offset, tokens }, { routines }) {
    for (const { set, start, rows } of groupsOf(tiles)) {
      const [first, count] = [start * tokens, rows * tokens];
      const part = (x: Float32Array) => x.subarray(first * HIDDEN, (first + count) * HIDDEN);
      const matrix = set * stride + offset;
      // dHidden, for the moment.
      routines.product({
        a: dx.subarray(first * WIDTH, (first + count) * WIDTH),
        b: weights.subarray(matrix, matrix + HIDDEN * WIDTH),
        out: part(dUp),
        rows: count,
        inner: WIDTH,
        columns: HIDDEN,
        transposed: 'b',
      });
      routines.siluGradient(part(gate), part(up), part(dGate), part(dUp));
    }
  },
});
