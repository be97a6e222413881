import type { ArmSummary } from '../experiment/documents/sweepResults';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { TextPretraining } from '../experiment/config/textPretraining';
import type { MixtureDraws, MixtureSample } from '../reference/mixtureSamples';
import type { TextLook } from '../reference/pretrainText';
import type { Report } from '../training/reports';
import type { Models } from '../training/task';
import type { ExperimentSnapshot } from '../training/snapshot';

/** Checkpoints that a config names and that a worker cannot load by itself. */
export type ImportedCheckpoints = readonly { readonly name: string; readonly bytes: Blob }[];

/** What a worker makes a config's task of. */
export interface Sources {
  readonly checkpoints: ImportedCheckpoints;
  /** What has to come of it: a worker reads files anew, which may be others by then. Absent where nobody knows. */
  readonly models?: Models | undefined;
}

/** What a worker of the pool is told to do, one at a time; plain data. */
export type Order =
  /** A cell of a sweep, to its end. */
  | ({ readonly kind: 'cell'; readonly config: ExperimentConfig } & Sources)
  /** A part of a race, up to its first step, or restored; the part that the worker had before is dropped. */
  | ({
      readonly kind: 'open';
      readonly config: ExperimentConfig;
      /** The part's runs, by their index. */
      readonly runs: readonly number[];
      /** Of these runs; null: from the start. */
      readonly from: ExperimentSnapshot | null;
    } & Sources)
  /** The part's next steps. */
  | {
      readonly kind: 'advance';
      readonly until: number;
      /** Whether to evaluate, and to show pairs, after the last of them, if not by schedule. */
      readonly evaluates: boolean;
      readonly showsPairs: boolean;
    }
  /** The part's exact state. */
  | { readonly kind: 'snapshot' }
  /** The part's end: weights and hashes. */
  | { readonly kind: 'finish' }
  /** Draws for an estimate of the optimum. */
  | {
      readonly kind: 'mixture';
      /** Names the checkpoint. */
      readonly config: ExperimentConfig;
      readonly draws: MixtureDraws;
    }
  /** A policy that writes like a text; a halt ends its training with what it has learnt. */
  | { readonly kind: 'pretrain'; readonly asked: TextPretraining };

export type OrderKind = Order['kind'];
export type OrderOf<Kind extends OrderKind> = Extract<Order, { readonly kind: Kind }>;

/** What comes of it. */
export interface Outcomes {
  readonly cell: CellResult;
  readonly open: Leg;
  readonly advance: Leg;
  readonly snapshot: ExperimentSnapshot;
  readonly finish: readonly Report[];
  readonly mixture: readonly MixtureSample[];
  /** A text policy's file. */
  readonly pretrain: Uint8Array<ArrayBuffer>;
}

/** What a worker says while it is at it: a cell's step, or a draw, in hand; what a part does before its first step. */
export type Note =
  | { readonly type: 'step'; readonly step: number }
  | Extract<Report, { type: 'offline' | 'compiling' }>
  /** A step of a pretraining: nats per token, and now and then a look at the policy, with its file. */
  | {
      readonly type: 'pretraining';
      readonly step: number;
      readonly loss: number;
      readonly look?: TextLook & { readonly file: Blob };
    };

/** What a sweep keeps of a cell, and how long it took. */
export interface CellResult {
  readonly arms: readonly ArmSummary[];
  readonly seconds: number;
}

/** Whether a leg has ended with an evaluation. */
export const hasEvaluation = ({ reports }: Leg): boolean => reports.some(({ type }) => type === 'evaluation');

/** Steps that a part has trained in one go. */
export interface Leg {
  /** Of all these steps, in their order, but `progress` and what a note has told. */
  readonly reports: readonly Report[];
  /** Labelled in these steps. */
  readonly pairs: number;
  /** The worker's memory. */
  readonly bytes: number;
}
