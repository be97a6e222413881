import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** A tensor as a plain array, row-major. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/**
 * A kernel written as a loop over plain arrays, for the two backends whose tensors live in the thread's own memory.
 * One loop beats a chain of stock ops there, and it can be exact where those are not.
 */
export interface HostKernel<A extends object> {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly dtype: 'float32' | 'int32';
  shape(inputs: readonly (readonly number[])[], attributes: A): number[];
  /** Fills `out`, which may hold anything before. */
  compute(inputs: readonly HostTensor[], attributes: A, out: Float32Array | Int32Array): void;
}

type KernelArguments = Parameters<tf.KernelFunc>[0];

export function registerHostKernel<A extends object>(kernel: HostKernel<A>): void {
  const prepare = ({ inputs, attrs }: KernelArguments) => {
    const infos = kernel.inputs.map((name) => inputs[name] as tf.TensorInfo);
    const attributes = attrs as unknown as A;
    return {
      infos,
      attributes,
      shape: kernel.shape(
        infos.map((info) => info.shape),
        attributes,
      ),
    };
  };

  tf.registerKernel({
    kernelName: kernel.name,
    backendName: 'cpu',
    kernelFunc: (call) => {
      const backend = call.backend as MathBackendCPU;
      const { infos, attributes, shape } = prepare(call);
      const size = tf.util.sizeFromShape(shape);
      const out = kernel.dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
      const host = infos.map((info) => ({
        shape: info.shape,
        values: backend.data.get(info.dataId).values as Float32Array | Int32Array,
      }));
      kernel.compute(host, attributes, out);
      return backend.makeTensorInfo(shape, kernel.dtype, out);
    },
  });

  tf.registerKernel({
    kernelName: kernel.name,
    backendName: 'wasm',
    kernelFunc: (call) => {
      const backend = call.backend as BackendWasm;
      const { infos, attributes, shape } = prepare(call);
      // Allocate first: growing the heap would detach the views of the inputs.
      const out = backend.makeOutput(shape, kernel.dtype);
      const view = (info: tf.TensorInfo) => backend.typedArrayFromHeap(info) as Float32Array | Int32Array;
      kernel.compute(
        infos.map((info) => ({ shape: info.shape, values: view(info) })),
        attributes,
        view(out),
      );
      return out;
    },
  });
}

/** Whether the running backend has its own form of a kernel; if not, the op falls back to its composed form. */
export const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) !== undefined;

export function runKernel(name: string, inputs: Record<string, tf.Tensor>, attributes: object = {}): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap);
}
