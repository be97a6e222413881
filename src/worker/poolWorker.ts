import type { BackendName } from '../experiment/documents/results';
import { deferred, type Deferred } from '../run/deferred';
import type { Note, OrderKind, OrderOf, Outcomes } from '../run/orders';
import { WorkerGone, type PoolWorker, type Readiness } from '../run/pool';
import { after } from '../runtime/deadline';
import { WrongNumbers } from '../training/wrongNumbers';
import { whenGone } from './life';
import type { PoolCommand, PoolEvent } from './protocol';

/** What a pool needs of a Worker, so that tests can bring their own. */
export interface PoolThread {
  postMessage(command: PoolCommand): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<PoolEvent>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** Seconds from one sign of life to the next before the worker is ready. */
const PATIENCE = 90;

/** A Web Worker as one of a pool's. */
export class WebPoolWorker implements PoolWorker {
  readonly ready: Promise<Readiness>;
  readonly #thread: PoolThread;
  readonly #started = deferred<Readiness>();
  #order: { readonly onNote: (note: Note) => void; readonly outcome: Deferred<unknown> } | null = null;
  /** Calls off the deadline of its start. */
  #callOff: (() => void) | undefined;
  /** Why nothing more is to be had of it; it may have gone between two orders. */
  #end: Error | null = null;

  /**
   * @param base where the page lives
   * @param only the backend to run on; undefined: the first that passes its test
   * @param isTested whether it has been tested in another worker
   */
  constructor(base: string, only: BackendName | undefined, isTested: boolean, create: () => PoolThread) {
    this.ready = this.#started.promise;
    this.ready.catch(() => undefined); // whoever waits for it hears of it
    this.#thread = create();
    this.#thread.onmessage = ({ data }) => this.#receive(data);
    this.#thread.onerror = (event) => {
      event.preventDefault();
      this.#gone(event.message || 'it crashed');
    };
    this.#thread.onmessageerror = () => this.#gone('a message could not be read');
    this.#expectReady();
    this.#post({ type: 'open', base, only, isTested });
  }

  run<Kind extends OrderKind>(order: OrderOf<Kind>, onNote: (note: Note) => void = () => undefined) {
    if (this.#end) return Promise.reject(this.#end);
    const outcome = deferred<Outcomes[Kind]>();
    this.#order = { onNote, outcome: outcome as Deferred<unknown> };
    this.#post({ type: 'order', order });
    return outcome.promise;
  }

  halt(): void {
    this.#post({ type: 'halt' });
  }

  end(): void {
    this.#gone('it was ended');
  }

  #post(command: PoolCommand): void {
    this.#thread.postMessage(command);
  }

  #expectReady(): void {
    this.#callOff?.();
    this.#callOff = after(PATIENCE, () => this.#gone(`nothing came of it for ${PATIENCE} seconds`));
  }

  #gone(message: string): void {
    this.#fail(new WorkerGone(message));
  }

  /** Nothing more is to be had of it. */
  #fail(error: Error): void {
    this.#callOff?.();
    this.#end ??= error;
    this.#thread.terminate();
    this.#started.reject(error);
    this.#order?.outcome.reject(error);
    this.#order = null;
  }

  #receive(event: PoolEvent): void {
    if (this.#end) return;
    switch (event.type) {
      case 'waiting':
        if (!this.#order) this.#expectReady();
        return;
      case 'ready':
        this.#callOff?.();
        if (event.life !== null) whenGone(event.life, () => this.#gone('it closed without a word'));
        this.#started.resolve(event);
        return;
      case 'note':
        this.#order?.onNote(event.note);
        return;
      case 'outcome': {
        const order = this.#order;
        this.#order = null;
        order?.outcome.resolve(event.outcome);
        return;
      }
      case 'lost':
        this.#gone(event.message);
        return;
      case 'unavailable':
        this.#fail(new Error(event.message));
        return;
      case 'broken': // what broke may have left its memory in any state
        this.#fail(event.isWrong ? new WrongNumbers(event.message) : new Error(event.message));
        return;
    }
    event satisfies never;
  }
}
