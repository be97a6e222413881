import type { BanditConfig } from '../experiment/config/tasks';
import { normal, STREAM } from '../math/random';

/** One bandit: X prompts with K responses each, row-major. */
export interface BanditTables {
  readonly prompts: number;
  readonly responses: number;
  readonly referenceLogits: Float64Array; // [X·K]
  readonly rewards: Float64Array; // [X·K]
}

/**
 * The tables of a run: explicit ones from the config, else reference logits and rewards drawn from
 * N(0, referenceScale²) and N(0, rewardScale²), anew for every run seed or shared by all.
 */
export function banditTables(config: BanditConfig, runSeed: number): BanditTables {
  const { prompts, responses } = config;
  const row = config.tables === 'per-seed' ? runSeed + 1 : 0;
  // The run's seed goes into the step word: rows are only 20 bits wide.
  const drawn = (stream: number, scale: number) =>
    Float64Array.from(
      { length: prompts * responses },
      (_, i) => scale * normal({ seed: config.seed, stream, step: row, row: 0, token: 0 }, i),
    );
  return {
    prompts,
    responses,
    referenceLogits: config.referenceLogits
      ? Float64Array.from(config.referenceLogits.flat())
      : drawn(STREAM.referenceTable, config.referenceScale),
    rewards: config.rewards ? Float64Array.from(config.rewards.flat()) : drawn(STREAM.rewardTable, config.rewardScale),
  };
}
