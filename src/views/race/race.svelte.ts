import { problemText } from '../../experiment/reading';
import { cameToEnd, createHistory, historyOf, historyOn } from '../../experiment/documents/history';
import type { BackendInfo, BackendName, Results } from '../../experiment/documents/results';
import type { NamedResults } from '../../experiment/documents/resultsFile';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { TaskKind, CheckpointKind } from '../../experiment/config/tasks';
import { givenUpText } from '../../run/recordReport';
import { messageOf } from '../../math/foreign';
import type { Words } from '../../training/reports';
import { LabClient } from '../../worker/client';
import type { Checked, CheckpointFile, Notice, PostedReport, SessionState, SessionTiming } from '../../worker/protocol';
import type { Asked } from '../browser/address';
import type { Checkpoints } from '../browser/checkpoints.svelte';
import type { Backends } from './backends.svelte';
import type { Keeper } from './keeper.svelte';
import { loadRecorded } from './recordedRuns';
import { Shown } from './shown.svelte';
import type { StoredState } from '../browser/storage';

export type RaceState = 'idle' | 'starting' | SessionState;

export interface Device {
  readonly backend: BackendInfo;
  readonly reasons: readonly string[];
}

export interface Message {
  readonly kind: 'error' | 'info';
  readonly text: string;
}

/** Reports arrive every few milliseconds; the page shows the newest this often. */
const REDRAW_MILLISECONDS = 400;
/** While it stands still, what a single step says is shown at once. */
const STEP_MILLISECONDS = 40;

/** What runs, as it was begun or can be restored. */
interface Origin {
  readonly config: ExperimentConfig;
  /** Its last state; null: its start. */
  readonly state: { readonly step: number; readonly bytes: Blob } | null;
}

/** A worker, or a GPU, that is lost is replaced so many times without a new state. */
const MOST_LOSSES = 3;

/** The race that the worker runs: what it is told, what it says, and how it goes on where a worker or a GPU is lost. */
export class Race {
  state = $state<RaceState>('idle');
  /** A command that the worker has not answered yet. */
  asked = $state<'pause' | 'resume' | 'stop' | null>(null);
  device = $state.raw<Device | null>(null);
  /** What the worker waits for before it begins; null where it does not. */
  waitsFor = $state<string | null>(null);
  /** Whether a worker is on its way to say what this device can do. */
  testing = $state(true);
  /** Why nothing can run in this browser. */
  unavailable = $state<string | null>(null);
  message = $state.raw<Message | null>(null);
  readonly shown = new Shown();

  readonly active: boolean = $derived(['starting', 'running', 'paused'].includes(this.state));

  #client = new LabClient((event) => this.#receive(event));
  readonly #keeper: Keeper;
  readonly #checkpoints: Checkpoints;
  readonly #backends: Backends;
  /** The start under way, until its first report makes a history of it. */
  #started: Extract<Notice, { type: 'started' }> | null = null;
  /** Where it goes on, if it was asked to. */
  #from: StoredState | null = null;
  /** What it can go on from if its worker is lost. */
  #origin: Origin | null = null;
  /** What the last race that began here runs on; its device may be gone when its results are wanted. */
  #ranOn: BackendInfo | null = null;
  /** Whether the start under way continues what a lost worker ran. */
  #again = false;
  #forgotten = false;
  /** How what the plots show has ended, for when nothing comes of a start. */
  #ended: RaceState = 'idle';
  /** How often a worker, or its GPU, was lost since the last state. */
  #losses = 0;
  /** The preset whose recorded results are to be shown: the last that was asked for. */
  #wanted: string | null = null;

  constructor(keeper: Keeper, checkpoints: Checkpoints, backends: Backends) {
    this.#keeper = keeper;
    this.#checkpoints = checkpoints;
    this.#backends = backends;
  }

  /** Starts the worker, for a task of this kind. */
  open(kind: TaskKind, { backend, workers, problems }: Asked): void {
    this.testing = this.device === null;
    this.#backends.ask(backend, workers);
    this.#client.wanted = { only: this.#backends.wanted(kind), workers };
    if (problems.length > 0) this.message = { kind: 'error', text: problems.join(' ') };
    this.#client.open();
  }

