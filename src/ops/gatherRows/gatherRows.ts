import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, registerHostKernel, runKernel } from '../hostKernel';
import { registerThreadKernel } from '../threadKernel';
import { oneHot } from '../oneHot';

const GATHER = 'FleetGatherRows';
const SCATTER = 'FleetScatterRows';

registerHostKernel({
  name: GATHER,
  inputs: ['table', 'ids'],
  dtype: 'float32',
  shape: ([table, ids]) => [...ids!, table![2]!],
  compute: ([table, ids], _attributes, out) => {
    const [runs, entries, width] = table!.shape as [number, number, number];
    const perRun = ids!.values.length / runs;
    const values = table!.values as Float32Array;
    for (let i = 0; i < ids!.values.length; i++) {
      const start = (Math.floor(i / perRun) * entries + ids!.values[i]!) * width;
      for (let j = 0; j < width; j++) out[i * width + j] = values[start + j]!;
    }
  },
});

registerHostKernel<{ entries: number }>({
  name: SCATTER,
  inputs: ['rows', 'ids'],
  dtype: 'float32',
  shape: ([rows], { entries }) => [rows![0]!, entries, rows![2]!],
  compute: ([rows, ids], { entries }, out) => {
    const [runs, perRun, width] = rows!.shape as [number, number, number];
    const values = rows!.values as Float32Array;
    out.fill(0);
    for (let i = 0; i < runs * perRun; i++) {
      const target = (Math.floor(i / perRun) * entries + ids!.values[i]!) * width;
      const source = i * width;
      for (let j = 0; j < width; j++) out[target + j] = out[target + j]! + values[source + j]!;
    }
  },
});

registerThreadKernel({
  name: GATHER,
  inputs: ['table', 'ids'],
  dtype: 'float32',
  shape: ([table, ids]) => [...ids!, table![2]!],
  code: /* wgsl */ `
fn compute(index: i32) {
  let width = uniforms.tableShape[2];
  let position = index / width;
  let run = position / uniforms.idsShape[1];
  result[index] = table[(run * uniforms.tableShape[1] + ids[position]) * width + index % width];
}`,
});

/** A thread per table entry looks through all ids in order: no atomics, so the sum does not depend on timing. */
registerThreadKernel<{ entries: number }>({
  name: SCATTER,
  inputs: ['rows', 'ids'],
  dtype: 'float32',
  attributes: ['entries'],
  shape: ([rows], { entries }) => [rows![0]!, entries, rows![2]!],
  code: /* wgsl */ `
fn compute(index: i32) {
  let width = uniforms.rowsShape[2];
  let perRun = uniforms.rowsShape[1];
  let slot = index / width;
  let run = slot / uniforms.entries;
  let entry = slot % uniforms.entries;
  let column = index % width;
  var sum = 0.0;
  for (var i = run * perRun; i < (run + 1) * perRun; i++) {
    if (ids[i] == entry) {
      sum += rows[i * width + column];
    }
  }
  result[index] = sum;
}`,
});

/** The specification in stock ops: a product with one-hot rows, which every backend can differentiate. */
export function gatherRowsComposed(table: tf.Tensor3D, ids: tf.Tensor2D): tf.Tensor3D {
  return tf.matMul(oneHot(ids, table.shape[1]), table);
}

/**
 * Looks up rows of each run's own table; differentiable in the table, with a deterministic gradient
 * (tfjs' own gather adds atomically on WebGPU and has no gradient on WASM).
 *
 * @param table // [R, entries, width]
 * @param ids int32, each 0 … entries − 1  // [R, B]
 * @returns // [R, B, width]
 */
export function gatherRows(table: tf.Tensor3D, ids: tf.Tensor2D): tf.Tensor3D {
  if (!hasKernel(GATHER)) return gatherRowsComposed(table, ids);
  return differentiable([table], (save) => {
    save([ids]);
    return {
      value: runKernel(GATHER, { table, ids }),
      gradient: (dy, [keptIds]) => [runKernel(SCATTER, { rows: dy, ids: keptIds! }, { entries: table.shape[1] })],
    };
  }) as tf.Tensor3D;
}
