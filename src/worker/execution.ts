import { messageOf } from '../math/foreign';
import type { ExperimentConfig } from '../experiment/config/schema';
import { isStorable } from '../run/memory';
import { Runner, StateTooLarge, type RunnerEnvironment } from '../run/runner';
import type { StoredExperiment } from '../run/storedExperiment';
import type { Answer, Question } from '../training/annotator';
import type { DeviceCheck } from '../training/checkDevice';
import { WrongNumbers } from '../training/wrongNumbers';
import { runsOf } from '../training/run';
import type { ExperimentSnapshot } from '../training/snapshot';
import type { Task } from '../training/task';
import type { PostedReport, WorkerEvent } from './protocol';

/** What an experiment needs of the thread it runs in. */
export interface ExecutionEnvironment extends RunnerEnvironment {
  /** Bytes that this thread's backend holds. */
  readonly memory: () => number;
  /** Gives back memory that the backend only keeps. */
  readonly release: () => void;
  readonly post: (event: WorkerEvent) => void;
  /** Lets the thread's message queue run. */
  readonly breathe: () => Promise<void>;
}

/** Reports of these types are posted at most this often, in milliseconds; all others always. */
const INTERVALS: Partial<Record<PostedReport['type'], number>> = { progress: 100, pairs: 500 };

/** Seconds of running from one saving to the next. */
const SAVE_EVERY = 10;

/** A policy that somebody looks at. */
export interface LookedAt {
  readonly task: Task;
  readonly weights: Float32Array;
  readonly seed: number;
  readonly step: number;
}

/** One experiment from start to end, with pauses, and reports thinned out for the page. */
export class Execution {
  private readonly abort = new AbortController();
  private readonly runner: Runner;
  /** False once its state has turned out to be too large. */
  private storable: boolean;
  /** Why its last state could not be made: each reason is said once. */
  private unstored: string | null = null;
  /** Whether nobody labels any more. */
  private unanswered = false;
  /** Takes a person's answers. */
  private answered: ((answers: readonly Answer[] | null) => void) | null = null;
  private state: 'running' | 'paused';
  private stepsAllowed = 0;
  private wake: (() => void) | null = null;
  private ended: Promise<void> | null = null;
  private over = false;
  private saving = false;
  private savedStep: number | null;
  /** Who waits for weights of the step that the experiment is at. */
  private readonly requests: { readonly ticket: number; readonly run: number }[] = [];
  private readonly lastPosted: Partial<Record<PostedReport['type'], number>> = {};
  /** The newest of what was thinned out, by type. */
  private readonly withheld = new Map<PostedReport['type'], PostedReport>();

  constructor(
    readonly id: number,
    config: ExperimentConfig,
    task: Task,
    private readonly environment: ExecutionEnvironment,
    paused: boolean,
    from: StoredExperiment | null,
  ) {
    this.runner = new Runner(config, task, { ...environment, check: this.told(environment.check) }, from);
    this.storable = isStorable(config, task);
    this.savedStep = from && from.snapshot.step;
    this.state = paused ? 'paused' : 'running';
  }

  /** A check that the page hears of: whoever waits for an answer waits longer. */
  private told(check: DeviceCheck | undefined): DeviceCheck | undefined {
    if (!check) return undefined;
    const whole: DeviceCheck['whole'] = (config, task) => {
      this.environment.post({ type: 'checking', id: this.id });
      return check.whole(config, task);
    };
    return { ...check, whole };
  }

  run(): Promise<void> {
    this.ended = this.pump();
    return this.ended;
  }

  pause(): void {
    this.setState('paused');
  }

  resume(): void {
    this.stepsAllowed = 0;
    this.setState('running');
  }

  /** One training step, then pause again. */
  singleStep(): void {
    this.stepsAllowed++;
    this.setState('paused');
  }

  /** Ends after the step in hand. */
  async stop(): Promise<void> {
    this.abort.abort();
    this.wake?.();
    this.answerQuestions(null);
    await this.ended;
  }

  answerQuestions(answers: readonly Answer[] | null): void {
    this.answered?.(answers);
    this.answered = null;
  }

  /** Asks the page, and waits; the time that a person takes is none of the run's. */
  private async ask(questions: readonly Question[]): Promise<readonly Answer[] | null> {
    if (this.abort.signal.aborted) return null;
    this.runner.watch.stop();
    this.catchUp();
    const answers = new Promise<readonly Answer[] | null>((resolve) => (this.answered = resolve));
    this.environment.post({ type: 'asked', id: this.id, questions });
    const found = await answers;
    this.unanswered = found === null;
    this.runner.watch.start();
    return found;
  }

  /** A run's policy as of the last snapshot, or the end; null where there is none. */
  policy(run: number): LookedAt | null {
    const { policies, config, task } = this.runner;
    const weights = policies?.weights[run];
    return weights ? { task, weights, seed: runsOf(config)[run]!.seed, step: policies.step } : null;
  }

  /** Answers at once where it stands still or is over, else once it does. */
  weights(ticket: number, run: number): void {
    this.requests.push({ ticket, run });
    if (this.over || this.runner.policies?.step === this.runner.step) this.answer();
  }

