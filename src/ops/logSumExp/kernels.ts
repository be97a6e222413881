import { defineKernel } from '../device/kernel';
import { logSumExpOfRow, logSumExpWgsl } from './rows';

/** A thread a row. */
export const LOG_SUM_EXP = defineKernel({
  name: 'LogSumExp',
  inputs: { x: 'f32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['count'],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
${logSumExpWgsl('x')}
fn compute(index: i32) {
  let total = logSumExpOfRow(index * attributes.count, attributes.count);
  result[index] = total.x + total.y;
}`,
  host({ x, result }, { count }, { routines }) {
    for (let i = 0; i < result.length; i++) {
      const { top, below } = logSumExpOfRow(routines, x, i * count, count);
      result[i] = top + below;
    }
  },
});

/** A thread an entry. */
export const LOG_SUM_EXP_GRADIENT = defineKernel({
  name: 'LogSumExpGradient',
  inputs: { x: 'f32', total: 'f32', dy: 'f32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['count'],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
fn compute(index: i32) {
  let row = index / attributes.count;
  result[index] = dy[row] * exp(x[index] - total[row]);
}`,
  host({ x, total, dy, result }, { count }, { routines }) {
    for (let i = 0; i < total.length; i++) routines.scaledExp(x, result, i * count, count, total[i]!, dy[i]!);
  },
});
