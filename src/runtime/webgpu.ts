import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { nudgeReadBacks } from './nudge';
import { watchBuffers } from './watchBuffers';
import { inTime } from './deadline';

/** Enough for few submits a step, and few enough for the GPU to begin while the step is still being recorded. */
const LAUNCHES_PER_SUBMIT = 64;

/** Milliseconds in which a GPU's loss is heard of, after its work has failed. */
export const LOSS_DELAY = 500;

/** Seconds that a driver may take to answer. */
const PATIENCE = 20;

/** A GPU that runs as tfjs' current backend. */
export interface RunningGpu {
  /** In the driver's words. */
  readonly adapter: string;
  /**
   * Ends the trial: throws an Error if the GPU has complained so far, and reports its loss and its errors from now on.
   */
  watch(onLost?: (message: string) => void): void;
  destroy(): void;
}

/**
 * Starts tfjs on a device of our own, because tfjs' start-up throws on a missing adapter and hides the reason.
 * Throws an Error that says what is missing.
 *
 * @param takesSoftware whether an adapter will do that computes on the processor: WebAssembly is faster there
 */
export async function startWebGPU(takesSoftware = true): Promise<RunningGpu> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (!gpu) throw new Error('this browser has no WebGPU.');
  const adapter = await inTime(PATIENCE, 'its adapter', gpu.requestAdapter({ powerPreference: 'high-performance' }));
  if (!adapter) throw new Error('there is no GPU adapter.');
  if (!takesSoftware && isSoftware(adapter.info)) {
    throw new Error(`its adapter (${nameOf(adapter.info)}) computes on the processor, more slowly than WebAssembly.`);
  }
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', LAUNCHES_PER_SUBMIT);
  const requested = adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  const device = await inTime(PATIENCE, 'its device', requested).catch((error: unknown) => {
    // One that comes after all is nobody's.
    requested.then((late) => late.destroy()).catch(() => undefined);
    throw error;
  });
  nudgeReadBacks(device, navigator.userAgent);
  let ended = false;
  const watch = watchDevice(device, () => ended);
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU backend did not start.');
  return { adapter: nameOf(adapter.info), watch, destroy };

  function destroy(): void {
    ended = true;
    device.destroy();
  }
}

/** A shader that does not compile or memory that runs out would otherwise go on as wrong numbers. */
function watchDevice(device: GPUDevice, isEnded: () => boolean): RunningGpu['watch'] {
  let complaint: string | null = null;
  let report = (message: string): void => {
    complaint ??= message;
  };
  device.addEventListener('uncapturederror', (event) => report(event.error.message));
  watchBuffers(device, (message) => !isEnded() && report(message));
  void device.lost.then((loss) => {
    // Somebody else may destroy it, too.
    if (!isEnded()) report(loss.message || 'The GPU was lost.');
  });
  return (onLost) => {
    if (complaint !== null) throw new Error(`the GPU reports an error: ${complaint}`);
    report = (message) => onLost?.(message);
  };
}

/** As much as the adapter has of what tfjs and our kernels use. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  return {
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxBufferSize: limits.maxBufferSize,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  };
}

const nameOf = ({ vendor, architecture, device, description }: GPUAdapterInfo): string =>
  description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter';

const isSoftware = (info: GPUAdapterInfo): boolean =>
  info.isFallbackAdapter ||
  /swiftshader|llvmpipe|lavapipe|basic render/i.test(
    [info.vendor, info.architecture, info.device, info.description].join(' '),
  );
