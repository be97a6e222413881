import { completionLogProbsComposed } from '../../ops/completionLogProb/composed';
import { drawTokensComposed } from '../../ops/drawTokens/composed';
import * as tf from '@tensorflow/tfjs-core';
import { inTidy, tensorsIn } from '../../ops/inTidy';
import { inputTokens, startsOf } from '../inputTokens';
import type { CompletionBatch, DeviceCompletions, ForwardPass, Policy, SamplingRequest } from '../policy';
import { transformerLayout, type TransformerSizes } from '../transformer';
import { nextLogits } from './nextLogits';
import { flatten, unflatten, type Parameters } from './parameters';
import { logitsAfter, readTokens, type Reading } from './transformer';

/** Log-probs of the completions' tokens, differentiable in the parameters. // [M, C] */
function tokenLogProbs(sizes: TransformerSizes, parameters: Parameters, batch: CompletionBatch): tf.Tensor2D {
  const { prompts, ids, length } = batch;
  const rows = prompts.sets * prompts.rows;
  const starts = tf.tensor1d(startsOf(prompts.ids, prompts.length), 'int32');
  const inputs = inputTokens(batch);
  const tokens = tf.tensor2d(inputs, [prompts.sets, inputs.length / prompts.sets], 'int32');
  const { states } = readTokens(sizes, parameters, starts, tokens, []);
  const logits = logitsAfter(parameters, states, prompts.length - 1);
  return completionLogProbsComposed(logits, tf.tensor2d(ids, [rows, length], 'int32'));
}

function forward(sizes: TransformerSizes, weights: tf.Tensor2D, batch: CompletionBatch): ForwardPass {
  const { sets, rows } = batch.prompts;
  const layout = transformerLayout(sizes);
  const names = layout.map(({ name }) => name);
  const named = (tensors: readonly tf.Tensor[]): Parameters => new Map(names.map((name, i) => [name, tensors[i]!]));
  const held = tf.tidy(() => {
    const flat = tf.slice(weights, [0, 0], [sets, -1]);
    return {
      flat,
      logProbs: tokenLogProbs(sizes, unflatten(layout, flat), batch),
      mask: tf.tensor2d(batch.mask, [sets * rows, batch.length]),
    };
  });
  const { flat, logProbs, mask } = held;
  return {
    logProbs,
    mask,
    gradient: (slopes) =>
      tf.tidy(() => {
        const gradients = tf.grads((...tensors) => tokenLogProbs(sizes, named(tensors), batch))(
          [...unflatten(layout, flat).values()],
          tf.mul(mask, tf.expandDims(slopes, 1)),
        );
        return flatten(layout, named(gradients));
      }),
    dispose: () => tf.dispose(held),
  };
}

/** Decodes every row under both models, token by token, as rows of 2R weight sets. */
function sample(sizes: TransformerSizes, weights: tf.Tensor2D, request: SamplingRequest): DeviceCompletions {
  const { prompts, policySets, referenceSets, measure } = request;
  const { completionLength, vocabulary } = sizes;
  const sets = 2 * prompts.sets;
  const rows = prompts.sets * prompts.rows;
  return inTidy(() => {
    const flat = tf.gather(weights, [...policySets, ...referenceSets]) as tf.Tensor2D;
    const parameters = unflatten(transformerLayout(sizes), flat);
    const promptIds = Int32Array.from([...prompts.ids, ...prompts.ids]);
    const starts = tf.tensor1d(startsOf(promptIds, prompts.length), 'int32');
    const found: Record<'tokens' | 'logProbs' | 'measures', tf.Tensor[]> = { tokens: [], logProbs: [], measures: [] };
    let next = tf.tensor2d(promptIds, [sets, prompts.rows * prompts.length], 'int32');
    let past: Reading['cache'] = [];
    for (let token = 0; token < completionLength; token++) {
      const { states, cache } = inTidy(() => readTokens(sizes, parameters, starts, next, past));
      tf.dispose(tensorsIn(past));
      past = cache;
      const logits = logitsAfter(parameters, states, states.shape[1] - 1); // [2·rows, V]
      const byModel = tf.reshape(logits, [2, rows, vocabulary]) as tf.Tensor3D;
      const drawn = drawTokensComposed(byModel, request, token); // [rows]
      next = tf.reshape(tf.concat([drawn, drawn]), [sets, prompts.rows]);
      found.tokens.push(drawn);
      found.logProbs.push(tf.reshape(completionLogProbsComposed(logits, tf.reshape(next, [-1, 1])), [2, rows]));
      if (measure) found.measures.push(measureRows(byModel));
    }
    return {
      tokens: tf.stack(found.tokens),
      logProbs: tf.stack(found.logProbs),
      measures: measure ? tf.stack(found.measures) : null,
    };
  });
}

/** KL(π_θ‖π_ref) and the entropy of π_θ, summed over the vocabulary, in nats. // [2, B, V] → [2, B] */
export function measureRows(logits: tf.Tensor3D): tf.Tensor2D {
  const [policy, reference] = tf.unstack(tf.logSoftmax(logits)) as [tf.Tensor2D, tf.Tensor2D];
  const probabilities = tf.exp(policy);
  const kl = tf.sum(tf.mul(probabilities, tf.sub(policy, reference)), -1);
  const entropy = tf.neg(tf.sum(tf.mul(probabilities, policy), -1));
  return tf.stack([kl, entropy]) as tf.Tensor2D;
}

/** The transformer in stock ops with tfjs' own gradients: the specification of `transformerPolicy`, and its yardstick. */
export function composedTransformerPolicy(sizes: TransformerSizes): Policy {
  return {
    layout: transformerLayout(sizes),
    vocabulary: sizes.vocabulary,
    completionLength: sizes.completionLength,
    rowFloats: null, // what stock ops hold in between is nobody’s promise
    sample: (weights, request) => sample(sizes, weights, request),
    complete: () => undefined,
    forward: (weights, batch) => forward(sizes, weights, batch),
    nextLogits: (weights, texts) => nextLogits(sizes, weights, texts),
  };
}
