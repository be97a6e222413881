import { defineKernel } from '../device/kernel';

/** A thread an entry of the result. */
export const GATHER_ROWS = defineKernel({
  name: 'GatherRows',
  inputs: { table: 'f32', ids: 'i32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['entries', 'width', 'perRun'],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
fn compute(index: i32) {
  let position = index / attributes.width;
  let run = position / attributes.perRun;
  result[index] = table[(run * attributes.entries + ids[position]) * attributes.width + index % attributes.width];
}`,
  host({ table, ids, result }, { entries, width, perRun }) {
    for (let i = 0; i < ids.length; i++) {
      const start = (Math.floor(i / perRun) * entries + ids[i]!) * width;
      for (let j = 0; j < width; j++) result[i * width + j] = table[start + j]!;
    }
  },
});

/** A thread an entry of the table looks through its run's ids in order: the sum does not depend on timing. */
export const SCATTER_ROWS = defineKernel({
  name: 'ScatterRows',
  inputs: { rows: 'f32', ids: 'i32' },
  outputs: { result: 'f32' },
  constants: [],
  attributes: ['entries', 'width', 'perRun'],
  threads: (_, { result }) => result,
  code: /* wgsl */ `
fn compute(index: i32) {
  let slot = index / attributes.width;
  let run = slot / attributes.entries;
  let entry = slot % attributes.entries;
  var sum = 0.0;
  for (var i = run * attributes.perRun; i < (run + 1) * attributes.perRun; i++) {
    if (ids[i] == entry) {
      sum += rows[i * attributes.width + index % attributes.width];
    }
  }
  result[index] = sum;
}`,
  host({ rows, ids, result }, { entries, width, perRun }) {
    result.fill(0);
    for (let i = 0; i < ids.length; i++) {
      const target = (Math.floor(i / perRun) * entries + ids[i]!) * width;
      for (let j = 0; j < width; j++) result[target + j] = result[target + j]! + rows[i * width + j]!;
    }
  },
});
