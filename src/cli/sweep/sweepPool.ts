import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { BackendInfo, BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { ArmSummary } from '../../experiment/documents/sweepResults';
import { WORKER_COMMAND, type CellOrder, type WorkerMessage } from './sweepWorker';

export interface FinishedCell {
  readonly number: number;
  readonly backend: BackendInfo;
  readonly arms: readonly ArmSummary[];
  readonly seconds: number;
}

export interface PoolOptions {
  /** The fastest that works where undefined. */
  readonly backend: BackendName | undefined;
  /** Processes at a time; one for each core, and one for a GPU, where undefined. */
  readonly jobs: number | undefined;
  readonly signal: AbortSignal;
  readonly configOf: (number: number) => ExperimentConfig;
  readonly nameOf: (number: number) => string;
  /** Called once, before the first cell; what it throws ends the sweep. */
  readonly onStart: (backend: BackendInfo, reasons: readonly string[], jobs: number) => void;
  readonly onStep: (number: number, step: number) => void;
  readonly onCell: (cell: FinishedCell) => void;
}

/** Runs cells in processes of their own until all are done or the signal is given. Throws an Error when one fails. */
export async function runCells(numbers: readonly number[], options: PoolOptions): Promise<void> {
  const { signal } = options;
  const queue = [...numbers];
  const workers: CellWorker[] = [];
  const stop = () => workers.forEach((worker) => worker.end());
  signal.addEventListener('abort', stop);
  const add = (backend: BackendName | undefined): CellWorker => {
    const worker = new CellWorker(backend);
    workers.push(worker);
    return worker;
  };
  try {
    // The first one says what the others, if any, will run on.
    const first = add(options.backend);
    const { backend, reasons } = await first.ready;
    const wanted = options.jobs ?? (backend.name === 'webgpu' ? 1 : availableParallelism());
    const jobs = Math.min(wanted, numbers.length);
    options.onStart(backend, reasons, jobs);
    const others = Array.from({ length: jobs - 1 }, () => add(backend.name));
    await Promise.all([first, ...others].map((worker) => serve(worker, queue, options)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

async function serve(worker: CellWorker, queue: number[], options: PoolOptions): Promise<void> {
  const { backend } = await worker.ready;
  for (let number = queue.shift(); number !== undefined; number = queue.shift()) {
    const current = number;
    try {
      const { arms, seconds } = await worker.run(options.configOf(current), (step) => options.onStep(current, step));
      options.onCell({ number, backend, arms, seconds });
    } catch (error) {
      throw new Error(`${options.nameOf(current)}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

type Of<T extends WorkerMessage['type']> = Extract<WorkerMessage, { readonly type: T }>;

/** A process of the same program that runs one cell at a time. */
class CellWorker {
  readonly ready: Promise<Of<'ready'>>;
  private readonly child: ChildProcess;

  constructor(backend: BackendName | undefined) {
    // A terminal's Ctrl-C must not reach it: while it starts it would die of that, which looks like a failure.
    this.child = fork(process.argv[1]!, [WORKER_COMMAND, ...(backend ? [backend] : [])], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
    });
    this.ready = this.awaited('ready');
    this.ready.catch(() => undefined); // whoever waits for it hears of it
  }

  async run(config: ExperimentConfig, onStep: (step: number) => void): Promise<Of<'done'>> {
    const done = this.awaited('done', onStep);
    const order: CellOrder = { config };
    this.child.send(order);
    return done;
  }

  /** Nothing is lost with it but the cell in hand. */
  end(): void {
    this.child.kill('SIGKILL');
  }

  private awaited<T extends 'ready' | 'done'>(type: T, onStep?: (step: number) => void): Promise<Of<T>> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        act();
      };
      const onMessage = (message: WorkerMessage) => {
        if (message.type === 'step') onStep?.(message.step);
        else if (message.type === 'failed') settle(() => reject(new Error(message.message)));
        else if (message.type === type) settle(() => resolve(message as Of<T>));
      };
      const onExit = (code: number | null, signal: string | null) =>
        settle(() => reject(new Error(`its process ended by itself (${signal ?? `exit code ${code}`})`)));
      const onError = (error: Error) => settle(() => reject(error));
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
    });
  }
}
