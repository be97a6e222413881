import type { BackendInfo } from '../experiment/results';
import type { ExperimentConfig } from '../experiment/schema';
import type { Problem } from './problem';
import { runsOf } from './run';

/** What the runs have learnt after a step. */
export interface Policies {
  readonly step: number;
  /** Flat, in the order of the runs; null where a run diverged. // [R][N] */
  readonly weights: readonly (Float32Array | null)[];
}

/**
 * One run's policy as a safetensors file that says where it comes from; null where the run diverged, because numbers
 * that are not finite start nothing.
 */
export function policyFile(
  config: ExperimentConfig,
  problem: Problem,
  backend: BackendInfo,
  { step, weights }: Policies,
  index: number,
): Uint8Array<ArrayBuffer> | null {
  const own = weights[index];
  if (!own?.every(Number.isFinite)) return null;
  const { arm, seed } = runsOf(config)[index]!;
  return problem.encodeWeights(own, {
    arm,
    seed: `${seed}`,
    step: `${step}`,
    backend: backend.name,
    config: JSON.stringify(config),
  });
}
