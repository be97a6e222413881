import type { PlanePoint } from '../experiment/documents/results';
import type { Policy } from '../policy/policy';
import type { Prompt } from '../theory/prompt';

/** Hashes of checkpoints' bytes, by their names in the config. */
export type Models = Readonly<Record<string, string>>;

/**
 * A task made ready for training: the policy's program, where the runs start, and what the oracle says.
 * `seed` arguments are run seeds; a bandit's tables may differ between them.
 */
export interface Task {
  readonly policy: Policy;
  /** What it was made of; absent where that is the config alone. */
  readonly models?: Models;
  readonly promptLength: number;
  readonly promptCount: number;
  /** Ids of a training prompt, without padding. */
  promptIds(index: number): readonly number[];
  /** The reference's flat weights. // [N] */
  referenceWeights(seed: number): Float32Array;
  /** Where training starts; null: at the reference. // [N] */
  readonly startWeights: Float32Array | null;
  /** A policy as a safetensors file; `origin` says how it came to be. // [N] */
  encodeWeights(weights: Float32Array, origin: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer>;
  /** Whether a completion's tokens are over after this one. */
  ends(token: number): boolean;
  /** The oracle's score r* of a completion, ids up to and including the end token. */
  reward(seed: number, promptIds: readonly number[], completion: readonly number[]): number;
  /** What the oracle credited to each token of a completion. */
  contributions(seed: number, promptIds: readonly number[], completion: readonly number[]): readonly number[];
  /** What the oracle was to learn, where it has learnt; null elsewhere. */
  readonly trueReward: ((promptIds: readonly number[], completion: readonly number[]) => number) | null;
  /** People with ratings of their own; null where the task has none. */
  readonly panel: Panel | null;
  promptText(promptIds: readonly number[]): string;
  /** A completion as it stands after the prompt's text: with the space between them, where there is one. */
  completionText(promptIds: readonly number[], completion: readonly number[]): string;
  tokenText(token: number): string;
  /** Sampled evaluation on fixed test prompts, or exact by enumeration. */
  readonly evaluation: SampledEvaluation | ExactEvaluation;
}

export interface Panel {
  readonly size: number;
  /** What one of them thinks of a completion, on the oracle's scale; annotators count from 0. */
  score(annotator: number, promptIds: readonly number[], completion: readonly number[]): number;
}

export interface SampledEvaluation {
  readonly kind: 'sampled';
  /** Ids of the test prompts, without padding. */
  readonly testPrompts: readonly (readonly number[])[];
  /** Estimated once, on the same prompts; a sentence says why it cannot be used; absent where nobody has. */
  readonly optimum?: KnownOptimum | string;
}

export interface KnownOptimum {
  /** By growing KL. */
  readonly frontier: readonly PlanePoint[];
  /** Null outside of the estimated range of β. */
  at(beta: number): PlanePoint | null;
}

export interface ExactPoint extends PlanePoint {
  /** Nats per completion. */
  readonly entropy: number;
  /** Standard deviation of the reward within a prompt. */
  readonly rewardSpread: number;
}

export interface ExactEvaluation {
  readonly kind: 'exact';
  evaluate(seed: number, weights: Float32Array, beta: number): ExactPoint;
  optimum(seed: number, beta: number): PlanePoint;
  /** A training prompt with all that theory asks of it; the same object for the same prompt. */
  prompt(seed: number, index: number, beta: number): Prompt;
  /** Best reward at each KL, mean over the seeds' tables. */
  frontier(seeds: readonly number[], beta: number): readonly PlanePoint[];
}
