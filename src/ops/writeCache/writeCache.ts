import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** The specification in stock ops: keep what is elsewhere, take the new rows at their position. */
function writeCacheComposed(cache: tf.Tensor3D, rows: tf.Tensor3D, position: number): tf.Tensor3D {
  return tf.tidy(() => {
    const here = tf.tensor1d(Float32Array.from({ length: cache.shape[1] }, (_, t) => (t === position ? 1 : 0)));
    const column = tf.reshape(here, [1, -1, 1]);
    return tf.add(tf.mul(cache, tf.sub(1, column)), tf.mul(rows, column));
  });
}

/** Where the backend keeps its tensors in this thread's memory, the values of one; null on a GPU. */
function hostValues(x: tf.Tensor): Float32Array | null {
  switch (tf.getBackend()) {
    case 'cpu':
      return (tf.backend() as MathBackendCPU).data.get(x.dataId).values as Float32Array;
    case 'wasm':
      return (tf.backend() as BackendWasm).typedArrayFromHeap(x) as Float32Array;
    default:
      return null;
  }
}

/**
 * Puts one position's rows into a key or value cache while decoding; not differentiable.
 * Consumes `cache`: the caller must use the returned tensor only. In memory that this thread owns the write is in
 * place where it can be, elsewhere the old cache is disposed.
 *
 * @param cache // [N, T, d]
 * @param rows // [N, 1, d]
 * @returns // [N, T, d]
 */
export function writeCache(cache: tf.Tensor3D, rows: tf.Tensor3D, position: number): tf.Tensor3D {
  const values = hostValues(cache);
  const source = hostValues(rows);
  // tfjs' WASM backend packs the right-hand matrix of a lone product once per tensor, and would not see the write.
  if (!values || !source || cache.shape[0] === 1) {
    const written = writeCacheComposed(cache, rows, position);
    cache.dispose();
    return written;
  }
  const [count, length, width] = cache.shape;
  for (let n = 0; n < count; n++) {
    const target = (n * length + position) * width;
    for (let i = 0; i < width; i++) values[target + i] = source[n * width + i]!;
  }
  return cache;
}
