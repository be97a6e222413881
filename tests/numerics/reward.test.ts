import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { promptBatch } from '../../src/policy/batches';
import { encodeRewardModel, parseRewardModel, rewardsAlong, type RewardModel } from '../../src/policy/rewardModel';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { initialWeights } from '../../src/reference/pretrain';
import { trainReward, type Comparison } from '../../src/reference/trainReward';
import tokenizer from '../golden/llama/tokenizer.json?raw';
import { forEachBackend } from '../support/backends';
import { take } from '../support/numbers';

const SIZES = { vocabulary: 90, width: 32, layers: 2, heads: 2, hidden: 80, rotaryBase: 500 };
const LENGTH = 12;

/** Texts of ids from 4 on; one with token 7 in it is always preferred. */
const textOf = (i: number, wanted: boolean): number[] => {
  const ids = Array.from({ length: 4 + (i % 5) }, (_, t) => 8 + ((7 * i + 13 * t) % 80));
  if (wanted) ids[i % ids.length] = 7;
  return [1, ...ids];
};
const COMPARISONS: Comparison[] = Array.from({ length: 48 }, (_, i) => ({
  chosen: textOf(i, true),
  rejected: textOf(i + 31, false),
}));

async function trained(epochs: number, seed = 0) {
  const losses: number[] = [];
  const training = trainReward(COMPARISONS, { sizes: SIZES, beginning: 1, length: LENGTH, seed, epochs });
  let next = await training.next();
  while (!next.done) {
    losses.push(next.value.loss);
    next = await training.next();
  }
  const model: RewardModel = {
    ...next.value,
    sizes: SIZES,
    beginning: 1,
    ends: [2],
    tokenizer,
    length: LENGTH,
    origin: {},
  };
  return { losses, model };
}

describe('a reward model', () => {
  forEachBackend(() => {
    it('learns from comparisons what is preferred, and tells unseen texts apart', async () => {
      const { losses, model } = await trained(12);
      expect(losses[0]).toBeGreaterThan(0.5);
      expect(losses.at(-1)).toBeLessThan(0.2);
      const last = (ids: readonly number[]) => rewardsAlong(model, ids).at(-1)!;
      const agrees = Array.from({ length: 50 }, (_, i) => last(textOf(i + 100, true)) > last(textOf(i + 150, false)));
      expect(agrees.filter(Boolean).length).toBeGreaterThan(42);
    });

    it('is read by plain loops as the engine reads it', async () => {
      const weights = initialWeights(SIZES, 5).map((w) => 3 * w);
      const head = weights.slice(0, SIZES.width).map((w, i) => w - weights[SIZES.width + i]!);
      const model: RewardModel = {
        sizes: SIZES,
        weights,
        head,
        beginning: 1,
        ends: [2],
        tokenizer,
        length: LENGTH,
        origin: {},
      };
      const ids = textOf(3, true);
      const policy = transformerPolicy({ ...SIZES, promptLength: LENGTH, completionLength: 1 });
      const along = rewardsAlong(model, ids);
      for (const count of [1, 3, ids.length]) {
        const batch = promptBatch(1, 1, LENGTH, () => ids.slice(0, count));
        const logits = await take(
          tf.tidy(() => policy.nextLogits(tf.tensor2d(weights.slice(), [1, weights.length]), batch)),
        );
        expect(along[count - 1]).toBeCloseTo(logits[0]! - logits[1]!, 4);
      }
    });
  });

  it('goes out and comes back the same', async () => {
    const { model } = await trained(1);
    const back = parseRewardModel(encodeRewardModel({ ...model, origin: { command: 'lab reward' } }));
    expect(back).toEqual({ ...model, origin: { command: 'lab reward' } });
  });
});
