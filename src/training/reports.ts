import type { Evaluation } from '../experiment/documents/metrics';
import type { ExperimentSnapshot, Policies } from './snapshot';
import type { PlanePoint, RunStatus, StartFit } from '../experiment/documents/results';

/**
 * What a running experiment says, in plain structured-cloneable data: the session posts it to the page,
 * the command line writes it to a file and tests collect it in memory.
 */
export type Report =
  | StartedReport
  | OfflineReport
  | OfflineFitsReport
  | CompilingReport
  | ProgressReport
  | EvaluationReport
  | PairsReport
  | DivergedReport
  | GivenUpReport
  | SnapshotReport
  | WeightsReport
  | FinishedReport;

/** Which run is which: `run` in later reports is an index into `runs`. */
export interface StartedReport {
  readonly type: 'started';
  readonly steps: number;
  readonly runs: readonly { readonly arm: string; readonly seed: number; readonly optimum: PlanePoint | null }[];
  /** Mean over the runs' optima at the experiment's β; null where unknown. */
  readonly optimum: PlanePoint | null;
  /** The best reward at each KL, mean over the runs' tasks, by growing KL; null where unknown. */
  readonly frontier: readonly PlanePoint[] | null;
  /** Why an optimum that was estimated is not used; absent where nothing is amiss. */
  readonly optimumNote?: string;
}

/** How far the offline training before the race is. */
export interface OfflineReport {
  readonly type: 'offline';
  readonly step: number;
  readonly steps: number;
}

/** The end of the offline training before the race; in the order of the runs. */
export interface OfflineFitsReport {
  readonly type: 'offlineFits';
  readonly fits: readonly StartFit[];
}

/** How many of the GPU's kernels are compiled, before the first step; none where there is nothing to compile. */
export interface CompilingReport {
  readonly type: 'compiling';
  readonly done: number;
  readonly total: number;
}

/** The last report of every training step, and of the start with step 0. */
export interface ProgressReport {
  readonly type: 'progress';
  readonly step: number;
  /** Preference pairs labelled in this step over all runs; where parts advance together, since the report before. */
  readonly pairs: number;
  /** Memory of the workers that the parts are in; absent where all is in one thread. */
  readonly bytes?: number;
}

/** Every live run's numbers at a step. */
export interface EvaluationReport {
  readonly type: 'evaluation';
  readonly step: number;
  readonly evaluations: readonly { readonly run: number; readonly evaluation: Evaluation }[];
}

/** Some of the pairs just sampled, for the first seed of every arm; with every evaluation, and whenever asked for. */
export interface PairsReport {
  readonly type: 'pairs';
  readonly step: number;
  readonly pairs: readonly SampledPair[];
}

export interface SampledPair {
  readonly arm: string;
  /** The prompt in words. */
  readonly prompt: string;
  readonly chosen: SampledCompletion;
  readonly rejected: SampledCompletion;
  /** The labeller's probability of preferring `chosen`. */
  readonly preferenceProbability: number;
}

export interface SampledCompletion {
  readonly tokens: readonly SampledToken[];
  /** The oracle's score r*. */
  readonly reward: number;
  /** β·log(π_θ/π_ref) of the whole completion. */
  readonly implicitReward: number;
  readonly origin: Origin;
}

/** What a completion was drawn from: π_θ, π_ref, away from the reference or back towards it, all alike, or a table of pairs. */
export type Origin = 'policy' | 'reference' | 'pushed' | 'pulled' | 'uniform' | 'table' | 'unknown';

export interface SampledToken {
  readonly text: string;
  /** β·log(π_θ/π_ref) of this token given those before. */
  readonly implicitReward: number;
  /** What the oracle credited to this word; 0 where it did not count. */
  readonly contribution: number;
  /** Of this token given those before, when it was sampled. */
  readonly policyProbability: number;
  readonly referenceProbability: number;
}

/** A completion that a policy has written outside of training. */
export interface SampledText {
  readonly prompt: string;
  /** What stands right after the prompt: a space is part of it. */
  readonly text: string;
  /** The oracle's score. */
  readonly reward: number;
}

/** What a policy and its reference would write next. */
export interface Words {
  /** All test prompts. */
  readonly prompts: readonly string[];
  /** By id. // [V] */
  readonly vocabulary: readonly string[];
  /** Ids that end a completion. */
  readonly ends: readonly number[];
  readonly completionLength: number;
  /** Logits of the next word after every beginning. // [B, V] */
  readonly policy: Float32Array;
  readonly reference: Float32Array; // [B, V]
  /** The oracle's, of every beginning as it stands. // [B] */
  readonly scores: readonly { readonly reward: number; readonly contributions: readonly number[] }[];
}

/** A run met a number that is not finite and stopped; the others go on. */
export interface DivergedReport {
  readonly type: 'diverged';
  readonly run: number;
  readonly step: number;
}

/** Runs whose workers died again and again: they are stopped, and the others go on. */
export interface GivenUpReport {
  readonly type: 'givenUp';
  readonly runs: readonly number[];
  readonly step: number;
  /** Why the last of their workers died. */
  readonly message: string;
}

/** What is needed to go on from here later; only where it was asked for. */
export interface SnapshotReport {
  readonly type: 'snapshot';
  readonly snapshot: ExperimentSnapshot;
}

/** The policies that an experiment ends with, before `finished`; not where it was stopped before its first step. */
export interface WeightsReport extends Policies {
  readonly type: 'weights';
}

export interface FinishedReport {
  readonly type: 'finished';
  readonly step: number;
  readonly runs: readonly { readonly status: RunStatus; readonly hash: string }[];
}
