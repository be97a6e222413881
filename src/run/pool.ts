import { messageOf } from '../math/foreign';
import type { BackendInfo, BackendName } from '../experiment/documents/results';
import type { ArmSummary } from '../experiment/documents/sweepResults';

/** A cell of a sweep that is to run, and its training steps. */
export interface CellOrder {
  readonly number: number;
  readonly steps: number;
}

/** What a sweep keeps of a cell, and how long it took. */
export interface CellResult {
  readonly arms: readonly ArmSummary[];
  readonly seconds: number;
}

/** A thread or a process that runs one cell at a time. */
export interface CellWorker<Order extends CellOrder> {
  /** Rejects with a sentence where it does not start. */
  readonly ready: Promise<{ readonly backend: BackendInfo; readonly reasons: readonly string[] }>;
  /** Rejects with a sentence where the cell breaks, or the worker does. */
  run(order: Order, onStep: (step: number) => void): Promise<CellResult>;
  /** At once; the cell in hand is lost. */
  end(): void;
}

/** Training steps of all cells together. */
export interface CellProgress {
  readonly steps: number;
  readonly done: number;
  /** Cells that are finished. */
  readonly cells: number;
  /** Null before the first step. */
  readonly secondsLeft: number | null;
}

export interface PoolOptions<Order extends CellOrder> {
  /** @param backend what the first worker runs on; undefined for the first */
  readonly create: (backend: BackendName | undefined) => CellWorker<Order>;
  /** On a GPU, and elsewhere; never more than there are cells. */
  readonly workers: { readonly gpu: number; readonly cores: number };
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Before the first cell; what it throws ends the sweep. */
  readonly onReady: (backend: BackendInfo, workers: number, reasons: readonly string[]) => void;
  readonly onProgress: (progress: CellProgress) => void;
  readonly onCell: (number: number, result: CellResult, backend: BackendInfo) => void;
}

/** A cell broke, or its worker did. */
export class CellError extends Error {
  constructor(
    readonly cell: number,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

/**
 * Runs cells in workers until all are done or the signal is given; the cells in hand are lost then. Rejects with the
 * first failure: a CellError, or an Error of a worker that did not start.
 */
export async function runCells<Order extends CellOrder>(
  orders: readonly Order[],
  options: PoolOptions<Order>,
): Promise<void> {
  const { signal, now } = options;
  const queue = [...orders];
  const workers: CellWorker<Order>[] = [];
  const steps = orders.reduce((sum, order) => sum + order.steps, 0);
  /** By number: of the cells in hand. */
  const inHand = new Map<number, number>();
  const finished = { steps: 0, cells: 0 };
  let start = 0;
  const stop = () => workers.forEach((worker) => worker.end());
  signal.addEventListener('abort', stop);
  try {
    // The first one says what the others, if any, will run on.
    const first = add(undefined);
    const { backend, reasons } = await first.ready;
    const wanted = backend.name === 'webgpu' ? options.workers.gpu : options.workers.cores;
    const count = Math.max(1, Math.min(wanted, orders.length));
    if (!signal.aborted) options.onReady(backend, count, reasons);
    start = now();
    const others = Array.from({ length: count - 1 }, () => add(backend.name));
    await Promise.all([first, ...others].map((worker) => serve(worker, backend)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }

  function add(backend: BackendName | undefined): CellWorker<Order> {
    const worker = options.create(backend);
    workers.push(worker);
    return worker;
  }

  async function serve(worker: CellWorker<Order>, { name }: BackendInfo): Promise<void> {
    const { backend } = await worker.ready;
    // Cells of one sweep are compared with one another.
    if (backend.name !== name) throw new Error(`one worker runs on ${backend.name}, the first on ${name}`);
    while (queue.length > 0 && !signal.aborted) {
      const order = queue.shift()!;
      const result = await worker.run(order, tell(order.number)).catch((error: unknown) => {
        throw new CellError(order.number, error);
      });
      if (signal.aborted) return;
      inHand.delete(order.number);
      finished.steps += order.steps;
      finished.cells += 1;
      options.onCell(order.number, result, backend);
      showProgress();
    }
  }

  function tell(number: number): (step: number) => void {
    return (step) => {
      if (signal.aborted) return;
      inHand.set(number, step);
      showProgress();
    };
  }

  function showProgress(): void {
    const done = [...inHand.values()].reduce((sum, step) => sum + step, finished.steps);
    const seconds = (now() - start) / 1000;
    const secondsLeft = done > 0 ? (seconds / done) * (steps - done) : null;
    options.onProgress({ steps, done, cells: finished.cells, secondsLeft });
  }
}
