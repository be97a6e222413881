import type { CheckpointKind } from '../experiment/config/tasks';
import type { Problem } from '../experiment/reading';
import type { BackendInfo, BackendName, Results } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { ImportedCheckpoints, Note, Order, Outcomes } from '../run/orders';
import type { Answer as AnnotatorAnswer, Question as AnnotatorQuestion } from '../training/annotator';
import type { Report, SampledText, SnapshotReport, WeightsReport, Words } from '../training/reports';

/** Page → worker. Every `start` and `restore` carries an id; events of an older id are stale and the client drops them. */
export type Command =
  | Opening
  | {
      readonly type: 'start';
      readonly id: number;
      readonly config: unknown;
      readonly paused: boolean;
      readonly checkpoints: ImportedCheckpoints;
    }
  /** Goes on from what a `snapshot` event brought. */
  | {
      readonly type: 'restore';
      readonly id: number;
      readonly bytes: Blob;
      readonly paused: boolean;
      readonly checkpoints: ImportedCheckpoints;
    }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'step' }
  | { readonly type: 'stop' }
  /** A person's answers to what was asked last; null: nobody labels any more. */
  | { readonly type: 'answer'; readonly answers: readonly AnnotatorAnswer[] | null }
  | Question;

/** Page → worker, each answered by an event with its ticket and type. */
export type Question =
  /** What a run of the start `id` has learnt; answered once the race stands still or is over. */
  | { readonly type: 'weights'; readonly ticket: number; readonly id: number; readonly run: number }
  /** Whether files are a checkpoint that a task can use; answered at once, whatever runs. */
  | {
      readonly type: 'check';
      readonly ticket: number;
      readonly task: CheckpointKind;
      readonly files: readonly CheckpointFile[];
    }
  /** An experiment as a folder for other engines; answered at once, whatever runs. */
  | {
      readonly type: 'takeout';
      readonly ticket: number;
      readonly config: unknown;
      readonly checkpoints: ImportedCheckpoints;
    }
  /** Completions that a run's policy writes now, or wrote when it was stored last. */
  | {
      readonly type: 'texts';
      readonly ticket: number;
      readonly id: number;
      readonly run: number;
      readonly count: number;
    }
  /** What a policy and its reference would write next. */
  | {
      readonly type: 'words';
      readonly ticket: number;
      readonly of: PolicySource;
      readonly prompt: number;
      /** Token ids, equally many each. */
      readonly beginnings: readonly (readonly number[])[];
    };

/** A run of the start `id`, or a policy that the page ships, by its checkpoint's name. */
export type PolicySource =
  | { readonly kind: 'run'; readonly id: number; readonly run: number }
  | { readonly kind: 'shipped'; readonly name: string };

/** The first message. */
export interface Opening {
  readonly type: 'open';
  /** Where the page lives, and with it the checkpoints that it ships. */
  readonly base: string;
  /** The only backend to try. */
  readonly only?: BackendName | undefined;
  /** Whether another worker of the page has tested the backend. */
  readonly isTested?: boolean | undefined;
  /** Into how many workers a race is spread where there is no GPU; a sensible number where absent. */
  readonly workers?: number | undefined;
}

/** A pool → one of its workers. */
export type PoolCommand = Opening | { readonly type: 'order'; readonly order: Order } | { readonly type: 'halt' };

/** One of its workers → a pool. */
export type PoolEvent =
  | Extract<Notice, { type: 'waiting' | 'lost' | 'ready' | 'unavailable' }>
  | { readonly type: 'note'; readonly note: Note }
  | { readonly type: 'outcome'; readonly outcome: Outcomes[keyof Outcomes] }
  /** The order broke; where the device computes wrong numbers, no other would fare better. */
  | { readonly type: 'broken'; readonly message: string; readonly isWrong: boolean };

/** Worker → page. Plain data only: no tensor crosses the thread. */
export type WorkerEvent = Notice | Answer;

