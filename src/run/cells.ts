import { messageOf } from '../math/foreign';
import type { BackendInfo } from '../experiment/documents/results';
import type { CellResult, OrderOf } from './orders';
import type { Pool, PoolWorker } from './pool';
import { WrongNumbers } from '../training/wrongNumbers';
import { Stopwatch } from './stopwatch';

/** A cell of a sweep that is to run. */
export interface Cell {
  readonly number: number;
  /** Its training steps. */
  readonly steps: number;
  /** All cells' orders at once may be too many. */
  readonly order: () => OrderOf<'cell'>;
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

export interface CellOptions {
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
 * Runs cells in a pool's workers until all are done or the signal is given; the cells in hand are lost then. A cell whose
 * worker dies is run again in another one; one that breaks, or whose workers die again and again, keeps no other from
 * being run. Ends the pool. Returns those that broke, by number. Rejects where no other would fare better: with a
 * CellError, or an Error of a worker that did not start.
 */
export async function runCells(
  cells: readonly Cell[],
  pool: Pool,
  options: CellOptions,
): Promise<readonly CellError[]> {
  const { signal } = options;
  const watch = new Stopwatch(options.now);
  const queue = [...cells];
  let steps = cells.reduce((sum, cell) => sum + cell.steps, 0);
  /** By number: of the cells in hand. */
  const inHand = new Map<number, number>();
  const finished = { steps: 0, cells: 0 };
  const broken: CellError[] = [];
  let over = false;
  const stop = () => {
    over = true;
    pool.end();
  };
  signal.addEventListener('abort', stop);
  try {
    // The first one says what the others, if any, will run on.
    const { backend, reasons } = await pool.first();
    const wanted = backend.name === 'webgpu' ? options.workers.gpu : options.workers.cores;
    const count = Math.max(1, Math.min(wanted, cells.length));
    if (signal.aborted) return [];
    options.onReady(backend, count, reasons);
    watch.start();
    await Promise.all(Array.from({ length: count }, (_, place) => serve(place, backend)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  return broken.toSorted((a, b) => a.cell - b.cell);

  async function serve(place: number, backend: BackendInfo): Promise<void> {
    // One that does not start is no cell's fault.
    await pool.worker(place);
    while (queue.length > 0 && !over) {
      const cell = queue.shift()!;
      const result = await outcome(cell, place);
      if (over) return;
      inHand.delete(cell.number);
      if (result) {
        finished.steps += cell.steps;
        finished.cells += 1;
        options.onCell(cell.number, result, backend);
      } else steps -= cell.steps;
      showProgress();
    }
  }

  /** Null where the cell breaks; throws where no other would fare better. */
  async function outcome(cell: Cell, place: number): Promise<CellResult | null> {
    const onNote = tell(cell.number);
    /** The last that came of the cell itself, not of a worker's start. */
    let own: unknown = null;
    const order = async (worker: PoolWorker) => {
      try {
        return await worker.run(cell.order(), (note) => note.type === 'step' && onNote(note.step));
      } catch (error) {
        own = error;
        throw error;
      }
    };
    try {
      return await pool.outlast(place, order);
    } catch (error) {
      const failure = new CellError(cell.number, error);
      if (error !== own || error instanceof WrongNumbers || over) throw failure;
      broken.push(failure);
      pool.drop(place);
      return null;
    }
  }

  function tell(number: number): (step: number) => void {
    return (step) => {
      if (over) return;
      inHand.set(number, step);
      showProgress();
    };
  }

  function showProgress(): void {
    const done = [...inHand.values()].reduce((sum, step) => sum + step, finished.steps);
    watch.lap();
    const secondsLeft = done > 0 ? (watch.seconds() / done) * (steps - done) : null;
    options.onProgress({ steps, done, cells: finished.cells, secondsLeft });
  }
}
