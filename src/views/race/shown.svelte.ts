import { cutAfter, resultsOf, type RaceHistory } from '../../experiment/documents/history';
import type { Recorded } from '../../experiment/documents/recorded';
import type { BackendInfo, EngineInfo, Results } from '../../experiment/documents/results';
import { recordReport } from '../../run/recordReport';
import type { PairsReport } from '../../training/reports';
import type { PostedReport, SessionTiming } from '../../worker/protocol';
import { queueRedraw } from '../kit/redraw';

export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly runs: number;
  readonly timing: SessionTiming;
  /** Kernels of the GPU still to be compiled before the first step; null once training. */
  readonly compiling: { readonly done: number; readonly total: number } | null;
  /** Offline training before the race; null where there is none, or once it is done. */
  readonly offline: { readonly step: number; readonly steps: number } | null;
}

/** A run of the list whose plots are shown again. */
export interface StoredRun {
  readonly kind: 'stored';
  readonly name: string;
  /** ISO 8601; null where nobody wrote it down. */
  readonly date: string | null;
  readonly backend: EngineInfo;
}

type Source = ({ readonly kind: 'preset' } & Recorded) | StoredRun;

const IDLE_TIMING: SessionTiming = { seconds: 0, pairsPerSecond: 0, secondsLeft: null, bytes: 0 };

/** What the plots and tables show: a race as it grows, or results from elsewhere. */
export class Shown {
  progress = $state.raw<Progress | null>(null);
  pairs = $state.raw<PairsReport | null>(null);
  /** Grows in place; whoever draws it watches `version`, and the tables `details`, which follows a task later. */
  history = $state.raw<RaceHistory | null>(null);
  version = $state(0);
  details = $state(0);
  /** Where the history is from, if it was not run here. */
  recorded = $state.raw<Source | null>(null);
  /** Counts what was shown: plots forget a reader's zoom when it changes. */
  number = $state(0);

  /** What has come in since it was last shown. */
  #fresh: { progress: Progress | null; pairs: PairsReport | null } = { progress: null, pairs: null };
  #dirty = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #detailsJob = {};
  readonly #pairsJob = {};

  clear(): void {
    this.history = null;
    this.recorded = null;
    this.progress = null;
    this.pairs = null;
    this.#fresh = { progress: null, pairs: null };
    this.version++;
    this.details++;
  }

  display(recorded: Source | null, history: RaceHistory | null): void {
    this.clear();
    this.recorded = recorded;
    this.history = history;
    this.number++;
  }

  /** A race from this step on; the same one where its worker was lost. */
  begin(history: RaceHistory, step: number, isSame: boolean): void {
    this.clear();
    this.history = history;
    if (!isSame) this.number++;
    this.#dirty = true;
    this.#fresh.progress = this.#progressAt(step, IDLE_TIMING);
  }

  take(report: Exclude<PostedReport, { type: 'started' }>, timing: SessionTiming): void {
    if (this.history) recordReport(this.history, report);
    const fresh = this.#fresh;
    switch (report.type) {
      case 'progress':
        fresh.progress = this.#progressAt(report.step, timing);
        return;
      case 'offline':
      case 'compiling':
        if (fresh.progress) fresh.progress = { ...fresh.progress, [report.type]: report };
        return;
      case 'pairs':
        fresh.pairs = report;
        return;
      case 'evaluation':
      case 'diverged':
      case 'givenUp':
      case 'finished':
        this.#dirty = true;
        return;
      case 'offlineFits':
        return;
      default:
        report satisfies never;
    }
  }

  /** What came after a step is not to be trusted. */
  cutAfter(step: number): void {
    if (this.history) cutAfter(this.history, step);
    const { progress } = this.#fresh;
    this.#fresh = { progress: progress && this.#progressAt(step, progress.timing), pairs: null };
    this.#dirty = true;
  }

  /** Nothing more comes of what runs. */
  stopRuns(): void {
    for (const run of this.history?.runs ?? []) if (run.status === 'running') run.status = 'stopped';
    this.#dirty = true;
  }

  #progressAt(step: number, timing: SessionTiming): Progress {
    const { runs = [], config } = this.history ?? {};
    const running = runs.filter((run) => run.status === 'running').length;
    return { step, steps: config?.schedule.steps ?? 0, runs: running, timing, compiling: null, offline: null };
  }

  publishWithin(milliseconds: number): void {
    this.#timer ??= setTimeout(() => this.publish(), milliseconds);
  }

  /** Shows what has come in since the last time. */
  publish(): void {
    this.close();
    this.progress = this.#fresh.progress;
    if (this.#dirty) {
      this.version++;
      queueRedraw(this.#detailsJob, () => this.details++);
    }
    this.#dirty = false;
    // In a task of its own: hundreds of words take their time.
    if (this.#fresh.pairs !== this.pairs) queueRedraw(this.#pairsJob, () => (this.pairs = this.#fresh.pairs));
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Makes the results of what is shown now, whatever comes after. */
  document(backend: BackendInfo): (() => Results) | null {
    const { history } = this;
    const { seconds, pairsPerSecond } = this.#fresh.progress?.timing ?? IDLE_TIMING;
    return history && (() => resultsOf(history, backend, { seconds, pairsPerSecond }));
  }
}
