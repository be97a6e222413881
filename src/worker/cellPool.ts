import type { BackendInfo } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { ArmSummary } from '../experiment/documents/sweepResults';
import { LabClient } from './client';
import type { ImportedCheckpoints, WorkerEvent } from './protocol';

/** A cell of a sweep that is to run. */
export interface CellOrder {
  readonly number: number;
  readonly config: ExperimentConfig;
  /** Imported ones that the config names. */
  readonly checkpoints: ImportedCheckpoints;
}

/** Training steps of all cells together. */
export interface CellProgress {
  readonly steps: number;
  readonly done: number;
  /** Null before the first step. */
  readonly secondsLeft: number | null;
}

/** What a pool says; nothing after `end`. */
export interface CellPoolEvents {
  /** Before the first cell, and how many workers there are; what it returns, unless null, ends the sweep as a problem. */
  readonly onReady: (backend: BackendInfo, workers: number) => string | null;
  readonly onProgress: (progress: CellProgress) => void;
  readonly onCell: (number: number, arms: readonly ArmSummary[]) => void;
  /** All cells are done, or a sentence says why not; with the cell that broke, if one did. */
  readonly onEnd: (problem: string | null, cell: number | null) => void;
}

type OnEvent = (event: WorkerEvent) => void;

/** One of the pool's workers and the cell that it has in hand. */
interface Worker {
  readonly client: Pick<LabClient, 'open' | 'cell' | 'close'>;
  cell: CellOrder | null;
  /** Of the cell in hand. */
  step: number;
}

/**
 * Runs the cells of a sweep in workers of their own, so that a race in the page goes on undisturbed. A GPU gets one
 * worker; on other backends each works on a core of its own.
 */
export class CellPool {
  readonly #events: CellPoolEvents;
  readonly #create: (onEvent: OnEvent) => Worker['client'];
  readonly #queue: CellOrder[];
  readonly #mostWorkers: number;
  #workers: Worker[] = [];
  #over = false;
  readonly #steps: number;
  #finishedSteps = 0;
  /** When the first cell began. */
  #start = 0;

  /** @param mostWorkers where the backend is not a GPU */
  constructor(
    cells: readonly CellOrder[],
    mostWorkers: number,
    events: CellPoolEvents,
    create: (onEvent: OnEvent) => Worker['client'] = (onEvent) => new LabClient(onEvent),
  ) {
    this.#queue = [...cells];
    this.#steps = cells.reduce((sum, { config }) => sum + config.schedule.steps, 0);
    this.#mostWorkers = mostWorkers;
    this.#events = events;
    this.#create = create;
    this.#add();
  }

  /** Ends at once; the cells in hand are lost, and `onEnd` is not called. */
  stop(): void {
    this.#over = true;
    for (const { client } of this.#workers) client.close();
    this.#workers = [];
  }

  #add(): void {
    const worker: Worker = { client: this.#create((event) => this.#receive(worker, event)), cell: null, step: 0 };
    this.#workers.push(worker);
    worker.client.open();
  }

  #end(problem: string | null, cell: number | null = null): void {
    this.stop();
    this.#events.onEnd(problem, cell);
  }

  #receive(worker: Worker, event: WorkerEvent): void {
    if (this.#over) return;
    switch (event.type) {
      case 'ready':
        this.#ready(worker, event.backend);
        return;
      case 'cellStep':
        worker.step = event.step;
        this.#tell();
        return;
      case 'cellDone':
        this.#done(worker, event.arms);
        return;
      case 'unavailable':
      case 'lost':
      case 'failed':
        this.#end(event.message, worker.cell?.number ?? null);
        return;
      default: // a cell's worker says nothing else
    }
  }

  #ready(worker: Worker, backend: BackendInfo): void {
    if (worker === this.#workers[0]) {
      // The first one says what the others will run on.
      const wanted = backend.name === 'webgpu' ? 1 : this.#mostWorkers;
      const workers = Math.max(1, Math.min(wanted, this.#queue.length));
      const problem = this.#events.onReady(backend, workers);
      if (problem !== null) {
        this.#end(problem);
        return;
      }
      this.#start = performance.now();
      for (let i = 1; i < workers; i++) this.#add();
    }
    this.#next(worker);
  }

  #done(worker: Worker, arms: readonly ArmSummary[]): void {
    const { cell } = worker;
    if (!cell) return;
    worker.step = 0;
    this.#finishedSteps += cell.config.schedule.steps;
    this.#events.onCell(cell.number, arms);
    this.#tell();
    this.#next(worker);
  }

  #tell(): void {
    const done = this.#workers.reduce((sum, { step }) => sum + step, this.#finishedSteps);
    const seconds = (performance.now() - this.#start) / 1000;
    const secondsLeft = done > 0 ? (seconds / done) * (this.#steps - done) : null;
    this.#events.onProgress({ steps: this.#steps, done, secondsLeft });
  }

  #next(worker: Worker): void {
    worker.cell = this.#queue.shift() ?? null;
    if (worker.cell) worker.client.cell(worker.cell.config, worker.cell.checkpoints);
    else if (this.#workers.every(({ cell }) => cell === null)) this.#end(null);
  }
}
