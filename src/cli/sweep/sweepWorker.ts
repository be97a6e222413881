import { setImmediate as breathe } from 'node:timers/promises';
import type { BackendInfo } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { runCell } from '../../run/cell';
import type { CellResult } from '../../run/pool';
import { readBackend } from '../arguments';
import { EXIT, sentence } from '../errors';
import { INTERRUPTS } from '../interrupt';
import { nodeEnvironment, startBackend } from '../nodeRuntime';
import { prepared } from '../run/prepared';

/** What a sweep tells one of its processes: the config of the next cell. */
export interface SweepOrder {
  readonly config: ExperimentConfig;
}

/** What one of its processes tells a sweep. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly backend: BackendInfo; readonly reasons: readonly string[] }
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'done'; readonly result: CellResult }
  | { readonly type: 'failed'; readonly message: string };

/** The command that `sweep` starts its processes with; nobody types it. */
export const WORKER_COMMAND = 'sweep-worker';

/** Runs the cells that it is sent, one after the other, until its sweep goes away. */
export async function sweepWorker([backendName]: readonly string[]): Promise<number> {
  // The sweep itself ends this process.
  for (const signal of INTERRUPTS) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(EXIT.failure));
  try {
    const backend = await startBackend(readBackend(backendName));
    process.on('message', ({ config }: SweepOrder) => {
      Promise.race([run(config, backend.info), backend.lost]).then(send, fail);
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

async function run(config: ExperimentConfig, backend: BackendInfo): Promise<WorkerMessage> {
  const onStep = (step: number) => send({ type: 'step', step });
  const environment = { ...nodeEnvironment(backend), breathe: () => breathe(), onStep };
  return { type: 'done', result: await runCell(config, await prepared(config), environment) };
}
