import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { logSigmoid } from '../ops/logSigmoid/logSigmoid';
import { logSumExp } from '../ops/logSumExp/logSumExp';
import { tablesOf } from '../policy/tabular';
import type { Fleet } from './fleet';

/**
 * Whether a pair is interpolated as its plan says, or drawn from π_θ alone. Samplers of fixed weights have decided with
 * the plan. T-PILAF decides here, by the prompt's partition functions under the present policy (arXiv 2502.04270):
 * it interpolates with probability Z⁺Z⁻/(1 + Z⁺Z⁻).
 */
export class PairKinds {
  /** log(Z⁺Z⁻) of each pair's prompt; 0 for runs that do not ask for it, null where none does. // [R, P] */
  private readonly logProducts: tf.Tensor2D | null;
  /** Whether a run weighs its loss. // [R] */
  private readonly weighted: readonly boolean[];

  /** @param promptIndices // [R, P] */
  constructor(fleet: Fleet, promptIndices: Int32Array) {
    const { runs } = fleet;
    this.weighted = runs.map(({ sampler }) => sampler.weighted);
    const asking = [...runs.keys()].filter((r) => runs[r]!.sampler.partition);
    this.logProducts = asking.length > 0 ? productsOfPairs(fleet, asking, promptIndices) : null;
  }

  /**
   * The coefficients to sample with: 0 for the pairs that fall back to π_θ.
   *
   * @param planned // [R, P, candidates]
   * @param gates uniform draws; 1 for samplers of fixed weights, which keep what is planned  // [R, P]
   */
  coefficients(planned: tf.Tensor3D, gates: Float32Array): tf.Tensor3D {
    const { logProducts } = this;
    if (!logProducts) return planned;
    return tf.tidy(() => {
      // 1/(1 + Z⁺Z⁻) = σ(−log Z⁺Z⁻)
      const interpolates = tf.greaterEqual(tf.tensor2d(gates, logProducts.shape), tf.sigmoid(tf.neg(logProducts)));
      return tf.mul(planned, tf.expandDims(tf.cast(interpolates, 'float32'), 2));
    });
  }

  /** Loss weights (1 + Z⁺Z⁻)/mean over the run's pairs; 1 for runs that weigh none. Null: 1 for all. // [R, P] */
  lossWeights(): tf.Tensor2D | null {
    const { logProducts, weighted } = this;
    if (!logProducts || !weighted.includes(true)) return null;
    return tf.tidy(() => {
      const logs = tf.neg(logSigmoid(tf.neg(logProducts))); // log(1 + Z⁺Z⁻)
      const logMean = tf.sub(tf.logSumExp(logs, 1, true), Math.log(logs.shape[1]));
      // A choice, not a sum with a factor 0: one run's weights may overflow, its neighbours' must not notice.
      const column = weighted.map((isWeighted) => [isWeighted]);
      const chosen = tf.tile(tf.tensor2d(column, undefined, 'bool'), [1, logs.shape[1]]);
      return tf.where(chosen, tf.exp(tf.sub(logs, logMean)), tf.onesLike(logs));
    });
  }

  dispose(): void {
    this.logProducts?.dispose();
  }
}

/** @param asking the runs whose products are wanted // [U] */
function productsOfPairs(fleet: Fleet, asking: readonly number[], promptIndices: Int32Array): tf.Tensor2D {
  const { runs, weights, task, betas } = fleet;
  const pairs = promptIndices.length / runs.length;
  const prompts = task.policy.layout[0]!.shape[0]!;
  return tf.tidy(() => {
    const { policySets, referenceSets } = fleet.samplingSets();
    const sets = [policySets, referenceSets].flatMap((all) => asking.map((r) => all[r]!));
    const own = tf.gather(betas, [...asking]) as tf.Tensor1D;
    const products = logPartitionProducts(tablesOf(weights, sets, prompts), tf.expandDims(own, 1) as tf.Tensor2D);
    const known = tf.concat([tf.reshape(products, [-1]), tf.zeros([1])]); // and 0 for who does not ask
    const first = [...runs.keys()].map((r) => asking.indexOf(r) * prompts);
    const places = promptIndices.map((prompt, i) => {
      const start = first[Math.floor(i / pairs)]!;
      return start < 0 ? known.size - 1 : start + prompt;
    });
    const table = tf.reshape(known, [1, known.size, 1]) as tf.Tensor3D;
    return tf.reshape(gatherRows(table, tf.tensor2d(places, [1, places.length], 'int32')), [runs.length, pairs]);
  });
}

/**
 * log(Z⁺Z⁻) of every prompt, with Z± = E_{π_θ}[exp(±r_θ)] and r_θ = β·log(π_θ/π_ref). In logarithms, because the
 * partition functions themselves overflow where a policy has moved far.
 *
 * @param logits h_θ tables above h_ref tables  // [2R, X, K]
 * @param betas // [R, 1]
 * @returns // [R, X]
 */
function logPartitionProducts(logits: tf.Tensor3D, betas: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [policy, reference] = tf.split(tf.logSoftmax(logits), 2, 0) as [tf.Tensor3D, tf.Tensor3D];
    const implicit = tf.mul(tf.sub(policy, reference), tf.expandDims(betas, 2));
    const logExpectation = (sign: number) => logSumExp(tf.add(policy, tf.mul(implicit, sign)));
    return tf.add(logExpectation(1), logExpectation(-1));
  });
}