  /** Has the worker on the backend that is wanted, unless it has a race, or what one has learnt. */
  settle(kind: TaskKind): void {
    if (this.active || (this.shown.history !== null && this.shown.recorded === null)) return;
    this.#turnTo(this.#backends.wanted(kind));
    this.testing = this.device === null;
    this.#client.open();
  }

  #turnTo(backend: BackendName | undefined): void {
    if (!backend || backend === (this.device?.backend.name ?? this.#client.wanted.only)) return;
    this.#client.close();
    this.#client.wanted = { ...this.#client.wanted, only: backend };
    this.device = null;
    this.unavailable = null;
  }

  close(): void {
    this.shown.close();
    this.#client.close();
  }

  /** Starts afresh; whatever ran before ends. */
  run(config: ExperimentConfig, paused = false): void {
    if (config.labeller.reader === 'person') {
      const text = 'Not started. A person labels this experiment: that is done in Learn, You label.';
      this.message = { kind: 'error', text };
      return;
    }
    this.#turnTo(this.#backends.wanted(config.task.kind));
    this.#prepare();
    this.#from = null;
    this.#origin = { config, state: null };
    this.#launch(this.#origin, paused);
  }

  /** Goes on where an earlier page or a crash has broken off. */
  restore(from: StoredState, bytes: Blob): void {
    // Its hashes are those of the backend that it began on.
    this.#turnTo(this.#backends.forRestored(from.backend.name, from.config.task.kind));
    this.#prepare();
    this.#from = from;
    this.#origin = { config: from.config, state: { step: from.step, bytes } };
    this.#launch(this.#origin, false);
  }

  #launch({ config, state }: Origin, paused: boolean): void {
    const checkpoints = this.#checkpoints.namedIn(config);
    if (state) this.#client.restore(state.bytes, checkpoints, paused);
    else this.#client.start(config, paused, checkpoints);
  }

