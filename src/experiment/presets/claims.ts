import type { MetricName } from '../documents/metrics';

/**
 * What a paper says of an experiment, in a form that results can be held against. Arms are named as `armName` names
 * them; numbers are those of the last evaluation.
 */
export type Claim =
  /** One arm's metric is above another's. */
  | {
      readonly kind: 'above';
      readonly metric: MetricName;
      readonly arm: string;
      readonly than: string;
    }
  /** An arm's metric is higher at the end than at the start. */
  | { readonly kind: 'rises'; readonly metric: MetricName; readonly arm: string }
  /** An arm saves more than this share of another's labels. */
  | { readonly kind: 'saves'; readonly arm: string; readonly than: string; readonly share: number }
  /** What a pair costs: model passes per completion, responses shown. */
  | {
      readonly kind: 'costs';
      readonly arm: string;
      readonly spending: 'samplingCost' | 'annotationCost';
      readonly perPair: number;
    };

/** Numbers that a paper prints, one row per arm. */
export interface PrintedNumbers {
  readonly metrics: readonly MetricName[];
  /** By arm, in the order of the metrics; null: the arm's numbers are not available. */
  readonly rows: Readonly<Record<string, readonly number[] | null>>;
}

/** A preset that follows an experiment of a paper. */
export interface PaperExperiment {
  /** Which figure or table. */
  readonly source: string;
  readonly did: string;
  /** What is different here, and why. */
  readonly changed: string;
  /** Null where the source has no numbers that could be set beside ours. */
  readonly printed: PrintedNumbers | null;
  /** None where the runs are those of another preset, which judges them. */
  readonly claims: readonly Claim[];
  /** The id of the preset that has the same runs, and more. */
  readonly judgedAt?: string;
}
