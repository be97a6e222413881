import * as tf from '@tensorflow/tfjs-core';
import { logSigmoid } from '../ops/logSigmoid/logSigmoid';
import { completionBatch, type Text } from '../policy/batches';
import type { RewardModel } from '../policy/rewardModel';
import type { ModelSizes, TransformerSizes } from '../policy/transformer';
import { transformerPolicy } from '../policy/transformerPolicy';
import { PADDING } from '../tasks/task';
import { shuffled } from '../training/schedule';
import { descend, initialWeights, type PretrainReport } from './pretrain';

/** Two texts, as ids with the beginning token first, and which of them was preferred. */
export interface Comparison {
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

export interface RewardTraining {
  readonly sizes: ModelSizes;
  readonly beginning: number;
  /** Tokens of the longest text. */
  readonly length: number;
  readonly seed: number;
  readonly epochs: number;
}

const BATCH = 16;
const LEARNING_RATE = 2e-3;

/**
 * Trains a reward model by Bradley and Terry: the loss of a comparison is −log σ(r(chosen) − r(rejected)). The scalar
 * head is what tells two tokens apart that no text ends with: r = log π(padding|text) − log π(beginning|text), which is
 * the last state by the difference of their embeddings. Yields every step's loss and returns weights and head.
 */
export async function* trainReward(
  comparisons: readonly Comparison[],
  { sizes, beginning, length, seed, epochs }: RewardTraining,
): AsyncGenerator<PretrainReport & { readonly of: number }, Pick<RewardModel, 'weights' | 'head'>> {
  const whole: TransformerSizes = { ...sizes, promptLength: length, completionLength: 1 };
  const policy = transformerPolicy(whole);
  const perEpoch = Math.ceil(comparisons.length / BATCH);
  const steps = epochs * perEpoch;
  const settings = {
    seed,
    steps,
    batch: BATCH,
    learningRate: LEARNING_RATE,
    warmUp: Math.min(50, Math.ceil(steps / 2)),
    clip: 1,
    weightDecay: 0.05,
  };
  let order: Uint32Array = new Uint32Array();
  const training = descend(settings, initialWeights(sizes, seed), (weights, step) => {
    const [epoch, within] = [Math.floor(step / perEpoch), step % perEpoch];
    if (within === 0) order = shuffled(comparisons.length, seed, epoch);
    // The last batch of an epoch is filled up from its beginning.
    const batch = Array.from({ length: BATCH }, (_, i) => comparisons[order[(within * BATCH + i) % order.length]!]!);
    const texts = batch.flatMap(({ chosen, rejected }): Text[] =>
      [chosen, rejected].flatMap((prompt) => [PADDING, beginning].map((token) => ({ prompt, completion: [token] }))),
    );
    return tf.tidy(() => {
      const pass = policy.forward(weights, completionBatch(whole, [texts]));
      // Per comparison: the chosen text's two tokens, the rejected text's.
      const signs = tf.tensor1d([1, -1, -1, 1]);
      const margins = tf.sum(tf.mul(tf.reshape(pass.logProbs, [BATCH, 4]), signs), 1); // [B]
      const loss = tf.neg(tf.mean(logSigmoid(margins))) as tf.Scalar;
      const slopes = tf.div(tf.sigmoid(tf.neg(margins)), -BATCH); // d loss / d margin
      const gradient = pass.gradient(tf.reshape(tf.mul(tf.expandDims(slopes, 1), signs), [-1]) as tf.Tensor1D);
      pass.dispose();
      return { loss, gradient };
    });
  });
  let next = await training.next();
  while (!next.done) {
    yield { ...next.value, of: steps };
    next = await training.next();
  }
  const weights = next.value;
  const row = (token: number) => weights.subarray(token * sizes.width, (token + 1) * sizes.width);
  const [plus, minus] = [row(PADDING), row(beginning)];
  return { weights, head: plus.map((value, i) => value - minus[i]!) };
}
