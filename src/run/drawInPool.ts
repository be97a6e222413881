import type { ExperimentConfig } from '../experiment/config/schema';
import type { Drawing, MixtureSample } from '../reference/mixtureSamples';
import type { Pool } from './pool';

/** A piece is so many draws: short enough for the workers to end together. */
const PIECE = 8;

/**
 * Makes the draws of an estimate in a pool's workers; the samples are in the order of the draws, whoever made them. What
 * a worker that dies has drawn is drawn again.
 */
export const drawInPool = (pool: Pool, workers: number, config: ExperimentConfig): Drawing =>
  async function* ({ policies, seed, first, count }) {
    const pieces = Array.from({ length: Math.ceil(count / PIECE) }, (_, p) => ({
      policies,
      seed,
      first: first + p * PIECE,
      count: Math.min(PIECE, count - p * PIECE),
    }));
    const found: (readonly MixtureSample[])[] = [];
    const queue = [...pieces.entries()];
    /** The workers at it, each with the piece that it is to end next. */
    const atWork = new Map<number, Promise<readonly [number, number]>>();
    const take = (place: number): void => {
      const next = queue.shift();
      if (!next) return void atWork.delete(place);
      const [p, draws] = next;
      const drawn = pool.outlast(place, (worker) => worker.run({ kind: 'mixture', config, draws }));
      atWork.set(
        place,
        drawn.then((samples) => {
          found[p] = samples;
          return [place, draws.count];
        }),
      );
    };
    for (let place = 0; place < Math.min(workers, pieces.length); place++) take(place);
    while (atWork.size > 0) {
      const [place, done] = await Promise.race(atWork.values());
      take(place);
      yield done;
    }
    return found.flat();
  };
