import { backendText, isSameBackend, type BackendInfo, type BackendName } from '../experiment/documents/results';
import type { Note, OrderKind, OrderOf, Outcomes } from './orders';

/** What a worker runs on, and why not on a faster backend, in sentences. */
export interface Readiness {
  readonly backend: BackendInfo;
  readonly reasons: readonly string[];
}

/** A thread or a process that carries out one order at a time. */
export interface PoolWorker {
  /** Rejects with a sentence where it does not start. */
  readonly ready: Promise<Readiness>;
  /** Rejects with a sentence where the order breaks, and with WorkerGone where the worker does. */
  run<Kind extends OrderKind>(order: OrderOf<Kind>, onNote?: (note: Note) => void): Promise<Outcomes[Kind]>;
  /** Ends early what the order in hand does before a part's first step. */
  halt(): void;
  /** At once; the order in hand is lost. */
  end(): void;
}

/** A worker has gone away, with all that it had. */
export class WorkerGone extends Error {}

/** Makes a worker on a backend, or on the fastest. */
export type CreateWorker = (backend: BackendName | undefined) => PoolWorker;

/** Work whose workers die so often, one after the other, is given up. */
export const MOST_DEATHS = 3;

/** More than that nobody may ask for. */
export const MOST_WORKERS = 64;

/** Workers on one backend, started when they are first asked for: of a race, a sweep or an estimate. */
export class Pool {
  private readonly workers: (PoolWorker | undefined)[] = [];
  /** What the first that was ready runs on; then the others, and those that take the place of dead ones. */
  private found: BackendInfo | null = null;
  private ended = false;

  /** @param backend of all workers; undefined: what the first finds is the others' too */
  constructor(
    private readonly create: CreateWorker,
    private readonly backend?: BackendName,
  ) {}

  /** What the first worker runs on. */
  async first(): Promise<Readiness> {
    const readiness = await (this.workers[0] ??= this.create(this.found?.name ?? this.backend)).ready;
    this.found ??= readiness.backend;
    return readiness;
  }

  /** The worker in a place, counted from 0; ready. What runs together is compared, so all run on one backend. */
  async worker(place: number): Promise<PoolWorker> {
    if (this.ended) throw new Error('the workers have been ended');
    // Where it is known they start at the same time.
    const wanted = this.found?.name ?? this.backend ?? (await this.first()).backend.name;
    const worker = (this.workers[place] ??= this.create(wanted));
    const { backend } = await worker.ready;
    this.found ??= backend;
    if (isSameBackend(backend, this.found)) return worker;
    throw new Error(`one worker runs on ${backendText(backend)}, the others on ${backendText(this.found)}`);
  }

  /** What the worker in a place makes of something; another one where it dies, three times at most. */
  async outlast<T>(place: number, work: (worker: PoolWorker) => Promise<T>): Promise<T> {
    for (let deaths = 1; ; deaths++) {
      try {
        return await work(await this.worker(place));
      } catch (error) {
        if (!(error instanceof WorkerGone) || deaths === MOST_DEATHS || this.ended) throw error;
        this.drop(place);
      }
    }
  }

  /** Ends a worker; the next that is asked for in its place is a new one. */
  drop(place: number): void {
    this.workers[place]?.end();
    this.workers[place] = undefined;
  }

  /** Ends what the workers do before a race's first step. */
  halt(): void {
    for (const worker of this.workers) worker?.halt();
  }

  /** Ends all of them, and starts no other. */
  end(): void {
    this.ended = true;
    for (const place of this.workers.keys()) this.drop(place);
  }
}
