import { defineKernel } from '../device/kernel';
import { setOfTile } from '../device/wgsl';
import { RMS_EPSILON } from '../rmsNorm/composed';
import { groupsOf } from '../rowSets';

/**
 * A thread a tile of 4 positions × 4 columns of one head's first half and their partners in its second half, of one of
 * the three matrices. It sums the squares for the norm in the product's own loop.
 */
export const PROJECT_HEADS = defineKernel({
  name: 'ProjectHeads',
  inputs: { x: 'vec4<f32>', table: 'vec4<f32>', weights: 'vec4<f32>', tiles: 'i32' },
  outputs: { q: 'vec4<f32>', kv: 'vec4<f32>', scale: 'vec4<f32>' },
  constants: ['WIDTH', 'HEADS'],
  attributes: ['stride', 'gain', 'query', 'key', 'value', 'tokens', 'first', 'length'],
  threads: (_, { q }) => (3 * q) / 32,
  code: /* wgsl */ `
${setOfTile}
const ACROSS = WIDTH / 4;
const HALF = WIDTH / HEADS / 8;

fn compute(index: i32) {
  let part = index % (3 * HEADS * HALF);
  let tile = index / (3 * HEADS * HALF);
  let owner = setOfTile(tile, attributes.tokens);
  if (owner < 0) {
    return;
  }
  let matrix = part / (HEADS * HALF);
  let pair = part % HALF;
  let column = part / HALF % HEADS * 2 * HALF + pair;
  let offset = select(select(attributes.value, attributes.key, matrix == 1), attributes.query, matrix == 0);
  let start = (owner * attributes.stride + offset) / 4;
  let gainStart = (owner * attributes.stride + attributes.gain) / 4;
  let row = 4 * tile * ACROSS;

  var low = mat4x4<f32>();
  var high = mat4x4<f32>();
  var squares = vec4<f32>();
  for (var i = 0; i < ACROSS; i++) {
    let x0 = x[row + i];
    let x1 = x[row + ACROSS + i];
    let x2 = x[row + 2 * ACROSS + i];
    let x3 = x[row + 3 * ACROSS + i];
    squares += vec4<f32>(dot(x0, x0), dot(x1, x1), dot(x2, x2), dot(x3, x3));
    let gain = weights[gainStart + i];
    let factors = mat4x4<f32>(gain * x0, gain * x1, gain * x2, gain * x3);
    let a = start + 4 * i * ACROSS + column;
    let b = a + HALF;
    low += mat4x4<f32>(weights[a], weights[a + ACROSS], weights[a + 2 * ACROSS], weights[a + 3 * ACROSS]) * factors;
    high += mat4x4<f32>(weights[b], weights[b + ACROSS], weights[b + 2 * ACROSS], weights[b + 3 * ACROSS]) * factors;
  }

  let norm = inverseSqrt(squares / f32(WIDTH) + ${RMS_EPSILON});
  if (part == 0) {
    scale[tile] = norm;
  }
  for (var i = 0; i < 4; i++) {
    let position = 4 * tile + i;
    let place = attributes.first + position % attributes.tokens;
    let slot = (position / attributes.tokens * attributes.length + place) * 2 * ACROSS + column;
    let first = low[i] * norm[i];
    let second = high[i] * norm[i];
    if (matrix == 2) {
      kv[slot + ACROSS] = first;
      kv[slot + ACROSS + HALF] = second;
      continue;
    }
    let cosine = table[place * 2 * HALF + pair];
    let sine = table[place * 2 * HALF + HALF + pair];
    let turnedFirst = first * cosine - second * sine;
    let turnedSecond = second * cosine + first * sine;
    if (matrix == 0) {
      q[position * ACROSS + column] = turnedFirst;
      q[position * ACROSS + column + HALF] = turnedSecond;
    } else {
      kv[slot] = turnedFirst;
      kv[slot + HALF] = turnedSecond;
    }
  }
}`,
  scratch: (_numbers, { x }) => x,
  host({ x, table, weights, tiles, q, kv, scale }, numbers, { routines, scratch: normed }) {
    const { WIDTH, HEADS, stride, gain, query, key, value, tokens, first, length } = numbers;
    const size = WIDTH / HEADS;
    const cosines = table.subarray(first * size);
    for (const { set, start, rows } of groupsOf(tiles)) {
      const [from, count] = [start * tokens, rows * tokens];
      const own = weights.subarray(set * stride, (set + 1) * stride);
      const states = x.subarray(from * WIDTH, (from + count) * WIDTH);
      const all = { blocks: 1, count, step: 0, width: WIDTH };
      routines.normRows(states, own.subarray(gain), normed, scale.subarray(from), all);

      const project = (offset: number, out: Float32Array, outStep: number, at = 0, parts = count) => {
        const [a, b] = [normed.subarray(at * WIDTH), own.subarray(offset)];
        routines.product({ a, b, out, rows: parts, inner: WIDTH, columns: WIDTH, outStep });
      };
      const turn = (out: Float32Array, step: number, parts = count) =>
        routines.turnHeads(out, cosines, { rows: parts, step, period: tokens, heads: HEADS, size });

      const queries = q.subarray(from * WIDTH, (from + count) * WIDTH);
      project(query, queries, WIDTH);
      turn(queries, WIDTH);

      // Keys and values go where they belong, as many rows at once as lie at equal steps there.
      const places = kv.subarray((start * length + first) * 2 * WIDTH);
      const even = tokens === 1 || tokens === length;
      const parts = even ? count : tokens;
      const step = tokens === 1 ? length * 2 * WIDTH : 2 * WIDTH;
      for (let at = 0; at < count; at += parts) {
        const keys = places.subarray((at / tokens) * length * 2 * WIDTH);
        project(key, keys, step, at, parts);
        turn(keys, step, parts);
        project(value, keys.subarray(WIDTH), step, at, parts);
      }
    }
  },
});
