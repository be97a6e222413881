import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BackendName } from '../experiment/results';
import { chooseBackend, type ChosenBackend } from '../runtime/backends';

const require = createRequire(import.meta.url);

/** tfjs' .wasm files inside its package, by file name. */
function wasmPaths(): Record<string, string> {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out');
  const names = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]).filter(([, path]) => existsSync(path!)));
}

/** Dawn's WebGPU under the global names that a browser has; the returned function lets Node exit again. */
async function installDawn(): Promise<() => void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const navigator: { gpu?: unknown } = { gpu: create([]) };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  return () => {
    delete navigator.gpu;
  };
}

export interface NodeBackend extends ChosenBackend {
  /** Lets go of the GPU, so that the process can end. */
  release(): void;
}

/**
 * The backend that was asked for, or the best that passes its self-test.
 * Throws an Error that says why when it cannot run.
 */
export async function startBackend(only?: BackendName): Promise<NodeBackend> {
  let release = (): void => undefined;
  if (only === undefined || only === 'webgpu') {
    try {
      release = await installDawn();
    } catch (error) {
      if (only) throw new Error(`WebGPU does not start in Node: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  const chosen = await chooseBackend({ wasmPaths: wasmPaths(), ...(only ? { only } : {}) });
  return { ...chosen, release };
}
