import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { BackendInfo, BackendName } from '../experiment/results';
import { selfTest } from './selfTest';

/** From fastest to the one that runs everywhere. */
export const BACKENDS: readonly BackendName[] = ['webgpu', 'wasm', 'cpu'];

export interface ChosenBackend {
  readonly info: BackendInfo;
  /** Why a faster one was passed over, a sentence each. */
  readonly reasons: readonly string[];
}

export interface BackendOptions {
  /** Where tfjs finds its .wasm files, by file name. */
  readonly wasmPaths: Readonly<Record<string, string>>;
  /** Only this one will do; the best that passes its self-test where absent. */
  readonly only?: BackendName;
  /** Called when the GPU goes away or fails under a running experiment. */
  readonly onLost?: (message: string) => void;
}

/**
 * Starts the fastest backend whose numbers agree with the plain CPU's on this machine, and makes it tfjs' current one.
 * Throws an Error whose message lists the reasons when none does.
 */
export async function chooseBackend(options: BackendOptions): Promise<ChosenBackend> {
  tf.enableProdMode(); // else the CPU backend greets Node with an advertisement
  const reasons: string[] = [];
  for (const name of options.only ? [options.only] : BACKENDS) {
    try {
      const adapter = await start(name, options);
      if (name !== 'cpu') await selfTest(name);
      await tf.setBackend(name);
      return { info: { name, adapter }, reasons };
    } catch (error) {
      reasons.push(`${TITLES[name]} was passed over: ${error instanceof Error ? error.message : String(error)}`);
      if (tf.findBackendFactory(name)) tf.removeBackend(name);
    }
  }
  throw new Error(reasons.join(' '));
}

const TITLES: Record<BackendName, string> = { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'The plain CPU backend' };

/** Makes a backend ready; returns its adapter's name, null where it has none. */
async function start(name: BackendName, options: BackendOptions): Promise<string | null> {
  switch (name) {
    case 'webgpu':
      return startWebGPU(options.onLost);
    case 'wasm':
      setWasmPaths({ ...options.wasmPaths });
      break;
    case 'cpu':
      break;
    default:
      throw new Error(`unknown backend ${String(name satisfies never)}`);
  }
  if (!(await tf.setBackend(name))) throw new Error('it did not start.');
  return null;
}

/** Our own device, because tfjs' start-up throws on a missing adapter and hides the reason. */
async function startWebGPU(onLost?: (message: string) => void): Promise<string> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (!gpu) throw new Error('this browser has no WebGPU.');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('there is no GPU adapter.');
  tf.env().set('WEBGPU_CPU_FORWARD', false);
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
  // A shader that does not compile or memory that runs out would otherwise go on as wrong numbers.
  device.addEventListener('uncapturederror', (event) => onLost?.(event.error.message));
  void device.lost.then((loss) => {
    if (loss.reason !== 'destroyed') onLost?.(loss.message || 'The GPU was lost.');
  });
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU backend did not start.');
  const { vendor, architecture, device: model, description } = adapter.info;
  return description || [vendor, architecture, model].filter(Boolean).join(' ') || 'unnamed adapter';
}
