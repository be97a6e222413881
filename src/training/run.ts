import { armName } from '../experiment/config/names';
import type { ArmConfig, ExperimentConfig, LossConfig } from '../experiment/config/schema';
import type { PreferenceLoss } from '../math/preferenceLosses';
import { costOf } from '../experiment/samplers/costs';
import { resolveSampler, type ResolvedSampler } from '../experiment/samplers/table';

/** One arm with one seed: everything that sets a run apart from the others of its fleet. */
export interface Run {
  /** Place among all runs of the experiment. */
  readonly index: number;
  readonly arm: string;
  readonly seed: number;
  readonly sampler: ResolvedSampler;
  readonly beta: number;
  readonly loss: LossConfig;
  readonly learningRate: number;
  readonly annotationPerPair: number;
}

/** All runs of an experiment, arm by arm, each arm's seeds in order. */
export function runsOf(config: ExperimentConfig): Run[] {
  return config.arms.flatMap((arm: ArmConfig, a) =>
    Array.from({ length: config.seeds }, (_, s) => {
      const beta = arm.beta ?? config.beta;
      return {
        index: a * config.seeds + s,
        arm: armName(arm),
        seed: config.firstSeed + s,
        sampler: resolveSampler(arm, beta),
        beta,
        loss: arm.loss ?? config.loss,
        learningRate: arm.learningRate ?? config.learningRate,
        annotationPerPair: costOf(arm, beta).annotation,
      };
    }),
  );
}

/** What a run's training minimises. */
export const objectiveOf = ({ loss, beta }: Run): PreferenceLoss => ({ ...loss, beta });

/** Runs of equal shape can train as one fleet: those that draw equally many completions per pair. */
export function groupIntoFleets(runs: readonly Run[]): Run[][] {
  const groups = new Map<number, Run[]>();
  for (const run of runs) {
    const group = groups.get(run.sampler.candidates) ?? [];
    groups.set(run.sampler.candidates, [...group, run]);
  }
  return [...groups.values()];
}
