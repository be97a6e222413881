import { METRICS, type Evaluation, type MetricName } from '../experiment/documents/metrics';
import { Fingerprint } from '../math/hash';
import type { Run } from './run';
import type { ExperimentSnapshot } from './snapshot';

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** A fingerprint of each run's numbers: every evaluation by schedule, and the final weights' bits. */
export class Fingerprints {
  private readonly all: readonly Fingerprint[];

  constructor(runs: readonly Run[]) {
    this.all = runs.map((run) => new Fingerprint().addNumber(run.seed));
  }

  /** @param exact whether the optimum, and with it the gap, belongs to the task; an estimate says nothing about the run */
  add(run: number, evaluation: Evaluation, exact: boolean): void {
    for (const metric of METRIC_NAMES) {
      this.all[run]!.addNumber((metric === 'gap' && !exact ? null : evaluation[metric]) ?? NaN);
    }
  }

  /** @param weights null where the run diverged: a NaN's bits differ from machine to machine */
  digest(run: number, weights: Float32Array | null): string {
    const fingerprint = this.all[run]!;
    if (weights) fingerprint.addFloats(weights);
    return fingerprint.digest();
  }

  state(): ExperimentSnapshot['fingerprints'] {
    return this.all.map((fingerprint) => fingerprint.state());
  }

  /** @throws Error where they are of another experiment */
  restore(saved: ExperimentSnapshot['fingerprints']): void {
    if (saved.length !== this.all.length) throw new Error('the stored state does not fit this experiment');
    this.all.forEach((fingerprint, r) => fingerprint.restore(saved[r]!));
  }
}
