import type { BackendInfo } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Task } from '../training/task';
import { runsOf } from '../training/run';
import type { ExperimentSnapshot, Policies } from '../training/snapshot';

/** The policies in a snapshot; those of diverged runs are none. */
export const policiesIn = ({ step, runs }: ExperimentSnapshot): Policies => ({
  step,
  weights: runs.map(({ weights, divergedAt }) => (divergedAt === null ? weights : null)),
});

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
