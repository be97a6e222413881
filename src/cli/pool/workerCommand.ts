import { setImmediate as breathe } from 'node:timers/promises';
import { Executor } from '../../run/executor';
import type { Note, Order, Outcomes } from '../../run/orders';
import type { Readiness } from '../../run/pool';
import { heldBytes, releaseSpare } from '../../runtime/memory';
import { WrongNumbers } from '../../training/wrongNumbers';
import { readBackend } from '../arguments';
import { EXIT, sentence } from '../errors';
import { INTERRUPTS } from '../interrupt';
import { afterLoss, nodeEnvironment, startInPool } from '../nodeRuntime';
import { prepared } from '../run/prepared';

/** What a pool tells one of its processes. */
export type PoolMessage = { readonly type: 'order'; readonly order: Order } | { readonly type: 'halt' };

/** What one of its processes tells a pool. */
export type WorkerMessage =
  | ({ readonly type: 'ready' } & Readiness)
  | { readonly type: 'note'; readonly note: Note }
  | { readonly type: 'outcome'; readonly outcome: Outcomes[keyof Outcomes] }
  /** The GPU is gone: nothing more is to be had from this process. */
  | { readonly type: 'lost'; readonly message: string }
  /** The GPU computes wrong numbers. */
  | { readonly type: 'wrong'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string };

/** The command that a pool starts its processes with; nobody types it. */
export const WORKER_COMMAND = 'pool-worker';

/** The backend has been tested in another process. */
export const TESTED = 'tested';

/** Carries out what it is ordered, one order after the other, until its pool goes away. */
export async function workerCommand([backendName, tested]: readonly string[]): Promise<number> {
  // The pool itself ends this process.
  for (const signal of INTERRUPTS) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(EXIT.failure));
  try {
    const backend = await startInPool(readBackend(backendName), tested === TESTED);
    const executor = new Executor({
      ...nodeEnvironment(backend.info),
      prepare: (config) => prepared(config),
      breathe: () => breathe(),
      memory: heldBytes,
      release: releaseSpare,
    });
    process.on('message', (message: PoolMessage) => {
      if (message.type === 'halt') return executor.halt();
      const done = executor.execute(message.order, (note) => send({ type: 'note', note }));
      afterLoss(backend.info, done).then((outcome) => send({ type: 'outcome', outcome }), fail);
    });
    send({ type: 'ready', backend: backend.info, reasons: backend.reasons });
    await backend.lost.catch((error: unknown) => send({ type: 'lost', message: sentence(error) }));
  } catch (error) {
    fail(error);
  }
  return EXIT.failure;
}

const send = (message: WorkerMessage): void => void process.send?.(message);
const fail = (error: unknown): void =>
  send({ type: error instanceof WrongNumbers ? 'wrong' : 'failed', message: sentence(error) });
