import type { ExperimentConfig } from '../experiment/config/schema';
import { STREAM, uniformInteger } from '../math/random';

/**
 * A step's place in the one loop that online and iterative training share: a round makes `collections` of
 * `schedule.pairs` pairs under one policy, then passes over them `epochs` times in minibatches of `schedule.pairs`.
 * Online training is a round of one collection and one epoch.
 */
export interface StepPlace {
  /** From 0. */
  readonly round: number;
  /** The round's first step. */
  readonly first: number;
  /** Steps since then. */
  readonly step: number;
  /** Collections before the round's first step. */
  readonly collections: number;
  /** Minibatches in one epoch of the round. */
  readonly batches: number;
}

type Schedule = Pick<ExperimentConfig, 'rounds' | 'schedule'>;

/** Where a step, counted from 0, lies. */
export function placeOf({ rounds, schedule }: Schedule, step: number): StepPlace {
  const collections = rounds ? rounds.pairs / schedule.pairs : 1;
  const epochs = rounds?.epochs ?? 1;
  for (let round = 0, first = 0; ; round++) {
    const batches = collections * (rounds?.accumulate ? round + 1 : 1);
    const next = first + epochs * batches;
    if (step < next) return { round, first, step: step - first, collections, batches };
    if (!rounds?.accumulate) {
      // Rounds of equal length need not be counted one by one.
      const whole = Math.floor(step / next);
      return { round: whole, first: whole * next, step: step % next, collections, batches };
    }
    first = next;
  }
}

/** Collections in the first `steps` steps. */
export function collectionsUntil(schedule: Schedule, steps: number): number {
  if (steps === 0) return 0;
  const { round, collections } = placeOf(schedule, steps - 1);
  return (round + 1) * collections;
}

/**
 * Which of the pool's pairs a step trains on: the pool in a new order for every epoch, which all arms of a seed share.
 *
 * @param draw what addresses the round's first step among the run's random numbers
 */
export function minibatch<T>(
  pool: readonly T[],
  { step, batches }: StepPlace,
  seed: number,
  draw: number,
): readonly T[] {
  const size = pool.length / batches;
  const epoch = Math.floor(step / batches);
  if (batches === 1) return pool;
  const from = (step % batches) * size;
  const order = shuffled(pool.length, seed, draw + epoch).subarray(from, from + size);
  return Array.from(order, (place) => pool[place]!);
}

/** 0 … count − 1 in random order, by Fisher and Yates. */
export function shuffled(count: number, seed: number, step: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = uniformInteger({ seed, stream: STREAM.shuffle, step, row: i, token: 0 }, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Steps 1, 2, 5, 10, 20, 50 … */
const isRoundNumber = (step: number): boolean => /^[125]0*$/.test(String(step));

/**
 * Every `evaluation.every` steps and at the end; before the first of these also at round numbers, because curves are
 * steepest at the start and the first dots should not keep anyone waiting.
 */
export function isEvaluated(
  { evaluation: { every }, schedule: { steps } }: Pick<ExperimentConfig, 'evaluation' | 'schedule'>,
  step: number,
): boolean {
  return step === steps || (step < every ? isRoundNumber(step) : step % every === 0);
}
