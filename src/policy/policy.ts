import type * as tf from '@tensorflow/tfjs-core';
import type { ParameterLayout } from './parameters';

/**
 * Prompts of a fleet, row-major token ids, left-padded with 0.
 * A tabular policy's prompt is one id, the prompt's row in its table.
 */
export interface PromptBatch {
  /** Runs, and rows per run. */
  readonly sets: number;
  readonly rows: number;
  readonly length: number;
  readonly ids: Int32Array; // [R, B, length]
}

/** Prompts with completions, right-padded with 0. Rows per run are a multiple of four, filled up with masked ones. */
export interface CompletionBatch {
  readonly prompts: PromptBatch;
  readonly length: number;
  readonly ids: Int32Array; // [R, B, length]
  /** 1 on completion tokens, their end token included; 0 after it. */
  readonly mask: Float32Array; // [R, B, length]
}

/** How a fleet's completions are drawn; every row has its own coefficients. */
export interface SamplingRequest {
  readonly prompts: PromptBatch;
  /** The weight sets of each run's policy and reference. // [R] */
  readonly policySets: readonly number[];
  readonly referenceSets: readonly number[];
  /** a and 1/temperature of every row, as `drawTokens` takes them. // [2, R, B] */
  readonly settings: tf.Tensor3D;
  /** Which models each row's a asks for: POLICY, REFERENCE, or both. // [R·B] */
  readonly models: Uint8Array;
  readonly seeds: readonly number[]; // [R]
  readonly stream: number;
  readonly step: number;
  /** Tokens of rows that are not to be drawn, −1 of those that are; absent where all are drawn. Completions of one token only. // [R·B] */
  readonly given?: Int32Array;
  /** Where each run's rows begin among those that its random numbers are drawn for; 0 where absent. */
  readonly firstRow?: number;
  /** Also measure KL(π_θ‖π_ref) and entropy at every position, over the full vocabulary; takes both models on all rows. */
  readonly measure: boolean;
}

/** Bits of `SamplingRequest.models`. */
export const POLICY = 1;
export const REFERENCE = 2;

/** Sampled completions, still on the device; what lies behind a completion's end has no meaning. */
export interface DeviceCompletions {
  readonly tokens: tf.Tensor; // int32 [C, R·B]
  /** Nats of every token under the policy and the reference; until completed, of the models that its row asked for. */
  readonly logProbs: tf.Tensor; // [C, 2, R·B]
  /** KL, then entropy, in nats. */
  readonly measures: tf.Tensor | null; // [C, 2, R·B]
}

/** Log-probs of given completions, with what their gradient needs. */
export interface ForwardPass {
  /** Nats per token; behind a completion's end without meaning. // [R·B, C] */
  readonly logProbs: tf.Tensor2D;
  readonly mask: tf.Tensor2D; // [R·B, C]
  /**
   * The gradient of Σ slopes ⊙ sequence log-probs in each run's weights. Once only: it uses the pass up.
   *
   * @param slopes per row  // [R·B]
   * @returns flat  // [R, N]
   */
  gradient(slopes: tf.Tensor1D): tf.Tensor2D;
  dispose(): void;
}

/** Floats that a row of a batch takes on the device while it is worked on, some percent too many. */
export interface RowFloats {
  readonly decoded: number;
  /** Its log-probs found in one pass. */
  readonly read: number;
  /** Forward and backward. */
  readonly trained: number;
}

/** A policy as one tensor program over weight sets: the runs of a fleet, and their references behind them. */
export interface Policy {
  readonly layout: ParameterLayout;
  readonly vocabulary: number;
  /** Tokens in the longest completion. */
  readonly completionLength: number;
  /** Null where the bounds of a config keep them few. */
  readonly rowFloats: RowFloats | null;
  /** @param weights flat  // [S, N] */
  sample(weights: tf.Tensor2D, request: SamplingRequest): DeviceCompletions;
  /** Fills in the log-probs under the models that sampling did not need. */
  complete(weights: tf.Tensor2D, request: SamplingRequest, sampled: DeviceCompletions): void;
  /** @param weights flat; run r's policy is set r  // [S, N], S ≥ R */
  forward(weights: tf.Tensor2D, batch: CompletionBatch): ForwardPass;
  /**
   * Logits of the next token after each row's tokens, for whoever wants to look: in stock ops.
   *
   * @param weights flat, one set for each of the batch's  // [R, N]
   * @param texts prompts with what has been written so far, left-padded
   * @returns // [R·B, V]
   */
  nextLogits(weights: tf.Tensor2D, texts: PromptBatch): tf.Tensor2D;
}
