import '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { guardAllocations } from '../../src/runtime/wasmMemory';
import { forEachBackend } from '../support/backends';

forEachBackend(() => {
  it.each([
    ['than it has left', 4_294_900_000],
    ['than it has addresses, which would wrap around to nothing', 2 ** 32],
  ])('an allocation of more %s is an error, and hurts nothing', async (_, bytes) => {
    const backend = tf.backend() as BackendWasm;
    guardAllocations(backend.wasm);
    guardAllocations(backend.wasm); // twice is once
    const [some, more] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([10, 20, 30])];
    expect(() => backend.makeOutput([bytes / 4], 'float32')).toThrow(/WebAssembly’s memory is full \(\d+ MB more/);
    const after = tf.add(some, more);
    expect([...(await after.data())]).toEqual([11, 22, 33]);
    tf.dispose([some, more, after]);
  });
}, ['wasm']);
