import { defineKernel } from '../device/kernel';
import { logSumExpOfRow, logSumExpWgsl } from './rows';

/** A thread a row. */
export const LOG_SUM_EXP = defineKernel({
  name: 'LogSumExp',
  inputs: { x: 'f32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['count'],
  code: /* wgsl */ `
${logSumExpWgsl('x')}
fn compute(index: i32) {
  let total = logSumExpOfRow(index * attributes.count, attributes.count);
  result[index] = total.x + total.y;
}`,
  host({ x, result }, { count }) {
    for (let i = 0; i < result.length; i++) result[i] = logSumExpOfRow(x, i * count, count);
  },
});

/** A thread an entry. */
export const LOG_SUM_EXP_GRADIENT = defineKernel({
  name: 'LogSumExpGradient',
  inputs: { x: 'f32', total: 'f32', dy: 'f32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['count'],
  code: /* wgsl */ `
fn compute(index: i32) {
  let row = index / attributes.count;
  result[index] = dy[row] * exp(x[index] - total[row]);
}`,
  host({ x, total, dy, result }, { count }) {
    for (let i = 0; i < total.length; i++) {
      for (let v = i * count; v < (i + 1) * count; v++) result[v] = dy[i]! * Math.exp(x[v]! - total[i]!);
    }
  },
});
