import type { ExperimentConfig } from '../experiment/config/schema';
import type { CheckpointKind } from '../experiment/config/tasks';
import type { BackendName } from '../experiment/documents/results';
import { createThread } from './createThread';
import { after } from '../runtime/deadline';
import { whenGone } from './life';
import type { ImportedCheckpoints } from '../run/orders';
import type { Answer, CheckpointFile, Command, Notice, PolicySource, Question, WorkerEvent } from './protocol';

interface Asker {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** What the page needs of a Worker, so that tests can bring their own. */
export interface WorkerLike {
  postMessage(command: Command): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<WorkerEvent>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** Between two signs of life before an experiment has begun; a checkpoint may take a minute to arrive. */
const START_SECONDS = 90;
/** From Stop to its answer. */
const STOP_SECONDS = 5;
/** The same where the device is being checked: the CPU finds again what it has computed. */
const CHECK_SECONDS = 60;

const GONE = 'the worker that runs the experiments has stopped';

/** Nothing more is to be had from a worker that has said one of these. */
const END: readonly Notice['type'][] = ['failed', 'lost', 'wrong', 'unavailable'];

/**
 * The page's one way to the worker. It numbers the starts, drops what an older start still says, and
 * replaces a worker that crashed when the next start comes.
 */
export class LabClient {
  #worker: WorkerLike | null = null;
  #nextId = 1;
  /** The start whose reports count; a refused start leaves the one before it in place. */
  #accepted = 0;
  #pending = 0;
  /** Whether the worker has said anything of the pending start. */
  #answered = true;
  /** Calls off the deadline of what the worker is to answer. */
  #callOff: (() => void) | undefined;
  #awaited: 'start' | 'end' | null = null;
  #waitsFor = 'the worker';
  /** Whether the worker has said last that it checks its device. */
  #checking = false;
  /** What the next worker that is started runs on, and on how many more; a sensible choice where absent. */
  wanted: { readonly only?: BackendName | undefined; readonly workers?: number | undefined } = {};
  /** By ticket. */
  readonly #askers = new Map<number, Asker>();
  readonly #onEvent: (event: Notice) => void;
  readonly #create: () => WorkerLike;
  /** Where the page lives: the worker fetches what the page ships from there. */
  readonly #base: string;

  constructor(
    onEvent: (event: Notice) => void,
    create: () => WorkerLike = createThread,
    base: string = document.baseURI,
  ) {
    this.#onEvent = onEvent;
    this.#create = create;
    this.#base = base;
  }

