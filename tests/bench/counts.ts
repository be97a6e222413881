/** What a form asks of the device: its memory, and of WebGPU the launches of a training step and of a token. */
import * as tf from '@tensorflow/tfjs-core';
import { planCollection } from '../../src/training/collect';
import { beginStep } from '../../src/training/round';
import { settle, type Contestant } from './contestant';
import type { GpuCounters, MemoryCounter } from './counters';
import type { COUNTS } from './results';

export type Counts = Readonly<Partial<Record<(typeof COUNTS)[number], number>>>;

/** Counters of the backend in use. */
export interface Counting {
  readonly memory: MemoryCounter;
  /** Null where there is no WebGPU; otherwise it counts the memory, too. */
  readonly gpu: GpuCounters | null;
}

/**
 * One whole training step.
 *
 * @param held live bytes before the contestant was made
 * @returns what it asked for, and how long it took
 */
export async function countStep(
  contestant: Contestant,
  { memory, gpu }: Counting,
  held: number,
): Promise<{ counts: Counts; milliseconds: number }> {
  const { fleet } = contestant;
  await settle(fleet.weights);
  memory.mark();
  const { liveBytes: before } = memory.since();
  const start = performance.now();
  const started = beginStep(fleet, contestant.nextStep());
  const sampling = gpu?.since();
  await started.finish();
  const step = gpu?.since();
  // Uploads are staged in buffers that are freed after the next submit.
  await settle(fleet.weights);
  const milliseconds = performance.now() - start;
  const { liveBytes, peakBytes } = memory.since();
  const counts = {
    ...(gpu && sampling && step
      ? {
          launchesPerToken: launchesPerToken(contestant, gpu),
          launchesPerTraining: step.launches - sampling.launches,
          launchesPerStep: step.launches,
          submitsPerStep: step.submits,
          readBacksPerStep: step.readBacks,
          readBytesPerStep: step.readBytes,
          allocatedBytesPerStep: step.allocatedBytes,
          grownBytesPerStep: liveBytes - before,
        }
      : {}),
    liveBytes: liveBytes - held,
    peakBytes: peakBytes - held,
  };
  return { counts, milliseconds };
}

/** Of one token more; a longer completion's would take longer and tell the same. */
function launchesPerToken({ fleet, workload: { policyOf } }: Contestant, counters: GpuCounters): number {
  const { request } = planCollection(fleet, 0);
  const launchesOf = (completionLength: number) => {
    counters.mark();
    tf.tidy(() => {
      policyOf(completionLength).sample(fleet.weights, request);
    });
    return counters.since().launches;
  };
  const further = launchesOf(3) - launchesOf(2);
  request.settings.dispose();
  return further;
}

/** Destroys the GPU buffers that tfjs keeps for reuse: forms that share a process should not share those. */
export function emptyPool(): void {
  if (tf.getBackend() !== 'webgpu') return; // none keeps any
  const { bufferManager } = tf.backend() as unknown as { bufferManager: BufferPool };
  for (const [key, buffers] of bufferManager.freeBuffers) {
    for (const buffer of buffers) {
      buffer.destroy();
      bufferManager.numFreeBuffers -= 1;
      bufferManager.numBytesAllocated -= buffer.size;
    }
    bufferManager.freeBuffers.set(key, []);
  }
}

/** The private part of tfjs' BufferManager. */
interface BufferPool {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesAllocated: number;
}
