import * as tf from '@tensorflow/tfjs-core';
import { normal, STREAM } from '../math/random';
import { adamW, clipByRunNorm, type AdamWState } from '../ops/adamW/adamW';
import { flatten, parameterCount, sizeOf, unflatten } from '../policy/parameters';
import type { CompletionBatch, Policy } from '../policy/policy';
import { transformerLayout, type TransformerSizes } from '../policy/transformer';
import { transformerPolicy } from '../policy/transformerPolicy';

/** One text of the corpus. */
export interface Example {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

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
}

const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 };

/** Normal draws scaled by fan-in, gains at 1; addressed by the seed. // [N] */
export function initialWeights(sizes: TransformerSizes, seed: number): Float32Array {
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
 */
export async function* pretrain(
  sizes: TransformerSizes,
  settings: PretrainSettings,
  example: (index: number) => Example,
): AsyncGenerator<PretrainReport, Float32Array> {
  const policy = transformerPolicy(sizes);
  const count = parameterCount(policy.layout);
  let state: AdamWState = {
    weights: tf.tensor2d(initialWeights(sizes, settings.seed), [1, count]),
    mean: tf.zeros([1, count]),
    square: tf.zeros([1, count]),
  };
  for (let step = 0; step < settings.steps; step++) {
    const examples = Array.from({ length: settings.batch }, (_, i) => example(step * settings.batch + i));
    const { loss, gradient } = nextTokenGradient(policy, state.weights, completionBatch(sizes, examples));
    const next = tf.tidy(() => {
      const rate = tf.tensor2d([[learningRateAt(settings, step)]]);
      const clipped = clipByRunNorm(gradient, settings.clip);
      return adamW(state, clipped, rate, step + 1, { ...ADAM, weightDecay: settings.weightDecay });
    });
    const [value] = await loss.data();
    tf.dispose([loss, gradient, state.weights, state.mean, state.square]);
    state = next;
    yield { step: step + 1, loss: value! };
  }
  const weights = (await state.weights.data()) as Float32Array;
  tf.dispose([state.weights, state.mean, state.square]);
  return weights;
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
    const named = unflatten(policy.layout, weights);
    const names = [...named.keys()];
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const parameters = new Map(names.map((name, i) => [name, tensors[i]!]));
      return tf.div(tf.sum(policy.tokenLogProbs(parameters, batch)), -tokens) as tf.Scalar;
    })([...named.values()]);
    const gradient = flatten(policy.layout, new Map(names.map((name, i) => [name, grads[i]!])));
    return { loss: value as tf.Scalar, gradient };
  });
}

/** Prompts padded on the left, completions on the right, as one set. */
export function completionBatch(
  { promptLength, completionLength }: TransformerSizes,
  examples: readonly Example[],
): CompletionBatch {
  const prompts = new Int32Array(examples.length * promptLength);
  const ids = new Int32Array(examples.length * completionLength);
  const mask = new Float32Array(examples.length * completionLength);
  examples.forEach(({ prompt, completion }, row) => {
    prompts.set(prompt, (row + 1) * promptLength - prompt.length);
    ids.set(completion, row * completionLength);
    mask.fill(1, row * completionLength, row * completionLength + completion.length);
  });
  return {
    prompts: { sets: 1, rows: examples.length, length: promptLength, ids: prompts },
    length: completionLength,
    ids,
    mask,
  };
}
