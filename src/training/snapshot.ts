import type { PreferencePair } from './pair';

/** All that is needed to go on exactly between two steps of an experiment, as plain data. */
export interface ExperimentSnapshot {
  /** Steps done. */
  readonly step: number;
  /** In the order of the runs. */
  readonly runs: readonly RunSnapshot[]; // [R]
}

/** A run's own state: whoever trains beside it, and in which thread, is no part of it. */
export interface RunSnapshot extends PolicySnapshot {
  /** The state of the run's fingerprint. */
  readonly fingerprint: readonly [number, number];
}

/** What a run has learnt and what it remembers. */
export interface PolicySnapshot {
  readonly weights: Float32Array; // [N]
  /** AdamW's averages. */
  readonly mean: Float32Array; // [N]
  readonly square: Float32Array; // [N]
  /** The present one, where the reference moves; else null. // [N] */
  readonly reference: Float32Array | null;
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
