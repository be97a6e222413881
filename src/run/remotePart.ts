import type { ExperimentConfig } from '../experiment/config/schema';
import type { Report } from '../training/reports';
import type { ExperimentSnapshot } from '../training/snapshot';
import { hasEvaluation, type Leg, type Note, type Sources } from './orders';
import { MOST_DEATHS, WorkerGone, type Pool, type PoolWorker } from './pool';

/** Its workers have died again and again, although others may not. */
export class PartGivenUp extends Error {}

/** A part of a race in a worker of the pool. Where that dies, another one begins the part again from its last state. */
export class RemotePart {
  /** The last state that is known; null: the start. */
  private saved: ExperimentSnapshot | null;
  /** The step that the race was at then; a part whose runs have all diverged stands still. */
  private savedAt: number;
  /** Up to where its legs have come back. */
  private step: number;
  /** The worker that has the part open. */
  private worker: PoolWorker | null = null;
  private deaths = 0;
  /** Its last reports, once it has ended. */
  private ending: readonly Report[] | null = null;
  /** Of its worker, as of the last leg. */
  bytes = 0;

  /**
   * @param place of its worker in the pool
   * @param takesTurns whether other parts have the same worker: then it is stored after every leg
   * @param runs by their index
   * @param from of these runs
   */
  constructor(
    private readonly pool: Pool,
    readonly place: number,
    private readonly takesTurns: boolean,
    private readonly config: ExperimentConfig,
    private readonly sources: Sources,
    readonly runs: readonly number[],
    from: ExperimentSnapshot | null,
  ) {
    this.saved = from;
    this.step = this.savedAt = from?.step ?? 0;
  }

  /** All that comes before the first step. */
  async open(onNote: (note: Note) => void): Promise<Leg> {
    const { leg } = await this.persist(() => this.openIn(onNote));
    // A start that was ended early has no state.
    const hasState = this.saved !== null || hasEvaluation(leg);
    if (hasState) await this.snapshot();
    await this.leave(!hasState);
    return this.kept(leg);
  }

  /** Its runs as they are kept where it is given up: they train no more. Null where they have no state yet. */
  givenUp(): ExperimentSnapshot | null {
    const { saved, step } = this;
    return saved && { step, runs: saved.runs.map((run) => ({ ...run, divergedAt: run.divergedAt ?? step })) };
  }

  async advance(until: number, evaluates: boolean, showsPairs: boolean, isLast: boolean): Promise<Leg> {
    const leg = await this.persist(async () =>
      (await this.opened()).run({ kind: 'advance', until, evaluates, showsPairs }),
    );
    this.step = until;
    await this.leave(isLast);
    return this.kept(leg);
  }

  async snapshot(): Promise<ExperimentSnapshot> {
    if (!this.saved || this.savedAt !== this.step) {
      this.saved = await this.persist(async () => (await this.opened()).run({ kind: 'snapshot' }));
      this.savedAt = this.step;
    }
    return this.saved;
  }

  async finish(): Promise<readonly Report[]> {
    return (this.ending ??= await this.persist(async () => (await this.opened()).run({ kind: 'finish' })));
  }

  /** Leaves the worker to the next part, where they take turns. */
  private async leave(isLast: boolean): Promise<void> {
    if (!this.takesTurns) return;
    if (isLast) await this.finish();
    else await this.snapshot();
    this.worker = null;
  }

  private kept(leg: Leg): Leg {
    this.deaths = 0;
    this.bytes = leg.bytes;
    return leg;
  }

  /** The worker with the part at its step. What comes again on the way there has been told already. */
  private async opened(): Promise<PoolWorker> {
    if (this.worker) return this.worker;
    const { worker } = await this.openIn();
    const { step } = this;
    if (step > this.savedAt) await worker.run({ kind: 'advance', until: step, evaluates: false, showsPairs: false });
    return worker;
  }

  private async openIn(onNote?: (note: Note) => void): Promise<{ worker: PoolWorker; leg: Leg }> {
    const { config, sources, runs, saved } = this;
    const worker = await this.pool.worker(this.place);
    const leg = await worker.run({ kind: 'open', config, ...sources, runs, from: saved }, onNote);
    this.worker = worker;
    return { worker, leg };
  }

  /** Does something in the worker, and once more in another one where it dies. */
  private async persist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        this.worker = null;
        this.pool.drop(this.place);
        this.deaths++;
        if (!(error instanceof WorkerGone)) throw error;
        if (this.deaths === MOST_DEATHS) throw new PartGivenUp(error.message, { cause: error });
      }
    }
  }
}