export type Answer =
  /** A safetensors file; null where there is nothing to take out. */
  | { readonly type: 'weights'; readonly ticket: number; readonly step: number; readonly bytes: Blob | null }
  | { readonly type: 'check'; readonly ticket: number; readonly checked: Checked }
  | { readonly type: 'takeout'; readonly ticket: number; readonly taken: TakenOut }
  | { readonly type: 'texts'; readonly ticket: number; readonly found: Found<readonly SampledText[]> }
  | { readonly type: 'words'; readonly ticket: number; readonly found: Found<Words> };

/** What was asked for, as of a step, or why there is none. */
export type Found<T> =
  { readonly ok: true; readonly step: number; readonly value: T } | { readonly ok: false; readonly problem: string };

/** A file of a checkpoint that somebody wants to use. */
export interface CheckpointFile {
  readonly name: string;
  readonly bytes: Blob;
}

/** A checkpoint as one file's bytes with their hash, or what is wrong with it. */
export type Checked =
  | {
      readonly ok: true;
      readonly hash: string;
      readonly bytes: Blob;
      /** What it is and takes; null where that goes without saying. */
      readonly note: string | null;
    }
  | { readonly ok: false; readonly problem: string };

/** A zipped folder, or why there is none. */
export type TakenOut = { readonly ok: true; readonly zip: Blob } | { readonly ok: false; readonly problem: string };

export type Notice =
  /** What the worker waits for before it is ready, or before a start has begun. */
  | { readonly type: 'waiting'; readonly what: string }
  /** The GPU is gone, or the worker is: nothing more is to be had from it. */
  | { readonly type: 'lost'; readonly message: string }
  /**
   * The device computes wrong numbers: the experiment is over, and nothing else is to run on it. Up to the step
   * `rightAt` it was right.
   */
  | { readonly type: 'wrong'; readonly message: string; readonly rightAt: number }
  /** The device is being checked, which may take longer than a step. */
  | { readonly type: 'checking'; readonly id: number }
  | {
      readonly type: 'ready';
      readonly backend: BackendInfo;
      /** Why a faster backend was passed over, in sentences; empty when WebGPU runs. */
      readonly reasons: readonly string[];
      /** A lock that it holds as long as it lives; null where there are none. */
      readonly life: string | null;
    }
  /** No backend at all could be started: nothing can run in this browser. */
  | { readonly type: 'unavailable'; readonly message: string }
  | {
      readonly type: 'started';
      readonly id: number;
      readonly config: ExperimentConfig;
      /** What it had shown before, where it goes on; null for a fresh start. */
      readonly from: Results | null;
    }
  /** The config, or the stored state, was refused; what was running goes on. */
  | { readonly type: 'refused'; readonly id: number; readonly problems: readonly Problem[] }
  | { readonly type: 'report'; readonly id: number; readonly report: PostedReport; readonly timing: SessionTiming }
  | { readonly type: 'state'; readonly id: number; readonly state: SessionState }
  /** A person is to label these pairs; the experiment waits for the answers. */
  | { readonly type: 'asked'; readonly id: number; readonly questions: readonly AnnotatorQuestion[] }
  /**
   * All that is needed to go on after `step`, also in another page. A Blob, because only a reference to it passes
   * through the page's thread; storing an ArrayBuffer of 20 MB would hold that up for a quarter of a second.
   */
  | { readonly type: 'snapshot'; readonly id: number; readonly step: number; readonly bytes: Blob }
  /** Its state cannot be made; the experiment goes on. */
  | { readonly type: 'unstored'; readonly id: number; readonly reason: string }
  /** The experiment broke. The client ends the worker: what broke may have left its memory in any state. */
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

/** No weights cross the thread but as a Blob. */
export type PostedReport = Exclude<Report, SnapshotReport | WeightsReport>;

export type SessionState = 'running' | 'paused' | 'stopped' | 'finished';

export interface SessionTiming {
  /** Seconds spent running so far, pauses excluded. */
  readonly seconds: number;
  readonly pairsPerSecond: number;
  /** Estimated seconds to the end; null before the first step. */
  readonly secondsLeft: number | null;
  /** Memory that the engine holds, in all its workers. */
  readonly bytes: number;
}