  #prepare(): void {
    this.#backends.leave();
    this.message = null;
    this.asked = null;
    this.#again = false;
    this.#losses = 0;
    this.#forgotten = false;
    this.testing = this.device === null;
    this.state = 'starting';
  }

  /**
   * Shows a preset's recorded results, unless a race is on; a race that has ended is in the list of runs. Without a
   * preset only recorded results go.
   */
  async show(preset: string | null): Promise<void> {
    const free = () => !this.active && (preset !== null || this.shown.recorded !== null);
    this.#wanted = preset;
    if (!free()) return;
    const recorded = preset === null ? null : await loadRecorded(preset).catch((error: unknown) => messageOf(error));
    if (this.#wanted !== preset || !free()) return;
    if (typeof recorded === 'string') {
      this.message = { kind: 'error', text: `The preset’s recorded run is not shown: ${recorded}.` };
      return;
    }
    this.#display(recorded && { kind: 'preset', ...recorded }, recorded?.history ?? null);
  }

  /** Shows a stored run's results, unless a race is on. */
  showStored({ name, date, results }: NamedResults): void {
    this.#wanted = null;
    if (this.active) return;
    this.#display({ kind: 'stored', name, date, backend: results.backend }, historyOf(results));
  }

  #display(...[recorded, history]: Parameters<Shown['display']>): void {
    this.shown.display(recorded, history);
    this.#ended = history === null ? 'idle' : cameToEnd(history) ? 'finished' : 'stopped';
    this.state = this.#ended;
  }

  pause(): void {
    this.asked = 'pause';
    this.#client.send({ type: 'pause' });
  }

  resume(): void {
    this.asked = 'resume';
    this.#client.send({ type: 'resume' });
  }

  step(): void {
    this.#client.send({ type: 'step' });
  }

  stop(): void {
    if (!this.active) return;
    this.asked = 'stop';
    this.#client.stop();
  }

  /** Ends what runs and empties the plots. */
  reset(): void {
    this.stop();
    this.#forgotten = this.active;
    this.#wanted = null;
    this.shown.clear();
    this.#ended = 'idle';
    if (!this.active) this.state = 'idle';
  }

  /** Whether files are a checkpoint that a task can use; a worker looks. */
  async check(files: readonly CheckpointFile[], task: CheckpointKind): Promise<Checked> {
    // Files that are too much for a worker's memory must not take a race with them, nor a race's end an answer.
    const client = new LabClient(() => undefined);
    client.wanted = { only: 'cpu' };
    try {
      return (await client.check(files, task)).checked;
    } finally {
      client.close();
    }
  }

  /** An experiment as a zipped folder for other engines. Rejects with a reason. */
  async takeout(config: ExperimentConfig): Promise<Blob> {
    const { taken } = await this.#client.takeout(config, this.#checkpoints.namedIn(config));
    if (taken.ok) return taken.zip;
    throw new Error(taken.problem);
  }

  /** A run's policy as a safetensors file, and the step that it is of; null where there is none. Rejects with a reason. */
  async weights(run: number): Promise<{ bytes: Blob; step: number } | null> {
    const { bytes, step } = await this.#client.weights(run);
    return bytes && { bytes, step };
  }

  /** What a run's policy, or a shipped one, would write next, and the step that it is of. Rejects with a reason. */
  async words(
    of: number | string,
    prompt: number,
    beginnings: readonly (readonly number[])[],
  ): Promise<Words & { readonly step: number }> {
    const { found } = await this.#client.words(of, prompt, beginnings);
    if (found.ok) return { ...found.value, step: found.step };
    throw new Error(found.problem);
  }

  results(): Results | null {
    return this.#document()?.() ?? null;
  }

  /** Makes the results of the race that has begun last; null until it has a history. */
  #own(): (() => Results) | null {
    return this.#started ? null : this.#document();
  }

  #document(): (() => Results) | null {
    return this.#ranOn && this.shown.document(this.#ranOn);
  }

  #receive(event: Notice): void {
    switch (event.type) {
      case 'waiting':
        this.waitsFor = event.what;
        return;
      case 'lost':
        this.#lost(event.message);
        return;
      case 'wrong':
        this.#distrust(event.message, event.rightAt);
        return;
      case 'ready':
        this.waitsFor = null;
        this.testing = false;
        this.device = { backend: event.backend, reasons: event.reasons };
        return;
      case 'unavailable':
        // Somebody's choice, of today or of another day: there may be others.
        if (this.#client.wanted.only !== undefined) {
          this.#backends.fail(this.#client.wanted.only, event.message);
          this.#client.wanted = { ...this.#client.wanted, only: undefined };
          this.#broke(event.message);
          this.testing = true;
          this.#client.open();
          return;
        }
        this.unavailable = event.message;
        void this.#keeper.broke(this.#own());
        this.#end({ kind: 'error', text: event.message });
        return;
      case 'started':
        this.waitsFor = null;
        this.#started = event;
        if (!this.device) return;
        this.#ranOn = this.device.backend;
        if (this.#again) this.#keeper.goesOn(this.device.backend);
        else this.#keeper.began(event.config, this.device.backend, event.from && this.#from);
        return;
      case 'refused':
        if (this.#again) {
          this.#broke(`It could not go on. ${problemText(event.problems)}`);
          return;
        }
        this.#keeper.unclaim();
        this.#end({ kind: 'error', text: `Not started. ${problemText(event.problems)}` });
        return;
      case 'snapshot':
        this.#losses = 0;
        if (this.#forgotten) return;
        this.#origin = this.#origin && { ...this.#origin, state: event };
        void this.#keeper.snapshot(event.step, event.bytes);
        return;
      case 'unstored':
        this.#keeper.unstored(event.reason);
        return;
      case 'failed':
        this.#broke(event.message);
        return;
      case 'checking':
      case 'asked': // No race here asks anybody.
        return;
      case 'state':
        this.#enter(event.state);
        return;
      case 'report':
        if (!this.#forgotten) this.#take(event.report, event.timing);
        return;
    }
    event satisfies never;
  }

  /** Nothing more is to be had of the worker. What it ran goes on in a new one, on the same backend, by itself. */
  #lost(message: string): void {
    const backend = this.device?.backend.name;
    // The badge must not promise what is gone.
    this.device = null;
    // One that is lost again and again is left alone until somebody presses Run.
    const isAgain = ++this.#losses <= MOST_LOSSES;
    if (isAgain && this.active && this.#origin && !this.#forgotten && this.asked !== 'stop') {
      const { state } = this.#origin;
      const text = state ? `The run goes on from step ${state.step} by itself.` : 'The run begins again by itself.';
      const paused = this.asked === null ? this.state === 'paused' : this.asked === 'pause';
      this.asked = null;
      this.#again = true;
      this.testing = true;
      this.state = 'starting';
      this.message = { kind: 'info', text: `${message} ${text}` };
      this.#client.wanted = { ...this.#client.wanted, only: backend ?? this.#client.wanted.only };
      this.#launch(this.#origin, paused);
      return;
    }
    this.#broke(`${message} ${isAgain ? 'The page tests this device anew.' : 'Press Run to test this device anew.'}`);
    if (!isAgain) return;
    this.testing = true;
    this.#client.open();
  }

  /** The device is not to be trusted: what comes next runs on what is always right. */
  #distrust(message: string, rightAt: number): void {
    const name = this.device?.backend.name;
    this.device = null;
    if (name) this.#backends.fail(name, message);
    let text = `${message} The page goes on with WebAssembly, also from the last state that was stored.`;
    // A start has shown nothing of its own yet.
    if (this.active && this.state !== 'starting' && !this.#started) {
      // Other checks than that of the whole device do not see all that is wrong.
      this.shown.cutAfter(rightAt);
      text += ` What came after step ${rightAt} is thrown away.`;
    }
    this.#broke(text);
    this.#client.wanted = { ...this.#client.wanted, only: 'wasm' };
    this.testing = true;
    this.#client.open();
  }

  #enter(state: SessionState): void {
    const ended = state === 'stopped' || state === 'finished';
    const forgotten = ended && this.#forgotten;
    this.asked = null;
    this.state = forgotten ? 'idle' : state;
    if (ended) {
      this.#ended = this.state;
      void this.#keeper.ended(forgotten ? null : this.#own());
      this.#forgotten = false;
    }
    this.shown.publish();
    // A preset that was chosen while this race was still ending.
    if (forgotten && this.#wanted !== null) void this.show(this.#wanted);
  }

  /** What ran is over and can go on from its stored state, unless somebody has thrown it away. */
  #broke(text: string): void {
    this.#keeper.unclaim();
    if (this.#forgotten) void this.#keeper.ended(null);
    else void this.#keeper.broke(this.#own());
    this.#end({ kind: 'error', text });
  }

  /** What the plots show stays as it is; what ran in them is stopped. */
  #end(message: Message): void {
    this.#again = false;
    this.shown.stopRuns();
    this.asked = null;
    this.waitsFor = null;
    this.testing = false;
    this.state = this.#ended;
    this.message = message;
    this.shown.publish();
    const forgotten = this.#forgotten;
    this.#forgotten = false;
    if (forgotten && this.#wanted !== null) void this.show(this.#wanted);
  }

  #take(report: PostedReport, timing: SessionTiming): void {
    if (report.type === 'started') this.#begin(report);
    else this.shown.take(report, timing);
    if (report.type === 'givenUp') this.message = { kind: 'error', text: givenUpText(report, this.shown.history) };
    this.shown.publishWithin(this.state === 'paused' ? STEP_MILLISECONDS : REDRAW_MILLISECONDS);
  }

  #begin(report: Extract<PostedReport, { type: 'started' }>): void {
    if (!this.#started) return;
    const { config, from } = this.#started;
    const step = from ? (this.#origin?.state?.step ?? 0) : 0;
    this.#started = null;
    const history = from && this.device ? historyOn(this.device.backend, from, step) : createHistory(config, report);
    this.shown.begin(history, step, this.#again);
    this.#ended = 'stopped';
    this.#again = false;
  }
}
