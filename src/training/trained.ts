import type * as tf from '@tensorflow/tfjs-core';
import { Fingerprint } from '../math/hash';
import type { Fleet } from './fleet';
import type { PreferencePair } from './pair';

/** What a step trained a run on, and what came of it: enough to do it again by other means. */
export interface TrainedRun {
  /** The run's index. */
  readonly run: number;
  /** From 1. */
  readonly step: number;
  readonly pairs: readonly PreferencePair[];
  /** A pair's share of the loss. // [P] */
  readonly weights: readonly number[];
  /** Of the policy's bits after the step. */
  readonly hash: string;
}

export type OnTrained = (runs: readonly TrainedRun[]) => void;

/** Of a fleet's step, still on the device. */
export interface TrainedBatch {
  readonly pairs: readonly (readonly PreferencePair[])[];
  /** Disposed of by `readTrained`. */
  readonly weights: tf.Tensor2D; // [R, B/2]
}

/** @param step from 0 */
export async function readTrained(fleet: Fleet, step: number, { pairs, weights }: TrainedBatch): Promise<TrainedRun[]> {
  const [shares, policies] = await Promise.all([weights.data<'float32'>(), fleet.readWeights()]);
  const rows = weights.shape[1];
  weights.dispose();
  return fleet.runs.map(({ index }, r) => ({
    run: index,
    step: step + 1,
    pairs: pairs[r]!,
    weights: Array.from(shares.subarray(r * rows, r * rows + pairs[r]!.length)),
    hash: new Fingerprint().addFloats(policies[r]!).digest(),
  }));
}
