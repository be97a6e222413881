import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedSimdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
// tfjs-core's index leaves the gradients out.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { startWebGPU } from '../../src/runtime/webgpu';

export const BACKEND_NAMES = ['cpu', 'wasm', 'webgpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

setWasmPaths({
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedSimdWasm,
});

/** What the GPU complained of, a shader that does not compile say, since it was last asked. */
const complaints: string[] = [];

/** The page's own start; it throws where there is no adapter: a GPU test that does not run has failed. */
async function openWebGPU(): Promise<void> {
  const gpu = await startWebGPU();
  gpu.watch((message) => complaints.push(message));
  console.info(`WebGPU adapter: ${gpu.adapter}`);
}

let webgpuStarted: Promise<void> | undefined;

export async function useBackend(name: BackendName): Promise<void> {
  if (name === 'webgpu') await (webgpuStarted ??= openWebGPU());
  if (!(await tf.setBackend(name))) throw new Error(`Backend ${name} did not start.`);
}

/**
 * Registers the tests that `body` declares once for every backend (or those named) and checks after each test that no
 * tensor was left behind and the GPU did not complain.
 */
export function forEachBackend(body: (name: BackendName) => void, names: readonly BackendName[] = BACKEND_NAMES): void {
  describe.each(names)('%s', (name) => {
    let before = 0;
    beforeAll(() => useBackend(name));
    beforeEach(() => {
      before = tf.memory().numTensors;
    });
    afterEach(({ task }) => {
      if (task.result?.state !== 'fail') expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
      expect(complaints.splice(0), 'errors of the GPU').toEqual([]);
    });
    body(name);
  });
}
