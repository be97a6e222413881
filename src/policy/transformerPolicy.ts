import * as tf from '@tensorflow/tfjs-core';
import { completionLogProbs, turnIntoLogitGradient } from '../ops/completionLogProb/completionLogProb';
import { inTidy, tensorsIn } from '../ops/inTidy';
import { evenRowSets } from '../ops/rowSets';
import { backwardPass } from './backwardPass';
import { nextLogits } from './composed/nextLogits';
import { emptyCaches, logitsOf, passOver, runLayers, type LayerActivations } from './forwardPass';
import { inputTokens } from './inputTokens';
import type { CompletionBatch, ForwardPass, Policy } from './policy';
import {
  inputLength,
  rowFloats,
  transformerLayout,
  transformerOffsets,
  type TransformerOffsets,
  type TransformerSizes,
} from './transformer';
import { complete, decode } from './transformerSampling';

function forward(
  sizes: TransformerSizes,
  offsets: TransformerOffsets,
  weights: tf.Tensor2D,
  batch: CompletionBatch,
): ForwardPass {
  const { prompts, length } = batch;
  const total = inputLength(sizes);
  const skip = prompts.length - 1;
  const held = inTidy(() => {
    const rows = evenRowSets(prompts.sets, prompts.rows);
    const pass = passOver({ sizes, offsets, weights }, rows, prompts.ids, prompts.length);
    const tokens = tf.tensor2d(inputTokens(batch), [rows.capacity, total], 'int32');
    const targets = tf.tensor2d(batch.ids, [rows.capacity, length], 'int32');
    const layers: LayerActivations[] = [];
    const final = runLayers(pass, tokens, 0, emptyCaches(pass, total), (layer) => layers.push(layer));
    const { logits, scale: finalScale } = logitsOf(pass, final, skip, length);
    return {
      pass,
      activations: { tokens, layers, final, finalScale },
      targets,
      mask: tf.tensor2d(batch.mask, [rows.capacity, length]),
      logits,
      logProbs: completionLogProbs(logits, targets),
    };
  });
  const { pass, activations, targets, mask, logits, logProbs } = held;
  return {
    logProbs,
    mask,
    gradient(slopes) {
      turnIntoLogitGradient(logits, targets, mask, slopes);
      return backwardPass(pass, activations, logits, skip, prompts.sets);
    },
    dispose: () => tf.dispose(tensorsIn(held, [weights])),
  };
}

/** A transformer by fused kernels, forward and backward written out; `composed/` has it in stock ops. */
export function transformerPolicy(sizes: TransformerSizes): Policy {
  const offsets = transformerOffsets(sizes);
  return {
    layout: transformerLayout(sizes),
    vocabulary: sizes.vocabulary,
    completionLength: sizes.completionLength,
    rowFloats: rowFloats(sizes),
    sample: (weights, request) => decode(sizes, offsets, weights, request),
    complete: (weights, request, sampled) => complete(sizes, offsets, weights, request, sampled),
    forward: (weights, batch) => forward(sizes, offsets, weights, batch),
    nextLogits: (weights, texts) => nextLogits(sizes, weights, texts),
  };
}
