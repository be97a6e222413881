import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedSimdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
// tfjs-core's index leaves the gradients out.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';

export const BACKEND_NAMES = ['cpu', 'wasm', 'webgpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

setWasmPaths({
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedSimdWasm,
});

/**
 * A device with the limits that the page asks for too (src/runtime/backends.ts).
 * Throws where there is no adapter: a GPU test that does not run has failed.
 */
async function startWebGPU(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('No WebGPU adapter: the WebGPU tests cannot run in this browser.');
  const { vendor, architecture, device: model, description } = adapter.info;
  console.info(`WebGPU adapter: ${[vendor, architecture, model, description].filter(Boolean).join(' ')}`);
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  // Small tensors would be computed on the CPU, and the test would test the CPU.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
}

let webgpuStarted: Promise<void> | undefined;

export async function useBackend(name: BackendName): Promise<void> {
  if (name === 'webgpu') await (webgpuStarted ??= startWebGPU());
  if (!(await tf.setBackend(name))) throw new Error(`Backend ${name} did not start.`);
}

/**
 * Registers the tests that `body` declares once for every backend (or those named) and checks after each test that no
 * tensor was left behind.
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
    });
    body(name);
  });
}
