import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { MemoryCounter } from './counters';

/** What this needs of tfjs' WebAssembly module. */
interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * Counts what is held on the heap of tfjs' WebAssembly module, our kernels' tensors included. Install once the backend
 * runs.
 */
export function installHeapCounter(): MemoryCounter {
  const wasm = (tf.backend() as BackendWasm).wasm as unknown as Allocator;
  const [malloc, free] = [wasm._malloc.bind(wasm), wasm._free.bind(wasm)];
  const live = new Map<number, number>();
  let liveBytes = 0;
  let peakBytes = 0;
  wasm._malloc = (bytes) => {
    const address = malloc(bytes);
    live.set(address >>> 0, bytes);
    liveBytes += bytes;
    peakBytes = Math.max(peakBytes, liveBytes);
    return address;
  };
  wasm._free = (address) => {
    liveBytes -= live.get(address >>> 0) ?? 0;
    live.delete(address >>> 0);
    free(address);
  };
  return {
    mark: () => (peakBytes = liveBytes),
    since: () => ({ liveBytes, peakBytes }),
  };
}
