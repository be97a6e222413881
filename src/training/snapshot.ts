import type { PreferencePair } from './pair';

/** All that is needed to go on exactly between two steps of an experiment, as plain data. */
export interface ExperimentSnapshot {
  /** Steps done. */
  readonly step: number;
  /** The states of the runs' fingerprints. */
  readonly fingerprints: readonly (readonly [number, number])[]; // [R]
  readonly fleets: readonly FleetSnapshot[];
}

export interface FleetSnapshot {
  readonly weights: Float32Array; // [S, N]
  /** AdamW's averages. */
  readonly mean: Float32Array; // [R, N]
  readonly square: Float32Array; // [R, N]
  readonly memories: readonly MemorySnapshot[]; // [R]
}

/** What a run remembers beside its weights. */
export interface MemorySnapshot {
  readonly totals: RunTotals;
  readonly sums: DiagnosticSums;
  /** Pairs that the present round trains on; none where every step has a round of its own. */
  readonly pool: readonly PreferencePair[];
  readonly divergedAt: number | null;
}

/** Totals of one run since the start. */
export interface RunTotals {
  labels: number;
  annotationCost: number;
  samplingCost: number | null;
}

/** Sums of a run's training diagnostics since the last evaluation. */
export interface DiagnosticSums {
  pairs: number;
  loss: number;
  chosenReward: number;
  rejectedReward: number;
  correct: number;
  oracleGap: number;
}

/** What the runs have learnt after a step. */
export interface Policies {
  readonly step: number;
  /** Flat, in the order of the runs; null where a run diverged. // [R][N] */
  readonly weights: readonly (Float32Array | null)[];
}
