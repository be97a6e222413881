import { BACKEND_NAMES, type BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { TASK_KINDS, type TaskKind } from '../../experiment/config/tasks';
import { isObject } from '../../math/foreign';
import { today } from '../browser/clock';
import type { Checkpoints } from '../browser/checkpoints.svelte';
import { recall, remember } from '../kit/remembered';
import { timeBackend, type Speed } from './trial';

type Speeds = Partial<Record<BackendName, Speed>>;

const NAME = 'backends';

/** Milliseconds for which the page lies idle before it times anything. */
const DELAY = 4000;

/** The plain CPU is there where nothing else is: it would win no race, and takes long to say so. */
export const TIMED: readonly BackendName[] = BACKEND_NAMES.filter((name) => name !== 'cpu');

/** What this browser remembers: the choice, and how fast each backend trains each kind of task, while it is itself. */
interface Remembered {
  readonly agent: string;
  /** When it was written. Why a backend could not be timed counts on that day alone: it may have passed. */
  readonly day: string;
  readonly choice: BackendName | null;
  readonly speeds: Partial<Record<TaskKind, Speeds>>;
}

/** Which backend a race runs on: the reader's choice, or the one that trains its task fastest on this device. */
export class Backends {
  /** Null: the fastest. */
  choice = $state<BackendName | null>(null);
  speeds = $state.raw<Remembered['speeds']>({});
  /** What is being timed. */
  timing = $state<BackendName | null>(null);
  /** Of this visit only, from the address. */
  #asked: BackendName | undefined;
  /** Those that could not be started, in this visit. */
  #out: readonly BackendName[] = [];
  #workers: number | undefined;
  #abort: AbortController | null = null;
  readonly #checkpoints: Checkpoints;

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints;
    const { choice, speeds } = remembered();
    this.choice = choice;
    this.speeds = speeds;
  }

  /** What the address asks for goes before what is remembered, and nothing is timed then. */
  ask(backend: BackendName | undefined, workers: number | undefined): void {
    this.#asked = backend;
    this.#workers = workers;
    if (backend) this.choice = backend;
  }

  choose(choice: BackendName | null): void {
    this.#asked = undefined;
    this.choice = choice;
    this.#remember();
  }

  /** One cannot run here after all, for this reason. */
  fail(name: BackendName, reason: string): void {
    this.#out = [...this.#out, name];
    if (this.choice === name) this.choice = null;
    this.#asked = undefined;
    this.speeds = Object.fromEntries(TASK_KINDS.map((kind) => [kind, { ...this.speeds[kind], [name]: { reason } }]));
  }

  /** The backend for a task; undefined: the engine's own choice, because nothing is known. */
  wanted(task: TaskKind): BackendName | undefined {
    return this.choice ?? this.fastest(task);
  }

  /** The backend to restore an experiment on: the one that it ran on, unless that cannot be had. */
  forRestored(ran: BackendName, task: TaskKind): BackendName | undefined {
    return this.#out.includes(ran) ? this.wanted(task) : ran;
  }

  fastest(task: TaskKind): BackendName | undefined {
    const speeds = this.speeds[task] ?? {};
    if (TIMED.some((name) => !speeds[name])) return undefined;
    const rate = (name: BackendName) =>
      speeds[name] && 'pairsPerSecond' in speeds[name] ? speeds[name].pairsPerSecond : 0;
    const best = TIMED.reduce((a, b) => (rate(b) > rate(a) ? b : a));
    return rate(best) > 0 ? best : undefined;
  }

  /** Times what is not known yet of a config's task, once the page has been idle for a while; at most once a device. */
  consider(config: ExperimentConfig, isActive: () => boolean): void {
    if (this.#abort || this.#asked || this.choice || !this.#missing(config)) return;
    const abort = new AbortController();
    this.#abort = abort;
    const begin = async () => {
      let name: BackendName | undefined;
      while ((name = this.#missing(config)) && !abort.signal.aborted && !isActive()) {
        this.timing = name;
        const speed = await timeBackend(name, config, this.#checkpoints.namedIn(config), this.#workers, abort.signal);
        if (!speed) break;
        const { kind } = config.task;
        this.speeds = { ...this.speeds, [kind]: { ...this.speeds[kind], [name]: speed } };
        this.#remember();
      }
      this.timing = null;
      if (this.#abort === abort) this.#abort = null;
    };
    setTimeout(() => void begin(), DELAY);
  }

  /** A race is to have the device for itself. */
  leave(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.timing = null;
  }

  #missing({ task }: ExperimentConfig): BackendName | undefined {
    return TIMED.find((name) => !this.speeds[task.kind]?.[name]);
  }

  #remember(): void {
    const { choice, speeds } = this;
    const state: Remembered = {
      agent: navigator.userAgent,
      day: day(),
      choice: this.#asked ? remembered().choice : choice,
      speeds,
    };
    remember(NAME, JSON.stringify(state));
  }
}

function remembered(): Remembered {
  const nothing: Remembered = { agent: navigator.userAgent, day: day(), choice: null, speeds: {} };
  try {
    const stored: unknown = JSON.parse(recall(NAME) ?? 'null');
    if (!isObject(stored)) return nothing;
    const choice = BACKEND_NAMES.find((name) => name === stored['choice']) ?? null;
    // Another version of the browser may be as fast as another device.
    const speeds = stored['agent'] === navigator.userAgent ? speedsIn(stored['speeds'], stored['day'] === day()) : {};
    return { ...nothing, choice, speeds };
  } catch {
    return nothing;
  }
}

const day = (): string => today().slice(0, 'yyyy-mm-dd'.length);

/** Whoever has written there, only speeds come out, and reasons of today. */
function speedsIn(stored: unknown, isOfToday: boolean): Remembered['speeds'] {
  if (!isObject(stored)) return {};
  const kinds = TASK_KINDS.map((kind) => {
    const given = stored[kind];
    const found = TIMED.map((name) => [name, isObject(given) ? given[name] : undefined] as const);
    return [kind, Object.fromEntries(found.filter(([, speed]) => isSpeed(speed, isOfToday)))] as const;
  });
  return Object.fromEntries(kinds);
}

const isSpeed = (value: unknown, isOfToday: boolean): value is Speed =>
  isObject(value) &&
  ((isOfToday && typeof value['reason'] === 'string') ||
    (typeof value['pairsPerSecond'] === 'number' && Number.isFinite(value['pairsPerSecond'])));
