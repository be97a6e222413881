import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { submitRecorded } from '../ops/device/webgpu';

/** Bytes that the current backend holds; on WebAssembly its whole heap, which grows and never shrinks. */
export function heldBytes(): number {
  if (tf.getBackend() !== 'wasm') return tf.memory().numBytes;
  return ((tf.backend() as BackendWasm).wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8.length;
}

/**
 * Gives the GPU back the buffers that tfjs has kept to use again. It keeps them by their exact size and forever, so that
 * an experiment of other sizes would never use them. Where a tensor still lives, all stay.
 */
export function releaseSpare(): void {
  if (tf.getBackend() !== 'webgpu') return;
  // What is recorded still uses some of them.
  submitRecorded();
  const { bufferManager } = tf.backend() as WebGPUBackend;
  if (bufferManager.getNumUsedBuffers() === 0) bufferManager.dispose();
}
