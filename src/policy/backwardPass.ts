import * as tf from '@tensorflow/tfjs-core';
import { causalAttentionGradient } from '../ops/causalAttention/causalAttention';
import { emptyTensor } from '../ops/device/launch';
import { addEmbeddingGradient } from '../ops/embedding/embedding';
import { gatedMlpGradient } from '../ops/gatedMlp/gatedMlp';
import { inputGradient } from '../ops/inputGradient/inputGradient';
import { logitsGradient, setUnembeddingGradient } from '../ops/normedLogits/normedLogits';
import { rmsNormGradient } from '../ops/rmsNorm/rmsNorm';
import { setWeightGradient } from '../ops/weightGradient/weightGradient';
import type { LayerActivations, Pass } from './forwardPass';

/** What the forward pass leaves behind for the gradient. */
export interface Activations {
  readonly tokens: tf.Tensor2D; // int32 [M, T]
  readonly layers: readonly LayerActivations[];
  readonly final: tf.Tensor2D; // [M·T, D]
  readonly finalScale: tf.Tensor1D; // [M·C]
}

/**
 * The gradient in all parameters of every set, by the chain rule written out; every kernel writes its part of the flat
 * gradient in place.
 *
 * @param dLogits after the positions from `skip` on  // [M·C, V]
 * @param sets those that the rows belong to, evenly
 * @returns // [sets, N]
 */
export function backwardPass(
  pass: Pass,
  { tokens, layers, final, finalScale }: Activations,
  dLogits: tf.Tensor2D,
  skip: number,
  sets: number,
): tf.Tensor2D {
  const { sizes, offsets, weights, rows } = pass;
  const { width, vocabulary } = sizes;
  const gradient = emptyTensor([sets, weights.shape[1]]);
  tf.tidy(() => {
    const dNormed = logitsGradient({ dLogits, weights, offset: offsets.embedding, width, rows });
    setUnembeddingGradient({
      dLogits,
      x: final,
      scale: finalScale,
      gradient,
      weights,
      offsets: { gain: offsets.finalNorm, embedding: offsets.embedding },
      rows,
      skip,
    });
    let dx = rmsNormGradient({
      dy: dNormed,
      x: final,
      scale: finalScale,
      weights,
      offset: offsets.finalNorm,
      gradient,
      residual: null,
      rows,
      skip,
    });
    for (let l = layers.length - 1; l >= 0; l--) dx = layerGradient(pass, l, layers[l]!, dx, gradient);
    addEmbeddingGradient(tokens, dx, gradient, offsets.embedding, vocabulary, rows);
  });
  return gradient;
}

/** From the gradient at a layer's output to that at its input. // [M·T, D] → [M·T, D] */
function layerGradient(
  { sizes, offsets, weights, rows, starts, table }: Pass,
  l: number,
  layer: LayerActivations,
  dOutput: tf.Tensor2D,
  gradient: tf.Tensor2D,
): tf.Tensor2D {
  const { width, hidden: inner, heads } = sizes;
  const at = offsets.layers[l]!;
  const { input, attentionScale, q, kv, attended, statistics, middle, mlpScale, gate, up, hidden } = layer;
  const term = (dy: tf.Tensor, offset: number, size: number, column = 0) => ({ dy, column, inner: size, offset });

  setWeightGradient({ x: hidden, norm: null, terms: [term(dOutput, at.down, width)], gradient, rows });
  const { dGate, dUp } = gatedMlpGradient({ dx: dOutput, gate, up, weights, offset: at.down, rows });
  const mlpTerms = [term(dGate, at.gate, inner), term(dUp, at.up, inner)];
  setWeightGradient({
    x: middle,
    norm: { scale: mlpScale, weights, gain: at.mlpNorm },
    terms: mlpTerms,
    gradient,
    rows,
  });
  const dMiddle = rmsNormGradient({
    dy: inputGradient({ terms: mlpTerms, weights, width, rows }),
    x: middle,
    scale: mlpScale,
    weights,
    offset: at.mlpNorm,
    gradient,
    residual: dOutput,
    rows,
    skip: 0,
  });

  const outputTerms = [term(dMiddle, at.output, width)];
  setWeightGradient({ x: attended, norm: null, terms: outputTerms, gradient, rows });
  const dOut = inputGradient({ terms: outputTerms, weights, width, rows });
  const { dq, dkv } = causalAttentionGradient({ q, kv, out: attended, dOut, statistics, starts, table, rows, heads });
  const headTerms = [term(dq, at.query, width), term(dkv, at.key, width), term(dkv, at.value, width, width)];
  setWeightGradient({
    x: input,
    norm: { scale: attentionScale, weights, gain: at.attentionNorm },
    terms: headTerms,
    gradient,
    rows,
  });
  return rmsNormGradient({
    dy: inputGradient({ terms: headTerms, weights, width, rows }),
    x: input,
    scale: attentionScale,
    weights,
    offset: at.attentionNorm,
    gradient,
    residual: dMiddle,
    rows,
    skip: 0,
  });
}
