/**
 * Preloaded into a runner that is started with --expose-gc: at each SIGUSR2 it collects its garbage and writes what it
 * holds then to the file that MEMORY_PROBE names.
 */
import { renameSync, writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const { gc, _tfengine: engine } = /** @type {any} */ (globalThis);
  gc();
  const { heapUsed, rss } = process.memoryUsage();
  const { numTensors, numBytes } = engine?.memory() ?? { numTensors: 0, numBytes: 0 };
  const measures = {
    'JS heap': heapUsed,
    tensors: numTensors,
    'bytes of tensors': numBytes,
    'WebAssembly’s heap': engine?.registry.wasm?.wasm.HEAPU8.byteLength ?? 0,
    resident: rss,
  };
  const out = process.env['MEMORY_PROBE'] ?? '';
  // Whole or not at all for whoever waits for it.
  writeFileSync(`${out}.part`, JSON.stringify(measures));
  renameSync(`${out}.part`, out);
});
