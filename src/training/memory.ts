import { paddedRows } from '../ops/rowSets';
import { parameterCount } from '../policy/parameters';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Policy } from '../policy/policy';
import type { Task } from './task';
import type { Run } from './run';

/**
 * What an experiment holds on the device. Between steps: each run's weights and averages. While it works on a fleet: its
 * rows' activations, which are gone afterwards, so that fleets and blocks of rows one after the other need them once.
 */

const BYTES_PER_FLOAT = 4;

/** Bytes that the rows of a fleet, or of a block, may take; a run's training and evaluation are not cut. */
export const WORKING_BYTES = 2 ** 29;

/** Bytes that a row takes while it is sampled: policy and reference are decoded as rows of one batch, and read later. */
const sampledRow = ({ rowFloats }: Policy): number =>
  rowFloats === null ? 0 : BYTES_PER_FLOAT * Math.max(2 * rowFloats.decoded, rowFloats.read);

/** Bytes that a run's rows take, at each moment. */
export interface Working {
  readonly sampling: number;
  readonly training: number;
  readonly evaluation: number;
}

export function workingBytes({ schedule, evaluation }: ExperimentConfig, { policy }: Task, { sampler }: Run): Working {
  const { rowFloats } = policy;
  if (rowFloats === null) return { sampling: 0, training: 0, evaluation: 0 }; // the bounds of a config keep them few
  return {
    sampling: schedule.pairs * sampler.candidates * sampledRow(policy),
    training: paddedRows(2 * schedule.pairs) * BYTES_PER_FLOAT * rowFloats.trained,
    evaluation: evaluation.samples * 2 * BYTES_PER_FLOAT * rowFloats.decoded,
  };
}

/** Rows that are sampled at once. */
export const blockRows = (policy: Policy): number =>
  Math.max(1, Math.floor(WORKING_BYTES / Math.max(1, sampledRow(policy))));

/** Bytes that a run takes between steps: weights, averages and gradient, and the present reference where it moves. */
export const runBytes = ({ rounds }: ExperimentConfig, { policy }: Task): number =>
  BYTES_PER_FLOAT * parameterCount(policy.layout) * (rounds?.movingReference ? 5 : 4);

/** A reference that runs share. */
export const referenceBytes = ({ policy }: Task): number => BYTES_PER_FLOAT * parameterCount(policy.layout);
