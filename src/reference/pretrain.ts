import * as tf from '@tensorflow/tfjs-core';
import { normal, STREAM } from '../math/random';
import { clipFactors, updateAdamW } from '../ops/adamW/adamW';
import { parameterCount, sizeOf } from '../policy/parameters';
import { completionBatch, type Text } from '../policy/batches';
import type { CompletionBatch, Policy } from '../policy/policy';
import { transformerLayout, type ModelSizes, type TransformerSizes } from '../policy/transformer';
import { transformerPolicy } from '../policy/transformerPolicy';

export interface PretrainSettings {
  readonly seed: number;
  readonly steps: number;
  readonly batch: number;
  /** Peak, reached after the warm-up; falls linearly to zero at the end. */
  readonly learningRate: number;
  readonly warmUp: number;
  readonly clip: number;
  readonly weightDecay: number;
}

export interface PretrainReport {
  readonly step: number;
  /** Nats per token, end token included, on this step's fresh examples. */
  readonly loss: number;
  /** The weights after this step; until the next one is asked for. // [N] */
  readonly weights: () => Promise<Float32Array>;
}

const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 };

/** Normal draws scaled by fan-in, gains at 1; addressed by the seed. // [N] */
export function initialWeights(sizes: ModelSizes, seed: number): Float32Array {
  const layout = transformerLayout(sizes);
  const weights = new Float32Array(parameterCount(layout));
  let at = 0;
  layout.forEach(({ name, shape }, index) => {
    const gain = shape.length === 1;
    // Residual branches start smaller, so that depth does not inflate the stream.
    const residual = name.endsWith('.output') || name.endsWith('.down');
    const deviation = name === 'embedding' ? 0.1 : 1 / Math.sqrt(shape[0]! * (residual ? 2 * sizes.layers : 1));
    for (let i = 0; i < sizeOf(shape); i++) {
      const address = { seed, stream: STREAM.initialisation, step: 0, row: index, token: 0 };
      weights[at++] = gain ? 1 : deviation * normal(address, i);
    }
  });
  return weights;
}

/**
 * Trains a transformer by next-token prediction on completions given their prompts, fresh examples at every step.
 * `example(i)` is the corpus: text number i. Yields the loss of every step and returns the weights.
 *
 * @param start where the weights begin, drawn from the seed where not given  // [N]
 */
export function pretrain(
  sizes: TransformerSizes,
  settings: PretrainSettings,
  example: (index: number) => Text,
  start = initialWeights(sizes, settings.seed),
): AsyncGenerator<PretrainReport, Float32Array> {
  const policy = transformerPolicy(sizes);
  return descend(settings, start, (weights, step) => {
    const examples = Array.from({ length: settings.batch }, (_, i) => example(step * settings.batch + i));
    return nextTokenGradient(policy, weights, completionBatch(sizes, [examples]));
  });
}

/**
 * Descends a loss with AdamW. Yields every step's loss and returns the weights.
 *
 * @param gradientOf the loss on the step's own examples, and its gradient in flat form; steps count from 0  // scalar, [1, N]
 */
export async function* descend(
  settings: PretrainSettings,
  start: Float32Array,
  gradientOf: (weights: tf.Tensor2D, step: number) => { loss: tf.Scalar; gradient: tf.Tensor2D },
): AsyncGenerator<PretrainReport, Float32Array> {
  const count = start.length;
  // A copy: on the CPU the updates would be made in the caller's array.
  const weights = tf.tensor2d(start.slice(), [1, count]);
  const [mean, square] = [tf.zeros([1, count]), tf.zeros([1, count])] as [tf.Tensor2D, tf.Tensor2D];
  const read = async () => (await weights.data()).slice() as Float32Array;
  try {
    for (let step = 0; step < settings.steps; step++) {
      const { loss, gradient } = gradientOf(weights, step);
      const factors = clipFactors(gradient, settings.clip);
      updateAdamW({
        weights,
        mean,
        square,
        gradient,
        factors,
        learningRates: [learningRateAt(settings, step)],
        step: step + 1,
        settings: { ...ADAM, weightDecay: settings.weightDecay },
      });
      const [value] = await loss.data();
      tf.dispose([loss, gradient, factors]);
      yield { step: step + 1, loss: value!, weights: read };
    }
    return await read();
  } finally {
    tf.dispose([weights, mean, square]);
  }
}

function learningRateAt({ learningRate, warmUp, steps }: PretrainSettings, step: number): number {
  return learningRate * Math.min((step + 1) / warmUp, (steps - step) / (steps - warmUp), 1);
}

/** Mean negative log-prob per completion token, and its gradient in flat form. // scalar, [1, N] */
function nextTokenGradient(
  policy: Policy,
  weights: tf.Tensor2D,
  batch: CompletionBatch,
): { loss: tf.Scalar; gradient: tf.Tensor2D } {
  const tokens = batch.mask.reduce((a, b) => a + b, 0);
  return tf.tidy(() => {
    const pass = policy.forward(weights, batch);
    const loss = tf.div(tf.sum(tf.mul(pass.logProbs, pass.mask)), -tokens) as tf.Scalar;
    const gradient = pass.gradient(tf.fill([batch.prompts.rows], -1 / tokens));
    pass.dispose();
    return { loss, gradient };
  });
}
