import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { launchOnHost } from './host';
import type { ElementType, Kernel } from './kernel';
import { launchOnGpu } from './webgpu';

type Tensors<B extends Readonly<Record<string, ElementType>>> = { readonly [K in keyof B]: tf.Tensor };

/**
 * Runs a kernel on the current backend.
 *
 * @param tensors inputs, and outputs that the kernel writes in place
 * @param numbers the kernel's constants and attributes
 */
export function launch<
  I extends Readonly<Record<string, ElementType>>,
  O extends Readonly<Record<string, ElementType>>,
  N extends string,
>(kernel: Kernel<I, O, N>, tensors: Tensors<I> & Tensors<O>, numbers: Readonly<Record<N, number>>): void {
  const run = tf.getBackend() === 'webgpu' ? launchOnGpu : launchOnHost;
  run(kernel as unknown as Kernel, tensors as Readonly<Record<string, tf.Tensor>>, numbers);
}

/** A tensor of the current backend that holds anything, for kernels to write to. Tidied and disposed like any other. */
export function emptyTensor<S extends number[]>(shape: [...S], dtype: 'float32' | 'int32' = 'float32'): TensorOf<S> {
  return tf.engine().makeTensorFromTensorInfo(emptyInfo(shape, dtype)) as unknown as TensorOf<S>;
}

type TensorOf<S extends number[]> = S['length'] extends 1
  ? tf.Tensor1D
  : S['length'] extends 2
    ? tf.Tensor2D
    : S['length'] extends 3
      ? tf.Tensor3D
      : tf.Tensor4D;

function emptyInfo(shape: number[], dtype: 'float32' | 'int32'): tf.TensorInfo {
  switch (tf.getBackend()) {
    case 'webgpu':
      return (tf.backend() as WebGPUBackend).makeTensorInfo(shape, dtype);
    case 'wasm':
      return (tf.backend() as BackendWasm).makeOutput(shape, dtype);
    default: {
      const size = tf.util.sizeFromShape(shape);
      const values = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
      return (tf.backend() as MathBackendCPU).makeTensorInfo(shape, dtype, values);
    }
  }
}
