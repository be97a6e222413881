import { cellSummary } from '../../analysis/cellSummary';
import { historyOf } from '../../experiment/documents/history';
import type { BackendInfo } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { ArmSummary } from '../../experiment/documents/sweepResults';
import { readBackend } from '../arguments';
import { EXIT, sentence } from '../errors';
import { execute } from '../run/execute';
import { INTERRUPTS } from '../interrupt';
import { startBackend } from '../nodeRuntime';
import { prepared } from '../run/prepared';
import type { Progress } from '../progress';

/** What a sweep tells one of its processes: the config of the next cell. */
export interface CellOrder {
  readonly config: ExperimentConfig;
}

/** What one of its processes tells a sweep. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly backend: BackendInfo; readonly reasons: readonly string[] }
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'done'; readonly arms: readonly ArmSummary[]; readonly seconds: number }
  | { readonly type: 'failed'; readonly message: string };

/** The command that `sweep` starts its processes with; nobody types it. */
export const WORKER_COMMAND = 'sweep-worker';

const STEP_MILLISECONDS = 200;

/** Runs the cells that it is sent, one after the other, until its sweep goes away. */
export async function sweepWorker([backendName]: readonly string[]): Promise<number> {
  // The sweep itself ends this process.
  for (const signal of INTERRUPTS) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(EXIT.failure));
  try {
    const backend = await startBackend(readBackend(backendName));
    process.on('message', ({ config }: CellOrder) => {
      Promise.race([runCell(config, backend.info), backend.lost]).then(send, fail);
    });
    send({ type: 'ready', backend: backend.info, reasons: backend.reasons });
    await backend.lost;
  } catch (error) {
    fail(error);
  }
  return EXIT.failure;
}

const send = (message: WorkerMessage): void => void process.send?.(message);
const fail = (error: unknown): void => send({ type: 'failed', message: sentence(error) });

async function runCell(config: ExperimentConfig, backend: BackendInfo): Promise<WorkerMessage> {
  const task = await prepared(config);
  const { signal } = new AbortController();
  const results = await execute(config, task, { backend, signal, progress: reporting(), saveEvery: Infinity });
  return { type: 'done', arms: cellSummary(historyOf(results)), seconds: results.timing.seconds };
}

function reporting(): Progress {
  let told = performance.now();
  return {
    update(step) {
      if (performance.now() - told < STEP_MILLISECONDS) return;
      told = performance.now();
      send({ type: 'step', step });
    },
    clear: () => undefined,
  };
}
