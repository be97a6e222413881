/** This folder's WebAssembly: scripts/simdPlugin.mjs compiles it and puts another text in the place of this one. */
export const base64: string = missing();

function missing(): never {
  throw new Error('To be bundled with the plugin in scripts/simdPlugin.mjs.');
}
