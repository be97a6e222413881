import { createHistory, historyOn, resultsOf, type RaceHistory } from '../experiment/documents/history';
import type { BackendInfo, Results, Timing } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { DeviceCheck } from '../training/checkDevice';
import type { Report } from '../training/reports';
import { runExperiment, type ExperimentControl } from '../training/runExperiment';
import type { ExperimentSnapshot, Policies } from '../training/snapshot';
import type { Task } from '../training/task';
import { MOST_STATE_BYTES } from './memory';
import { policiesIn, policyFile } from './policies';
import { recordReport } from './recordReport';
import { RepeatedCheck } from './repeatedCheck';
import { encodeStored, type StoredExperiment } from './storedExperiment';
import { Stopwatch } from './stopwatch';

/** What a runner needs of the thread or process that it is in. */
export interface RunnerEnvironment {
  readonly backend: BackendInfo;
  /** Of its device; absent where nobody doubts that. */
  readonly check?: DeviceCheck | undefined;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Runs an experiment elsewhere than in this thread. */
  readonly experiment?: Experiment | undefined;
}

/** A state that will not become smaller. */
export class StateTooLarge extends Error {}

/** `runExperiment`, or what is like it. */
export type Experiment = (
  config: ExperimentConfig,
  task: Task,
  control: ExperimentControl,
  from: ExperimentSnapshot | null,
) => AsyncGenerator<Report, void>;

/**
 * One experiment, and all that it has shown: its history, its time and pairs, its snapshots and its policies. The
 * worker's session and the command line drive it; they decide when to pause, to save and to end.
 */
export class Runner {
  /** Null before the first report. */
  history: RaceHistory | null;
  /** Steps done. */
  step: number;
  /** As of the last snapshot, or the end. */
  policies: Policies | null = null;
  /** How many runs were given up: they cannot go on. */
  givenUp = 0;
  /** Memory of other threads or processes that train it. */
  bytes = 0;
  /** Whoever pauses stops it. */
  readonly watch: Stopwatch;
  private readonly check: RepeatedCheck;
  private pairs: number;
  /** Seconds on the watch at the last snapshot. */
  private savedAt: number;
  /** Where training began, or went on here: what comes before it, and what ran elsewhere, had another pace. */
  private began: { readonly step: number; readonly seconds: number } | null = null;

  /** @param from where the experiment is restored from; null: it begins afresh */
  constructor(
    readonly config: ExperimentConfig,
    readonly task: Task,
    private readonly environment: RunnerEnvironment,
    readonly from: StoredExperiment | null = null,
  ) {
    const { seconds, pairsPerSecond } = from?.results.timing ?? { seconds: 0, pairsPerSecond: 0 };
    const { check, now } = environment;
    this.watch = new Stopwatch(now, seconds);
    this.check = new RepeatedCheck(check, (device) => device.whole(config, task), config.schedule.steps, now);
    this.history = from && historyOn(environment.backend, from.results, from.snapshot.step);
    this.step = from?.snapshot.step ?? 0;
    this.pairs = Math.round(pairsPerSecond * seconds);
    this.savedAt = seconds;
  }

  /** The last step of which nothing is to be doubted, where the device has turned out to be wrong. */
  get rightAt(): number {
    return this.check.rightAt ?? this.from?.snapshot.step ?? 0;
  }

  /** The experiment's reports, each entered before it is yielded. */
  async *run(control: ExperimentControl): AsyncGenerator<Report, void> {
    await this.check.wholly();
    this.watch.start();
    const { experiment = runExperiment } = this.environment;
    try {
      for await (const report of experiment(this.config, this.task, control, this.from?.snapshot ?? null)) {
        await this.check.reported(report);
        this.enter(report);
        yield report;
      }
    } catch (error) {
      await this.check.broke(error);
      throw error;
    }
  }

  timing(): Timing {
    const seconds = this.watch.seconds();
    return { seconds, pairsPerSecond: seconds > 0 ? this.pairs / seconds : 0 };
  }

  /** Estimated seconds to the end; null before the first step here. */
  secondsLeft(): number | null {
    const { step, began } = this;
    if (!began || step === began.step) return null;
    const pace = (this.watch.seconds() - began.seconds) / (step - began.step);
    return pace * (this.config.schedule.steps - step);
  }

  /** Seconds of running since the last snapshot. */
  secondsSinceSnapshot(): number {
    return this.watch.seconds() - this.savedAt;
  }

  /** The results so far; only after the first report. */
  results(): Results {
    return resultsOf(this.history!, this.environment.backend, this.timing());
  }

  /** A file that the experiment can be restored from. Throws StateTooLarge. */
  stored(snapshot: ExperimentSnapshot): Uint8Array<ArrayBuffer> {
    const bytes = encodeStored({ results: this.results(), snapshot, models: this.task.models });
    if (bytes.length <= MOST_STATE_BYTES) return bytes;
    const [much, most] = [bytes.length, MOST_STATE_BYTES].map((count) => Math.ceil(count / 2 ** 20));
    throw new StateTooLarge(`it has ${much} MiB; at most ${most} can be stored`);
  }

  /** A run's policy as a file; null where there is none yet, or the run diverged. */
  policyFile(run: number): Uint8Array<ArrayBuffer> | null {
    const { config, task, policies } = this;
    return policies && policyFile(config, task, this.environment.backend, policies, run);
  }

  private enter(report: Report): void {
    // Until the end no other has stopped.
    if (report.type === 'finished')
      this.givenUp = this.history!.runs.filter(({ status }) => status === 'stopped').length;
    if (report.type === 'started') this.history ??= createHistory(this.config, report);
    else recordReport(this.history!, report);
    if (report.type === 'progress') {
      this.step = report.step;
      this.began ??= { step: report.step, seconds: this.watch.seconds() };
      this.pairs += report.pairs;
      this.bytes = report.bytes ?? 0;
      // The first of a restored experiment: it stands where its snapshot was taken.
      if (this.from?.snapshot.step === report.step) this.policies ??= policiesIn(this.from.snapshot);
    } else if (report.type === 'weights') this.policies = report;
    else if (report.type === 'snapshot') {
      this.policies = policiesIn(report.snapshot);
      this.savedAt = this.watch.seconds();
    }
  }
}