  /** Starts the worker, which then tests the device, or the only backend that is wanted, and says it is ready. */
  open(): void {
    if (this.#worker) return;
    this.#worker = this.#listen(this.#create());
    this.#waitsFor = 'the worker';
    this.#expectStart();
    this.send({ type: 'open', base: this.#base, ...this.wanted });
  }

  start(config: unknown, paused: boolean, checkpoints: ImportedCheckpoints): void {
    this.open();
    this.#pending = this.#nextId++;
    this.#answered = false;
    this.#expectStart();
    this.send({ type: 'start', id: this.#pending, config, paused, checkpoints });
  }

  /** Goes on from a stored state. */
  restore(bytes: Blob, checkpoints: ImportedCheckpoints, paused = false): void {
    this.open();
    this.#pending = this.#nextId++;
    this.#answered = false;
    this.#expectStart();
    this.send({ type: 'restore', id: this.#pending, bytes, checkpoints, paused });
  }

  /** What a run of the last start has learnt. Rejects where the worker that knew it is gone. */
  weights(run: number): Promise<Answer & { type: 'weights' }> {
    return this.#ask({ type: 'weights', ticket: this.#nextId++, id: this.#accepted, run });
  }

  /** Completions that a run of the last start writes now. */
  texts(run: number, count: number): Promise<Answer & { type: 'texts' }> {
    return this.#ask({ type: 'texts', ticket: this.#nextId++, id: this.#accepted, run, count });
  }

  /** What a shipped policy, or a run's of the last start, would write next. */
  words(
    of: number | string,
    prompt: number,
    beginnings: readonly (readonly number[])[],
  ): Promise<Answer & { type: 'words' }> {
    this.open();
    const source: PolicySource =
      typeof of === 'number' ? { kind: 'run', id: this.#accepted, run: of } : { kind: 'shipped', name: of };
    return this.#ask({ type: 'words', ticket: this.#nextId++, of: source, prompt, beginnings });
  }

  /** Whether files are a checkpoint that a task can use. */
  check(files: readonly CheckpointFile[], task: CheckpointKind): Promise<Answer & { type: 'check' }> {
    this.open();
    return this.#ask({ type: 'check', ticket: this.#nextId++, files, task });
  }

  /** An experiment as a folder for other engines. */
  takeout(config: ExperimentConfig, checkpoints: ImportedCheckpoints): Promise<Answer & { type: 'takeout' }> {
    this.open();
    return this.#ask({ type: 'takeout', ticket: this.#nextId++, config, checkpoints });
  }

  /** Ends what runs after the step in hand; a worker that does not answer is ended with what it runs. */
  stop(): void {
    this.send({ type: 'stop' });
    if (this.#awaited !== 'end') this.#expectEnd();
  }

  #expectEnd(): void {
    const seconds = this.#checking ? CHECK_SECONDS : STOP_SECONDS;
    this.#expect('end', seconds, () => `The experiment did not answer Stop for ${seconds} seconds and was ended.`);
  }

  send(command: Command): void {
    this.#worker?.postMessage(command);
  }

  close(): void {
    this.#relax();
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#askers.values()) reject(new Error(GONE));
    this.#askers.clear();
  }

  /** An answer is of its question's type. */
  #ask<Type extends Question['type']>(question: Question & { type: Type }): Promise<Answer & { type: Type }> {
    return new Promise((resolve, reject) => {
      if (!this.#worker) return reject(new Error(GONE));
      this.#askers.set(question.ticket, { resolve: resolve as Asker['resolve'], reject });
      this.send(question);
    });
  }

  #listen(worker: WorkerLike): WorkerLike {
    // What one that was replaced still says, of its lost GPU for instance, counts for nothing.
    const isCurrent = () => worker === this.#worker;
    worker.onmessage = ({ data }) => isCurrent() && this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (isCurrent()) this.#crash(event.message);
    };
    worker.onmessageerror = () => isCurrent() && this.#crash('a message could not be read');
    return worker;
  }

  #receive(event: WorkerEvent): void {
    if ('ticket' in event) {
      this.#askers.get(event.ticket)?.resolve(event);
      this.#askers.delete(event.ticket);
      return;
    }
    if ('id' in event) {
      if (event.id < this.#accepted) return;
      if (event.type !== 'refused') this.#accepted = event.id;
    }
    this.#heard(event);
    if (event.type === 'ready' && event.life !== null) this.#watch(event.life);
    // What broke may have left the worker's memory in any state: the next start gets a new one.
    if (END.includes(event.type)) this.close();
    this.#onEvent(event);
  }

  /** A worker may end without a word. */
  #watch(life: string): void {
    const worker = this.#worker;
    whenGone(life, () => {
      if (worker === this.#worker) this.#crash('it closed without a word');
    });
  }

  /** Keeps the deadlines. */
  #heard(event: Notice): void {
    this.#checking = event.type === 'checking';
    if (this.#checking && this.#awaited === 'end') this.#expectEnd();
    const ended = event.type === 'state' && (event.state === 'stopped' || event.state === 'finished');
    if ('id' in event && event.id === this.#pending) this.#answered = true;
    if (event.type === 'waiting') {
      this.#waitsFor = event.what;
      // A question may make it wait too; the deadlines are of starts.
      if (this.#awaited === 'start') this.#expectStart();
    } else if (this.#awaited === 'end') {
      if (ended || event.type === 'refused') this.#relax();
    } else if (this.#answered && (event.type === 'ready' || 'id' in event)) this.#relax();
  }

  #expectStart(): void {
    this.#expect(
      'start',
      START_SECONDS,
      () => `Nothing came for ${START_SECONDS} seconds while the page was waiting for ${this.#waitsFor}.`,
    );
  }

  /** Gives the worker so many seconds until something is heard of it that ends the wait. */
  #expect(awaited: 'start' | 'end', seconds: number, sentence: () => string): void {
    this.#relax();
    this.#awaited = awaited;
    this.#callOff = after(seconds, () => this.#fail(sentence()));
  }

  #relax(): void {
    this.#callOff?.();
    this.#awaited = null;
  }

  #fail(message: string): void {
    this.close();
    this.#onEvent({ type: 'failed', id: Math.max(this.#accepted, this.#pending), message });
  }

  #crash(reason: string): void {
    const why = reason ? ` (${reason})` : '';
    this.close();
    this.#onEvent({ type: 'lost', message: `The worker that runs the experiment stopped unexpectedly${why}.` });
  }
}
