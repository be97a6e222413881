/** What this needs of tfjs' WebAssembly module. */
interface WasmModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
}

const ADDRESSES = 2 ** 32;

/** Modules that are guarded already: a backend may be started twice. */
const guarded = new WeakSet<object>();

/**
 * Makes an allocation that fails throw an Error with a sentence. tfjs takes the address 0 that it gets then for a good
 * one and writes there, over what the module keeps for itself, and everything after that is wrong.
 */
export function guardAllocations(wasm: object): void {
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  const module = wasm as WasmModule & { _free(address: number): void };
  // Emscripten's first call puts the real function in the place of one that looks it up, and would take ours away.
  module._free(module._malloc(8));
  const malloc = module._malloc.bind(module);
  module._malloc = (bytes) => {
    // The module takes a size beyond its addresses for one modulo 2³², and a very large one for a negative one.
    const address = bytes < ADDRESSES ? malloc(bytes) >>> 0 : 0;
    const isWithin = address > 0 && address + bytes <= module.HEAPU8.length;
    if (bytes > 0 && !isWithin) throw new Error(fullSentence(bytes, module.HEAPU8.length));
    return address;
  };
}

const megabytes = (bytes: number): string => String(Math.ceil(bytes / 2 ** 20));

const fullSentence = (bytes: number, heap: number): string =>
  `WebAssembly’s memory is full (${megabytes(bytes)} MB more were needed, and it has ${megabytes(heap)} MB). ` +
  'Fewer pairs per step, seeds or arms need less.';
