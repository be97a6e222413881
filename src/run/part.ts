import type { ExperimentConfig } from '../experiment/config/schema';
import type { Report } from '../training/reports';
import { runExperiment } from '../training/runExperiment';
import type { ExperimentSnapshot } from '../training/snapshot';
import type { Task } from '../training/task';
import type { Leg, Note } from './orders';

/** Some of a race's runs, trained in this thread leg by leg: whoever has the other parts sets the pace. */
export class Part {
  private readonly reports: AsyncGenerator<Report, void>;
  private readonly abort = new AbortController();
  /** Steps done. */
  private step = 0;
  private until = 0;
  private evaluates = false;
  private showsPairs = false;
  private saves = false;
  /** Runs that still train. */
  private live: number;
  /** The experiment's last reports, where its runs have all ended before the others'. */
  private ending: Report[] = [];

  /** @param runs by their index */
  constructor(
    config: ExperimentConfig,
    task: Task,
    runs: readonly number[],
    from: ExperimentSnapshot | null,
    private readonly memory: () => number,
  ) {
    this.live = from ? from.runs.filter(({ divergedAt }) => divergedAt === null).length : runs.length;
    const isLast = () => this.step + 1 === this.until;
    const control = {
      signal: this.abort.signal,
      wantsEvaluation: () => this.evaluates && isLast(),
      wantsPairs: () => this.showsPairs && isLast(),
      wantsSnapshot: () => this.saves,
    };
    this.reports = runExperiment(config, task, control, from, runs);
  }

  /** All that comes before the first step. */
  open(onNote: (note: Note) => Promise<void>): Promise<Leg> {
    return this.leg(onNote);
  }

  advance(until: number, evaluates: boolean, showsPairs: boolean): Promise<Leg> {
    Object.assign(this, { until, evaluates, showsPairs });
    if (this.live === 0) return Promise.resolve({ reports: [], pairs: 0, bytes: this.memory() });
    return this.leg(() => Promise.resolve());
  }

  /** At most once after a step. */
  async snapshot(): Promise<ExperimentSnapshot> {
    this.saves = true;
    const { value: report } = await this.reports.next();
    this.saves = false;
    if (report?.type === 'snapshot') return report.snapshot;
    throw new Error('the experiment has no state to store here');
  }

  /** Ends where it stands. */
  async finish(): Promise<readonly Report[]> {
    this.halt();
    for await (const report of this.reports) this.ending.push(report);
    return this.ending;
  }

  /** Ends what it does before its first step, and all after the step in hand. */
  halt(): void {
    this.abort.abort();
  }

  /** Frees its tensors. */
  async drop(): Promise<void> {
    this.halt();
    await this.reports.return();
  }

  private async leg(onNote: (note: Note) => Promise<void>): Promise<Leg> {
    const reports: Report[] = [];
    let pairs = 0;
    let next = await this.reports.next();
    for (; !next.done; next = await this.reports.next()) {
      const report = next.value;
      if (report.type === 'offline' || report.type === 'compiling') await onNote(report);
      else if (report.type === 'weights' || report.type === 'finished') this.ending.push(report);
      else if (report.type === 'progress') {
        this.step = report.step;
        pairs += report.pairs;
        // Without a run it goes no further, but still has a state.
        if (report.step >= this.until || this.live === 0) break;
      } else {
        reports.push(report);
        if (report.type === 'diverged') this.live--;
      }
    }
    return { reports, pairs, bytes: this.memory() };
  }
}
