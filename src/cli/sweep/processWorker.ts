import { fork, type ChildProcess } from 'node:child_process';
import type { BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { CellOrder, CellResult, CellWorker } from '../../run/pool';
import { WORKER_COMMAND, type SweepOrder, type WorkerMessage } from './sweepWorker';

type Of<T extends WorkerMessage['type']> = Extract<WorkerMessage, { readonly type: T }>;

/** A process of the same program, as one of a sweep's workers. */
export class ProcessCellWorker implements CellWorker<CellOrder> {
  readonly ready: Promise<Of<'ready'>>;
  private readonly child: ChildProcess;

  /** @param configOf by a cell's number: all of them at once may be too many */
  constructor(
    backend: BackendName | undefined,
    private readonly configOf: (number: number) => ExperimentConfig,
  ) {
    // A terminal's Ctrl-C must not reach it: while it starts it would die of that, which looks like a failure.
    this.child = fork(process.argv[1]!, [WORKER_COMMAND, ...(backend ? [backend] : [])], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
    });
    this.ready = this.awaited('ready');
    this.ready.catch(() => undefined); // whoever waits for it hears of it
  }

  async run({ number }: CellOrder, onStep: (step: number) => void): Promise<CellResult> {
    const done = this.awaited('done', onStep);
    const order: SweepOrder = { config: this.configOf(number) };
    this.child.send(order);
    return (await done).result;
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
