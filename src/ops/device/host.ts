import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { cpuProduct } from './cpuProduct';
import type { Kernel } from './kernel';
import { forgetPacked, productBytes, reserve, wasmProduct } from './wasmProduct';

type HostArray = Float32Array | Int32Array;

export function launchOnHost(
  kernel: Kernel,
  tensors: Readonly<Record<string, tf.Tensor>>,
  numbers: Readonly<Record<string, number>>,
): void {
  const names = [...Object.keys(kernel.inputs), ...Object.keys(kernel.outputs)];
  const sizes = Object.fromEntries(names.map((name) => [name, tensors[name]!.size]));
  const scratchSize = kernel.scratch?.(numbers, sizes) ?? 0;
  const arraysBy = (view: (tensor: tf.TensorInfo) => HostArray) =>
    Object.fromEntries(names.map((name) => [name, view(tensors[name]!)])) as Record<string, never>;
  if (tf.getBackend() !== 'wasm') {
    kernel.host(arraysBy(inMemory), numbers, { product: cpuProduct, scratch: new Float32Array(scratchSize) });
    return;
  }
  const backend = tf.backend() as BackendWasm;
  const scratch = backend.makeOutput([scratchSize], 'float32');
  reserve(productBytes(Math.max(scratchSize, ...Object.values(sizes))));
  kernel.host(arraysBy(onHeap), numbers, {
    product: (product) => wasmProduct(product, tensors.weights),
    scratch: onHeap(scratch) as Float32Array,
  });
  backend.disposeData(scratch.dataId);
  for (const name of Object.keys(kernel.outputs)) forgetPacked(tensors[name]!);
}

const inMemory = ({ dataId }: tf.TensorInfo): HostArray =>
  (tf.backend() as MathBackendCPU).data.get(dataId).values as HostArray;

const onHeap = (tensor: tf.TensorInfo): HostArray =>
  (tf.backend() as BackendWasm).typedArrayFromHeap(tensor) as HostArray;
