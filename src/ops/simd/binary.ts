/** This folder's WebAssembly: scripts/simdPlugin.mjs compiles it and puts other texts in the places of these. */
export const plain: string = missing();
/** The same with fused multiply-add, which relaxed SIMD has; results differ between machines. */
export const relaxed: string = missing();

function missing(): never {
  throw new Error('To be bundled with the plugin in scripts/simdPlugin.mjs.');
}
