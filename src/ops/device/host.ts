import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { PLAIN_ROUTINES } from '../routines/plain';
import type { Routines } from '../routines/routines';
import { simdRoutines, type Variant } from '../routines/simd';
import type { Kernel } from './kernel';

type HostArray = Float32Array | Int32Array;

export function launchOnHost(
  kernel: Kernel,
  tensors: Readonly<Record<string, tf.Tensor>>,
  numbers: Readonly<Record<string, number>>,
): void {
  const names = [...Object.keys(kernel.inputs), ...Object.keys(kernel.outputs)];
  const scratchSize =
    kernel.scratch?.(
      numbers,
      mapOf(names, (name) => tensors[name]!.size),
    ) ?? 0;
  if (tf.getBackend() !== 'wasm') {
    const arrays = mapOf(names, (name) => inMemory(tensors[name]!)) as Record<string, never>;
    kernel.host(arrays, numbers, { routines: PLAIN_ROUTINES, scratch: new Float32Array(scratchSize) });
    return;
  }
  const backend = tf.backend() as BackendWasm;
  // Before any view is taken: the heap may grow for it, which detaches them.
  const scratch = scratchSize > 0 ? backend.makeOutput([scratchSize], 'float32') : null;
  try {
    const arrays = mapOf(names, (name) => onHeap(tensors[name]!)) as Record<string, never>;
    kernel.host(arrays, numbers, {
      routines: routinesOf(backend),
      scratch: scratch ? (onHeap(scratch) as Float32Array) : new Float32Array(0),
    });
  } finally {
    if (scratch) backend.disposeData(scratch.dataId);
  }
}

function mapOf<T>(names: readonly string[], valueOf: (name: string) => T): Record<string, T> {
  const result: Record<string, T> = {};
  for (const name of names) result[name] = valueOf(name);
  return result;
}

const inMemory = ({ dataId }: tf.TensorInfo): HostArray =>
  (tf.backend() as MathBackendCPU).data.get(dataId).values as HostArray;

const onHeap = (tensor: tf.TensorInfo): HostArray =>
  (tf.backend() as BackendWasm).typedArrayFromHeap(tensor) as HostArray;

let variant: Variant = 'plain';
let known = new WeakMap<BackendWasm, Routines>();

/** Which form of the routines WebAssembly uses from now on. */
export function useVariant(wanted: Variant): void {
  variant = wanted;
  known = new WeakMap();
}

/** Those for tfjs' own heap, where its tensors lie. */
export function routinesOf(backend: BackendWasm): Routines {
  const routines = known.get(backend) ?? findRoutines(backend);
  known.set(backend, routines);
  return routines;
}

function findRoutines(backend: BackendWasm): Routines {
  const { asm, wasmMemory } = backend.wasm as unknown as {
    asm?: { memory?: WebAssembly.Memory };
    wasmMemory?: WebAssembly.Memory;
  };
  const memory = asm?.memory ?? wasmMemory;
  return (memory && simdRoutines(memory, variant)) ?? PLAIN_ROUTINES;
}
