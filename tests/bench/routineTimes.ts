/** Where a step's time goes on WASM, whose routines run one after the other in this thread. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { routinesOf } from '../../src/ops/device/host';
import type { Routines } from '../../src/ops/routines/routines';
import type { Contestant } from './contestant';
import type { ROUTINE_TIMES } from './results';

export type RoutineTimes = Record<(typeof ROUTINE_TIMES)[number], number>;

const METRIC_OF: Record<keyof Routines, keyof RoutineTimes> = {
  product: 'products',
  attend: 'attention',
  queryGradient: 'attention',
  keyValueGradient: 'attention',
  turnHeads: 'attention',
  siluProduct: 'exponentials',
  siluGradient: 'exponentials',
  largest: 'exponentials',
  sumOfExp: 'exponentials',
  scaledExp: 'exponentials',
  normRows: 'norms',
  scaleRows: 'norms',
  addNormGradient: 'norms',
  addGainGradient: 'norms',
  sumOfSquares: 'update',
  adamW: 'update',
};

/** Milliseconds of a training step by kind of routine, as the mean of several steps. */
export async function timeRoutines(contestant: Contestant, steps: number): Promise<RoutineTimes> {
  const times: RoutineTimes = { products: 0, attention: 0, exponentials: 0, norms: 0, update: 0, elsewhere: 0 };
  const routines = routinesOf(tf.backend() as BackendWasm);
  const originals = { ...routines };
  for (const [name, routine] of Object.entries(originals) as [keyof Routines, (...args: unknown[]) => unknown][]) {
    const timed = (...args: unknown[]): unknown => {
      const start = performance.now();
      const result = routine(...args);
      times[METRIC_OF[name]] += performance.now() - start;
      return result;
    };
    Object.assign(routines, { [name]: timed });
  }
  try {
    const step = await contestant.timeSteps(steps);
    for (const metric of Object.keys(times) as (keyof RoutineTimes)[]) times[metric] /= steps;
    const known = Object.values(times).reduce((sum, time) => sum + time, 0);
    return { ...times, elsewhere: step - known };
  } finally {
    Object.assign(routines, originals);
  }
}
