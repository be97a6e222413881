import { defineKernel } from '../device/kernel';

/** A thread takes a vector where runs start at multiples of four floats, else a number; the text fits both. */
type Element = 'f32' | 'vec4<f32>';

/** Floats of an element. */
const LANES = { f32: 1, 'vec4<f32>': 4 } as const;

const nameOf = (name: string, element: Element) => (element === 'f32' ? name : `${name}OfVectors`);

const sumOf = (element: Element, name: string) => (element === 'f32' ? name : `dot(${name}, vec4<f32>(1.0))`);

/**
 * A thread an interleaved share of a run, so that neighbouring threads read neighbouring numbers. The host sums a run
 * in one go.
 */
const squaresOf = (element: Element) =>
  defineKernel({
    name: nameOf('SumSquares', element),
    inputs: { gradient: element },
    outputs: { partial: element },
    constants: [],
    attributes: ['size', 'shares'],
    threads: (_, { partial }) => partial / LANES[element],
    code: /* wgsl */ `
fn compute(index: i32) {
  let run = index / attributes.shares;
  let start = run * attributes.size;
  var sum = ${element}();
  for (var i = index - run * attributes.shares; i < attributes.size; i += attributes.shares) {
    let g = gradient[start + i];
    sum += g * g;
  }
  partial[index] = sum;
}`,
    host({ gradient, partial }, { size, shares }, { routines }) {
      const runs = partial.length / shares / LANES[element];
      const [count, stride] = [size * LANES[element], shares * LANES[element]];
      partial.fill(0);
      for (let run = 0; run < runs; run++) {
        partial[run * stride] = routines.sumOfSquares(gradient.subarray(run * count, (run + 1) * count));
      }
    },
  });

/** A thread a run. */
const factorsOf = (element: Element) =>
  defineKernel({
    name: nameOf('ClipFactors', element),
    inputs: { partial: element, clip: 'f32' },
    outputs: { factors: 'f32' },
    constants: [],
    attributes: ['shares'],
    threads: (_, { factors }) => factors,
    code: /* wgsl */ `
fn compute(run: i32) {
  var sum = ${element}();
  for (var i = run * attributes.shares; i < (run + 1) * attributes.shares; i++) {
    sum += partial[i];
  }
  factors[run] = min(1.0, clip[0] / (sqrt(${sumOf(element, 'sum')}) + 1e-6));
}`,
    host({ partial, clip, factors }) {
      const stride = partial.length / factors.length;
      for (let run = 0; run < factors.length; run++) {
        let sum = 0;
        for (let i = run * stride; i < (run + 1) * stride; i++) sum += partial[i]!;
        factors[run] = Math.min(1, clip[0]! / (Math.sqrt(sum) + 1e-6));
      }
    },
  });

/** A thread an element. `settings` are those of `updateSettings`. */
const updateOf = (element: Element) =>
  defineKernel({
    name: nameOf('AdamW', element),
    inputs: { gradient: element, factors: 'f32', settings: 'f32' },
    outputs: { weights: element, mean: element, square: element },
    constants: [],
    attributes: ['size'],
    threads: (_, { gradient }) => gradient / LANES[element],
    code: /* wgsl */ `
fn compute(index: i32) {
  let run = index / attributes.size;
  let g = factors[run] * gradient[index];
  let m = settings[0] * mean[index] + settings[1] * g;
  let v = settings[2] * square[index] + settings[3] * (g * g);
  mean[index] = m;
  square[index] = v;
  let w = weights[index];
  let update = (m / settings[4]) / (sqrt(v) / settings[5] + settings[6]);
  weights[index] = w - settings[8 + run] * (update + settings[7] * w);
}`,
    host({ gradient, factors, settings, weights, mean, square }, _numbers, { routines }) {
      const count = gradient.length / factors.length;
      factors.forEach((factor, run) => {
        const part = (x: Float32Array) => x.subarray(run * count, (run + 1) * count);
        routines.adamW({
          gradient: part(gradient),
          weights: part(weights),
          mean: part(mean),
          square: part(square),
          settings: settings.subarray(0, 8),
          factor,
          rate: settings[8 + run]!,
        });
      });
    },
  });

const kernelsOf = (element: Element) => ({
  lanes: LANES[element],
  squares: squaresOf(element),
  factors: factorsOf(element),
  update: updateOf(element),
});

const FLOATS = kernelsOf('f32');
const VECTORS = kernelsOf('vec4<f32>');

/** The kernels for runs of `count` floats; a tabular policy may have any number, a transformer has a multiple of four. */
export const kernelsFor = (count: number): typeof FLOATS => (count % 4 === 0 ? VECTORS : FLOATS);
