import type { BackendInfo } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Task } from '../training/task';
import { groupIntoFleets, runsOf } from '../training/run';
import type { ExperimentSnapshot, Policies } from '../training/snapshot';

/** The policies in a snapshot, as views of its arrays. */
export function policiesIn(config: ExperimentConfig, { step, fleets }: ExperimentSnapshot): Policies {
  const runs = runsOf(config);
  const weights = new Array<Float32Array | null>(runs.length).fill(null);
  groupIntoFleets(runs).forEach((group, f) => {
    const { weights: sets, mean, memories } = fleets[f]!;
    const count = mean.length / group.length;
    group.forEach(({ index }, r) => {
      if (memories[r]!.divergedAt === null) weights[index] = sets.subarray(r * count, (r + 1) * count);
    });
  });
  return { step, weights };
}

/**
 * One run's policy as a safetensors file that says where it comes from; null where the run diverged, because numbers
 * that are not finite start nothing.
 */
export function policyFile(
  config: ExperimentConfig,
  task: Task,
  backend: BackendInfo,
  { step, weights }: Policies,
  index: number,
): Uint8Array<ArrayBuffer> | null {
  const own = weights[index];
  if (!own?.every(Number.isFinite)) return null;
  const { arm, seed } = runsOf(config)[index]!;
  return task.encodeWeights(own, {
    arm,
    seed: `${seed}`,
    step: `${step}`,
    backend: backend.name,
    config: JSON.stringify(config),
  });
}
