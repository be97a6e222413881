import { Fingerprint } from '../../math/hash';
import { SAMPLERS, takesN } from '../samplers/table';
import { canonical } from './canonical';
import { armName } from './names';
import type { ArmConfig, ExperimentConfig, LossConfig, TunableField, Tuned } from './schema';

/**
 * Tuning: every arm of a race tries the same values of some settings, on seeds that the race does not use, and races
 * with its best.
 */
export interface TuningPlan {
  readonly over: readonly { readonly field: TunableField; readonly values: readonly (number | LossConfig)[] }[];
  readonly seeds: number;
  readonly firstSeed: number;
}

/** What one arm tries. */
export interface Trial {
  /** Its index in the race. */
  readonly arm: number;
  readonly values: Partial<Pick<ArmConfig, TunableField>>;
}

/** Every arm's trials. An arm that has no such setting (Vanilla has no α) does not try it. */
export const trialsOf = (arms: readonly ArmConfig[], over: TuningPlan['over']): Trial[] =>
  arms.flatMap((arm, index) =>
    over
      .filter(({ field }) => applies(arm, field))
      .reduce<Trial['values'][]>(
        (all, { field, values }) => all.flatMap((one) => values.map((value) => ({ ...one, [field]: value }))),
        [{}],
      )
      .map((values) => ({ arm: index, values })),
  );

/** How many trials there are, without making them: a file may ask for millions. */
export const trialCount = (arms: readonly ArmConfig[], over: TuningPlan['over']): number =>
  arms.reduce(
    (sum, arm) =>
      sum + over.filter(({ field }) => applies(arm, field)).reduce((product, { values }) => product * values.length, 1),
    0,
  );

function applies({ sampler }: ArmConfig, field: TunableField): boolean {
  if (field === 'alpha') return SAMPLERS[sampler].takesAlpha;
  return field !== 'n' || takesN(sampler);
}

/** The race in which every arm has the values of its trial, under the name that it had; an arm without one stays as it is. */
export function tunedRace(race: ExperimentConfig, plan: TuningPlan, chosen: readonly Trial[]): ExperimentConfig {
  const arms = race.arms.map((arm, index) => ({
    ...arm,
    ...chosen.find((trial) => trial.arm === index)?.values,
    name: armName(arm),
  }));
  const tuned = { ...race, arms };
  const over = plan.over.map(({ field, values }) => ({ field, values: [...values] }));
  return { ...tuned, tuned: { ...plan, over, mark: tuningMark(tuned) } };
}

/**
 * A mark of everything that tuned values hold for: the whole config but its seeds, its evaluations and what is said of
 * the tuning itself. 16 hexadecimal digits.
 */
export function tuningMark(config: ExperimentConfig): string {
  const { seeds: _, firstSeed: __, evaluation: ___, tuned: ____, ...rest } = config;
  return new Fingerprint().addText(canonical(rest)).digest();
}

/** How the arms were tuned; null where they were not, or where something was changed since. */
export const tunedBy = (config: ExperimentConfig): Tuned | null =>
  config.tuned?.mark === tuningMark(config) ? config.tuned : null;
