import { fork, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { BackendName } from '../../experiment/documents/results';
import type { Note, OrderKind, OrderOf, Outcomes } from '../../run/orders';
import { WorkerGone, type PoolWorker, type Readiness } from '../../run/pool';
import { WrongNumbers } from '../../training/wrongNumbers';
import { TESTED, WORKER_COMMAND, type PoolMessage, type WorkerMessage } from './workerCommand';

const PROGRAM = process.argv[1]!;
const builtAt = (): number | undefined => statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs;
/** Of the program that this process runs: another that has taken its place may compute other numbers. */
const BUILT = builtAt();

/** A process of the same program, as one of a pool's workers. */
export class ProcessWorker implements PoolWorker {
  readonly ready: Promise<Readiness>;
  private readonly child: ChildProcess;

  /**
   * Throws where another program has taken this one's place.
   *
   * @param isTested whether the backend has been tested in another process
   * @param isSpared whether all others go on without it then
   */
  constructor(backend: BackendName | undefined, isTested = false, isSpared = false) {
    if (builtAt() !== BUILT) {
      throw new (isSpared ? WorkerGone : Error)('the runner has been built anew since this began');
    }
    // A terminal's Ctrl-C must not reach it: while it starts it would die of that, which looks like a failure.
    this.child = fork(PROGRAM, [WORKER_COMMAND, ...(backend ? [backend] : []), ...(isTested ? [TESTED] : [])], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      serialization: 'advanced', // arrays of numbers as they are
    });
    this.ready = this.answer('ready');
    this.ready.catch(() => undefined); // whoever waits for it hears of it
  }

  async run<Kind extends OrderKind>(order: OrderOf<Kind>, onNote?: (note: Note) => void): Promise<Outcomes[Kind]> {
    const answer = this.answer('outcome', onNote);
    this.send({ type: 'order', order });
    return (await answer).outcome as Outcomes[Kind];
  }

  halt(): void {
    this.send({ type: 'halt' });
  }

  end(): void {
    this.child.kill('SIGKILL');
  }

  private send(message: PoolMessage): void {
    // One that has gone says so by itself.
    this.child.send(message, () => undefined);
  }

  private answer<T extends 'ready' | 'outcome'>(
    type: T,
    onNote?: (note: Note) => void,
  ): Promise<Extract<WorkerMessage, { readonly type: T }>> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        act();
      };
      const gone = (message: string) => settle(() => reject(new WorkerGone(message)));
      const onMessage = (message: WorkerMessage) => {
        if (message.type === 'note') onNote?.(message.note);
        else if (message.type === 'lost') gone(message.message);
        else if (message.type === 'wrong') settle(() => reject(new WrongNumbers(message.message)));
        else if (message.type === 'failed') settle(() => reject(new Error(message.message)));
        else if (message.type === type) settle(() => resolve(message as Extract<WorkerMessage, { readonly type: T }>));
      };
      const onExit = (code: number | null, signal: string | null) =>
        gone(`its process ended by itself (${signal ?? `exit code ${code}`})`);
      const onError = (error: Error) => gone(error.message);
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    });
  }
}
