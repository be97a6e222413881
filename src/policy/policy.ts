import type * as tf from '@tensorflow/tfjs-core';
import type { ParameterLayout } from './parameters';

/**
 * Prompts of a fleet, row-major token ids, left-padded with 0.
 * A tabular policy's prompt is one id, the prompt's row in its table.
 */
export interface PromptBatch {
  /** Weight sets (runs) and rows per set. */
  readonly sets: number;
  readonly rows: number;
  readonly length: number;
  readonly ids: Int32Array; // [W, B, length]
}

/** Prompts with completions, right-padded with 0. */
export interface CompletionBatch {
  readonly prompts: PromptBatch;
  readonly length: number;
  readonly ids: Int32Array; // [W, B, length]
  /** 1 on completion tokens, their end token included; 0 after it. */
  readonly mask: Float32Array; // [W, B, length]
}

/** Next-token logits of every row, moved on token by token. Owns its tensors until disposed. */
export interface Decoder {
  /** Logits of the next token; valid until the next `advance`. // [W, B, V] */
  readonly logits: tf.Tensor3D;
  /** Log-probs of tokens under `logits`, nats. // int32 [W, B] → [W, B] */
  logProbs(tokens: tf.Tensor2D): tf.Tensor2D;
  /** Appends one token per row, int32. // [W, B] */
  advance(tokens: tf.Tensor2D): void;
  dispose(): void;
}

/** A policy as one tensor program over W weight sets: the runs of a fleet, or runs and their reference together. */
export interface Policy {
  readonly layout: ParameterLayout;
  readonly vocabulary: number;
  /** Tokens in the longest completion. */
  readonly completionLength: number;
  /** @param weights flat  // [W, N] */
  startDecoding(weights: tf.Tensor2D, prompts: PromptBatch): Decoder;
  /**
   * Log-probs of the completions' tokens, 0 where masked; differentiable in the parameters.
   *
   * @param parameters by name  // [W, …shape]
   * @returns nats  // [W, B, length]
   */
  tokenLogProbs(parameters: ReadonlyMap<string, tf.Tensor>, batch: CompletionBatch): tf.Tensor3D;
}
