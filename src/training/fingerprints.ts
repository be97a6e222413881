import { LATER, METRICS, type Evaluation, type MetricName } from '../experiment/documents/metrics';
import { Fingerprint } from '../math/hash';
import type { Run } from './run';
import type { RunSnapshot } from './snapshot';

/** Of every version: a metric that came later leaves the fingerprints of earlier ones as they are. */
const HASHED = (Object.keys(METRICS) as MetricName[]).filter((name) => !LATER.includes(name));

/** A fingerprint of each run's numbers: every evaluation by schedule, and the final weights' bits. */
export class Fingerprints {
  /** By the run's index. */
  private readonly all: ReadonlyMap<number, Fingerprint>;

  constructor(runs: readonly Run[]) {
    this.all = new Map(runs.map(({ index, seed }) => [index, new Fingerprint().addNumber(seed)]));
  }

  /** @param exact whether the optimum, and with it the gap, belongs to the task; an estimate says nothing about the run */
  add(run: number, evaluation: Evaluation, exact: boolean): void {
    for (const metric of HASHED) {
      this.all.get(run)!.addNumber((metric === 'gap' && !exact ? null : evaluation[metric]) ?? NaN);
    }
  }

  /** @param weights null where the run diverged: a NaN's bits differ from machine to machine */
  digest(run: number, weights: Float32Array | null): string {
    const fingerprint = this.all.get(run)!;
    if (weights) fingerprint.addFloats(weights);
    return fingerprint.digest();
  }

  state(run: number): RunSnapshot['fingerprint'] {
    return this.all.get(run)!.state();
  }

  restore(run: number, saved: RunSnapshot['fingerprint']): void {
    this.all.get(run)!.restore(saved);
  }
}
