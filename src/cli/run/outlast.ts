import type { ExperimentConfig } from '../../experiment/config/schema';
import type { Runner } from '../../run/runner';
import { parseStored } from '../../run/storedExperiment';
import type { Task } from '../../training/task';
import { known, sentence } from '../errors';
import { GpuLost, untilLost, type NodeBackend } from '../nodeRuntime';
import { execute, type Execution } from './execute';

/**
 * Runs an experiment on a GPU to its end. Where the GPU goes away, another process goes on from the last state, on a GPU
 * that it finds anew. Throws GpuLost where it finds none.
 */
export async function outlast(
  config: ExperimentConfig,
  task: Task,
  execution: Execution,
  backend: NodeBackend,
): Promise<Runner> {
  const { signal, save, from } = execution;
  const gone = new AbortController();
  let last: Uint8Array | null = null;
  const running = execute(config, task, {
    ...execution,
    signal: AbortSignal.any([signal, gone.signal]),
    save(state) {
      // What still comes of the lost GPU is not to be trusted.
      if (gone.signal.aborted) return;
      last = state;
      save?.(state);
    },
  });
  try {
    return await untilLost(backend, running);
  } catch (error) {
    if (!(error instanceof GpuLost)) throw error;
    gone.abort();
    const state = last ? known(parseStored(last)) : from;
    const where = state ? `goes on from step ${state.snapshot.step}` : 'begins again';
    process.stderr.write(`${sentence(error)} The run ${where} in another process.\n`);
    return await execute(config, task, { ...execution, from: state, apart: true }).catch((again: unknown) => {
      throw new GpuLost(sentence(again), { cause: again });
    });
  }
}
