import type { ExperimentConfig } from '../experiment/config/schema';
import { STREAM, uniformInteger } from '../math/random';

/**
 * A step's place in the one loop that online and iterative training share: a round collects `chunks` times
 * `schedule.pairs` pairs under one policy, then passes over them `epochs` times in minibatches of `schedule.pairs`.
 * Online training is a round of one chunk and one epoch.
 */
export interface RoundPlace {
  /** From 0. */
  readonly round: number;
  /** The round's first step. */
  readonly first: number;
  /** Steps since then. */
  readonly step: number;
  /** Chunks that the round collects before its first step. */
  readonly chunks: number;
  /** Minibatches in one epoch of the round. */
  readonly batches: number;
}

type Schedule = Pick<ExperimentConfig, 'rounds' | 'schedule'>;

/** Where a step, counted from 0, lies. */
export function placeOf({ rounds, schedule }: Schedule, step: number): RoundPlace {
  const chunks = rounds ? rounds.pairs / schedule.pairs : 1;
  const epochs = rounds?.epochs ?? 1;
  for (let round = 0, first = 0; ; round++) {
    const batches = chunks * (rounds?.accumulate ? round + 1 : 1);
    const next = first + epochs * batches;
    if (step < next) return { round, first, step: step - first, chunks, batches };
    if (!rounds?.accumulate) {
      // Rounds of equal length need not be counted one by one.
      const whole = Math.floor(step / next);
      return { round: whole, first: whole * next, step: step % next, chunks, batches };
    }
    first = next;
  }
}

/** Chunks of pairs that are collected in the first `steps` steps. */
export function chunksUntil(schedule: Schedule, steps: number): number {
  if (steps === 0) return 0;
  const { round, chunks } = placeOf(schedule, steps - 1);
  return (round + 1) * chunks;
}

/**
 * Which of the pool's pairs a step trains on: the pool in a new order for every epoch, which all arms of a seed share.
 *
 * @param draw what addresses the round's first step among the run's random numbers
 */
export function minibatch<T>(pool: readonly T[], { step, batches }: RoundPlace, seed: number, draw: number): T[] {
  const size = pool.length / batches;
  const epoch = Math.floor(step / batches);
  const order = batches === 1 ? null : shuffled(pool.length, seed, draw + epoch);
  const from = (step % batches) * size;
  return Array.from({ length: size }, (_, i) => pool[order ? order[from + i]! : from + i]!);
}

/** 0 … count − 1 in random order, by Fisher and Yates. */
function shuffled(count: number, seed: number, step: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = uniformInteger({ seed, stream: STREAM.shuffle, step, row: i, token: 0 }, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