  private answer(): void {
    const { runner, environment } = this;
    for (const { ticket, run } of this.requests.splice(0)) {
      const file = runner.policyFile(run);
      const bytes = file && new Blob([file]);
      environment.post({ type: 'weights', ticket, step: runner.policies?.step ?? 0, bytes });
    }
  }

  private setState(state: 'running' | 'paused'): void {
    if (this.over) return; // the command was sent before the page knew
    this.state = state;
    this.wake?.();
    // It is paused once it stands still, after the steps in hand.
    if (state === 'running') this.postState();
  }

  private postState(): void {
    if (!this.abort.signal.aborted) this.environment.post({ type: 'state', id: this.id, state: this.state });
  }

  private async pump(): Promise<void> {
    const { post } = this.environment;
    const { config, from } = this.runner;
    try {
      post({ type: 'started', id: this.id, config, from: from?.results ?? null });
      post({ type: 'state', id: this.id, state: this.state });
      const control = {
        signal: this.abort.signal,
        wantsEvaluation: () => this.state === 'paused',
        wantsPairs: () => this.state === 'paused' || this.isTime('pairs'),
        wantsSnapshot: () => this.saving,
        ask: (questions: readonly Question[]) => this.ask(questions),
      };
      for await (const report of this.runner.run(control)) {
        if (report.type === 'snapshot') this.save(report.snapshot);
        else if (report.type !== 'weights') this.forward(report);
        if (report.type === 'offline') await this.environment.breathe();
        if (report.type === 'progress') await this.betweenSteps();
        if (report.type === 'snapshot') await this.standStill();
      }
      const isWhole = !this.abort.signal.aborted && !this.unanswered;
      post({ type: 'state', id: this.id, state: isWhole ? 'finished' : 'stopped' });
    } catch (error) {
      const message = messageOf(error);
      const { rightAt } = this.runner;
      post(
        error instanceof WrongNumbers ? { type: 'wrong', message, rightAt } : { type: 'failed', id: this.id, message },
      );
    } finally {
      this.over = true;
      this.answer();
      this.environment.release();
    }
  }

  private async betweenSteps(): Promise<void> {
    this.runner.watch.stop();
    await this.environment.breathe();
    // The experiment asks when it is pulled next; it stands still after the snapshot.
    this.saving = this.isSavingDue();
    if (!this.saving) await this.standStill();
  }

  private async standStill(): Promise<void> {
    while (this.state === 'paused' && this.stepsAllowed === 0 && !this.abort.signal.aborted) {
      this.catchUp();
      this.postState();
      if (this.runner.policies?.step === this.runner.step) this.answer();
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
    if (this.stepsAllowed > 0) this.stepsAllowed--;
    this.runner.watch.start();
  }

  /** Every so many seconds while running; wherever it stands still, once. */
  private isSavingDue(): boolean {
    if (this.abort.signal.aborted) return false;
    // Whoever labels wants to see what each policy has made of it.
    if (this.runner.config.labeller.reader === 'person') return this.savedStep !== this.runner.step;
    if (this.state === 'paused') return this.stepsAllowed === 0 && this.savedStep !== this.runner.step;
    return this.runner.secondsSinceSnapshot() >= SAVE_EVERY;
  }

  private save(snapshot: ExperimentSnapshot): void {
    const { step } = snapshot;
    this.savedStep = step;
    if (this.storable) this.store(snapshot);
    this.answer();
  }

  /** A state that cannot be made must not end what trains well. */
  private store(snapshot: ExperimentSnapshot): void {
    const { id } = this;
    try {
      const bytes = new Blob([this.runner.stored(snapshot)]);
      this.environment.post({ type: 'snapshot', id, step: snapshot.step, bytes });
    } catch (error) {
      if (error instanceof StateTooLarge) this.storable = false;
      const reason = messageOf(error);
      if (reason !== this.unstored) this.environment.post({ type: 'unstored', id, reason });
      this.unstored = reason;
    }
  }

  private forward(report: PostedReport): void {
    if (report.type === 'finished') this.catchUp();
    if (this.isDue(report)) this.post(report);
    else this.withheld.set(report.type, report);
  }

  private post(report: PostedReport): void {
    this.withheld.delete(report.type);
    const bytes = this.environment.memory() + this.runner.bytes;
    const timing = { ...this.runner.timing(), secondsLeft: this.runner.secondsLeft(), bytes };
    this.environment.post({ type: 'report', id: this.id, report, timing });
  }

  /** Posts what was thinned out: where a run stands still or ends, the page shows its last step. */
  private catchUp(): void {
    for (const report of [...this.withheld.values()]) this.post(report);
  }

  /** Thins out what comes with every step while running; a paused page sees every step. */
  private isDue(report: PostedReport): boolean {
    if (this.state !== 'paused' && !this.isTime(report.type)) return false;
    this.lastPosted[report.type] = this.environment.now();
    return true;
  }

  private isTime(type: PostedReport['type']): boolean {
    return this.environment.now() - (this.lastPosted[type] ?? -Infinity) >= (INTERVALS[type] ?? 0);
  }
}
