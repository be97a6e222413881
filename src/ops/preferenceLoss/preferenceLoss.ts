import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { logSigmoid } from '../logSigmoid/logSigmoid';
import { DPO_SLOPES } from './kernel';

/** Labelled pairs of R runs; rows 2i and 2i + 1 of a run are pair i's chosen and rejected completion. */
interface Preferences {
  /** log π_θ per token, nats. // [R·Mp, C] */
  readonly logProbs: tf.Tensor2D;
  /** 1 on completion tokens, 0 behind the end, where log-probs may be anything. // [R·Mp, C] */
  readonly mask: tf.Tensor2D;
  /** log π_ref of whole completions, nats. // [R·Mp] */
  readonly reference: tf.Tensor1D;
  readonly betas: tf.Tensor1D; // [R]
  /** A run's loss is Σ weight · loss; 0 on pairs that only fill the batch up. // [R, Mp/2] */
  readonly pairWeights: tf.Tensor2D;
}

type LossesAndSlopes = {
  /** Nats, unweighted. // [R, Mp/2] */
  readonly losses: tf.Tensor2D;
  /** d(Σ weight · loss)/d(log π_θ of the whole completion). // [R·Mp] */
  readonly slopes: tf.Tensor1D;
};

/** The specification in stock ops, for finite values; slopes by tfjs' own gradient. */
export function dpoSlopesComposed({ logProbs, mask, reference, betas, pairWeights }: Preferences): LossesAndSlopes {
  const [runs, pairs] = pairWeights.shape;
  const lossesOf = (sequences: tf.Tensor): tf.Tensor2D => {
    const logRatios = tf.reshape(tf.sub(sequences, reference), [runs, pairs, 2]);
    const [chosen, rejected] = tf.unstack(logRatios, 2) as [tf.Tensor2D, tf.Tensor2D];
    return tf.neg(logSigmoid(tf.mul(tf.sub(chosen, rejected), tf.expandDims(betas, 1))));
  };
  const sequences = tf.sum(tf.mul(logProbs, mask), 1); // [R·Mp]
  const slopes = tf.grad((x) => tf.sum(tf.mul(lossesOf(x), pairWeights)))(sequences) as tf.Tensor1D;
  return { losses: lossesOf(sequences), slopes };
}

/**
 * DPO's losses, −log σ(margin) with margin = β·(Δ log π_θ − Δ log π_ref) and Δ chosen less rejected (Rafailov et al.
 * 2023, equation 7), and their slopes, ∓weight·β·σ(−margin): the gradient's part that is not the model's.
 */
export function dpoSlopes({ logProbs, mask, reference, betas, pairWeights }: Preferences): LossesAndSlopes {
  const [rows, length] = logProbs.shape;
  const [runs, pairs] = pairWeights.shape;
  const losses = emptyTensor([runs, pairs]);
  const slopes = emptyTensor([rows]);
  launch(
    DPO_SLOPES,
    { logProbs, mask, reference, betas, pairWeights, losses, slopes },
    { length, pairs },
    runs * pairs,
  );
  return { losses, slopes };
}
