import { messageOf } from '../math/foreign';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths, type BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { useVariant } from '../ops/device/host';
import { hasRelaxed } from '../ops/routines/simd';
import { BACKEND_NAMES, isWasm, type BackendInfo, type BackendName } from '../experiment/documents/results';
import { inTime } from './deadline';
import { guardAllocations } from './wasmMemory';
import { selfTest } from './selfTest';
import { startWebGPU, type RunningGpu } from './webgpu';

export interface ChosenBackend {
  readonly info: BackendInfo;
  /** Why a faster one was passed over, a sentence each. */
  readonly reasons: readonly string[];
}

export interface BackendOptions {
  /** Where tfjs finds its .wasm files, by file name. */
  readonly wasmPaths: Readonly<Record<string, string>>;
  /** Fetches one of them by its name; tfjs does so itself where absent. Rejects with a sentence. */
  readonly fetchWasm?: (name: string) => Promise<ArrayBuffer>;
  /** Only this one will do; the best that passes its self-test where absent. */
  readonly only?: BackendName;
  /** Whether it has been tested on this machine, in another thread. */
  readonly isTested?: boolean;
  /** Called when the GPU goes away or fails under a running experiment. */
  readonly onLost?: (message: string) => void;
  /** Called before each backend is started and tested, with its title. */
  readonly onStage?: (title: string) => void;
}

/** Seconds that a module may take to come over the network. */
const PATIENCE = 60;

/**
 * Starts the fastest backend whose numbers agree with the plain CPU's on this machine, and makes it tfjs' current one.
 * Throws an Error whose message lists the reasons when none does.
 */
export async function chooseBackend(options: BackendOptions): Promise<ChosenBackend> {
  tf.enableProdMode(); // else the CPU backend greets Node with an advertisement
  const reasons: string[] = [];
  for (const name of options.only ? [options.only] : BACKEND_NAMES) {
    let gpu: RunningGpu | null = null;
    options.onStage?.(TITLES[name]);
    try {
      if (name === 'webgpu') gpu = await startWebGPU(options.only === 'webgpu');
      else await startHost(name, options);
      if (name !== 'cpu' && !options.isTested)
        await inTime(PATIENCE, 'the end of its self-test', selfTest(tfjsName(name)));
      gpu?.watch(options.onLost);
      await tf.setBackend(tfjsName(name));
      return { info: { name, adapter: gpu?.adapter ?? null }, reasons };
    } catch (error) {
      gpu?.destroy();
      reasons.push(`${capitalised(TITLES[name])} was passed over: ${messageOf(error)}`);
      // Without its other form WebAssembly may still do.
      if (name !== 'wasm-relaxed' && tf.findBackendFactory(name)) tf.removeBackend(name);
    }
  }
  throw new Error(reasons.join(' '));
}

const TITLES: Record<BackendName, string> = {
  webgpu: 'WebGPU',
  'wasm-relaxed': 'WebAssembly with fused multiply-add',
  wasm: 'WebAssembly',
  cpu: 'the plain CPU backend',
};

/** tfjs' own name of a backend. */
const tfjsName = (name: BackendName): 'webgpu' | 'wasm' | 'cpu' => (name === 'wasm-relaxed' ? 'wasm' : name);

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Makes a backend of this thread's own memory ready. */
async function startHost(name: Exclude<BackendName, 'webgpu'>, options: BackendOptions): Promise<void> {
  if (name === 'wasm-relaxed' && !hasRelaxed()) throw new Error('this engine has no relaxed SIMD.');
  if (isWasm(name)) {
    useVariant(name === 'wasm' ? 'plain' : 'relaxed');
    if (options.fetchWasm) await giveWasm(options.fetchWasm);
    setWasmPaths({ ...options.wasmPaths }, options.fetchWasm !== undefined);
    // Our routines expect tfjs' heap to be one thread's own, also where a page may share memory.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  }
  const started = await inTime(PATIENCE, 'its module', tf.setBackend(tfjsName(name)));
  if (!started) throw new Error('it did not start.');
  if (isWasm(name)) guardAllocations((tf.backend() as BackendWasm).wasm);
}

/** Has tfjs take the module that somebody else fetches: what it fetches itself it would compute with, however damaged. */
async function giveWasm(fetchWasm: (name: string) => Promise<ArrayBuffer>): Promise<void> {
  const hasSimd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const name = hasSimd ? 'tfjs-backend-wasm-simd.wasm' : 'tfjs-backend-wasm.wasm';
  const bytes = await inTime(PATIENCE, 'its module', fetchWasm(name));
  const headers = { 'Content-Type': 'application/wasm' };
  tf.env().platform.fetch = () => Promise.resolve(new Response(bytes, { headers }));
}
