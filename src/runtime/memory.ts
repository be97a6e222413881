import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** Bytes that the current backend holds; on WebAssembly its whole heap, which grows and never shrinks. */
export function heldBytes(): number {
  if (tf.getBackend() !== 'wasm') return tf.memory().numBytes;
  return ((tf.backend() as BackendWasm).wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8.length;
}
