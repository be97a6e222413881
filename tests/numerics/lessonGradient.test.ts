import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { pairGradient } from '../../src/theory/lesson';
import { banditTask } from '../../src/training/banditTask';
import { Fleet } from '../../src/training/fleet';
import { labelledCompletions, preferenceGradient } from '../../src/training/preferenceGradient';
import { objectiveOf, runsOf } from '../../src/training/run';
import { useBackend } from '../support/backends';
import { configOf } from '../support/tasks';

const PROMPT = { referenceLogits: [0.5, 0, -0.5, 0.2], rewards: [0, 1, 2, -1], beta: 0.8 };
const LOGITS = [1.2, -0.3, 0.4, 0];

beforeAll(() => useBackend('cpu'));

it('the gradient that Learn draws is the engine’s', async () => {
  const config = configOf({
    task: { kind: 'bandit', referenceLogits: [PROMPT.referenceLogits], rewards: [PROMPT.rewards] },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: PROMPT.beta,
    learningRate: 0.1,
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1 },
  });
  if (config.task.kind !== 'bandit') throw new Error('not a bandit');
  const task = banditTask(config.task);
  const start = { weights: Float32Array.from(LOGITS), totals: { labels: 0, annotationCost: 0, samplingCost: 0 } };
  const fleet = new Fleet(task, config, runsOf(config), [start]);
  const logProb = (k: number) =>
    PROMPT.referenceLogits[k]! - Math.log(PROMPT.referenceLogits.reduce((sum, h) => sum + Math.exp(h), 0));
  const completion = (k: number) => ({ ids: [k], position: 0, referenceLogProb: logProb(k), logRatio: 0, reward: 0 });
  for (const [chosen, rejected] of [
    [0, 3],
    [2, 1],
  ] as const) {
    const pair = { prompt: [0], chosen: completion(chosen), rejected: completion(rejected), probability: 1 };
    const batch = labelledCompletions(fleet, [[pair]]);
    const filled = batch.completions.prompts.rows / 2;
    const pairWeights = tf.tensor2d([1, ...new Array<number>(filled - 1).fill(0)], [1, filled]);
    const { gradient } = preferenceGradient(
      task.policy,
      fleet.weights,
      { ...batch, pairWeights },
      fleet.runs.map(objectiveOf),
    );
    const own = pairGradient(PROMPT, LOGITS, chosen, rejected);
    Array.from(await gradient.data()).forEach((value, k) => expect(value).toBeCloseTo(own[k]!, 6));
  }
  fleet.dispose();
});
