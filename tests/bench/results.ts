/** The benchmark's results document: what the measuring scripts write and report.mjs renders. */
export const BENCH_FORMAT = 'pilaf-lab/bench';
export const BENCH_VERSION = 1;

/** Who computed: a form of the engine, or PyTorch with that many threads. */
export type Column = 'composed' | 'fused' | 'wasm' | `pytorch-${string}`;

/** Where it was computed, for instance 'chromium-swiftshader', 'dawn-swiftshader', 'node-wasm', 'pytorch-cpu'. */
export type Environment = string;

/** Milliseconds of one training round, and of one evaluation. `step` is all of them but `evaluate`. */
export const PHASES = ['sample', 'label', 'reference', 'forwardBackward', 'optimiser', 'step', 'evaluate'] as const;

/** Milliseconds of a training step on WASM, by what computed; `elsewhere` is drawing, lookups, tfjs and JavaScript. */
export const ROUTINE_TIMES = ['products', 'attention', 'exponentials', 'norms', 'update', 'elsewhere'] as const;

/** Sampled positions over the sampling phase; labelled pairs over the training step. */
export const RATES = ['tokensPerSecond', 'pairsPerSecond'] as const;

/**
 * What counters.ts counts, per decoded token of the whole fleet or per training step, once that is warm. Of a step's
 * launches, `launchesPerTraining` are all that come after the completions are read: forward, loss, backward, clipping
 * and optimiser. What is allocated may be freed again; what is grown was not. `liveBytes` and `peakBytes` are what tensors
 * take, on a GPU, WebAssembly's heap or in PyTorch, weights and the optimiser's averages included.
 */
export const COUNTS = [
  'launchesPerToken',
  'launchesPerTraining',
  'launchesPerStep',
  'submitsPerStep',
  'readBacksPerStep',
  'readBytesPerStep',
  'allocatedBytesPerStep',
  'grownBytesPerStep',
  'liveBytes',
  'peakBytes',
] as const;

export type Metric =
  (typeof PHASES)[number] | (typeof ROUTINE_TIMES)[number] | (typeof RATES)[number] | (typeof COUNTS)[number];

/** A median with its lower and upper quartile over n measurements. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

export interface BenchRow extends Summary {
  readonly column: Column;
  readonly environment: Environment;
  /** A name in sizes.json. */
  readonly size: string;
  /** Runs side by side. */
  readonly fleet: number;
  readonly metric: Metric;
  readonly unit: 'ms' | '1/s' | 'count' | 'bytes';
  /**
   * The process that measured this row. Forms are compared only within one, where they took turns: between two, the
   * machine's other load differs.
   */
  readonly run: string;
}

/** A file of the built page. */
export interface ChunkRow {
  readonly kind: 'chunk';
  readonly file: string;
  readonly bytes: number;
  readonly gzipped: number;
  /** When the page first asked for it: opening it, or running a preset; null where nothing did. */
  readonly neededBy: string | null;
}

export const PAGE_METRICS = [
  'runEnabled',
  'backendChosen',
  'clickToFirstDot',
  'firstDot',
  'longestTask',
  'longTasks',
] as const;

/**
 * Milliseconds from navigation until Run can be clicked, until the badge names the backend, and until an evaluation's
 * first dot is drawn; from the click, which comes as soon as it can, to that dot; and of the longest main-thread task in
 * a window while runs are live. `longTasks` counts those above 50 ms there. A browser reports no task below 50 ms: a
 * window without one counts as 0.
 */
export interface PageRow extends Summary {
  readonly kind: 'measure';
  readonly metric: (typeof PAGE_METRICS)[number];
  readonly preset: string;
  /** As the page's badge names it. */
  readonly backend: string;
  /** Runs that were live; null where the preset's own number was. */
  readonly runs: number | null;
  /** Of the window of longestTask and longTasks. */
  readonly seconds: number | null;
  readonly unit: 'ms' | 'count';
}

export interface Machine {
  readonly name: string;
  readonly cpu: string;
  readonly cores: number;
  readonly gpu?: string;
}

/** One invocation of a measuring script. */
export interface BenchRun {
  readonly id: string;
  /** ISO 8601. */
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  /** Of Node, the browser, PyTorch and so on. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface BenchResults {
  readonly format: typeof BENCH_FORMAT;
  readonly version: typeof BENCH_VERSION;
  readonly runs: readonly BenchRun[];
  readonly rows: readonly BenchRow[];
  readonly page: readonly (ChunkRow | PageRow)[];
}

/** What pytorch.py writes. */
export interface PytorchResults extends Omit<BenchRun, 'id' | 'machine'> {
  readonly format: 'pilaf-lab/bench-pytorch';
  readonly version: 1;
  readonly machine: Omit<Machine, 'name'>;
  readonly rows: readonly PytorchRow[];
}

export interface PytorchRow {
  readonly device: 'cpu' | 'cuda';
  readonly threads: number;
  readonly size: string;
  readonly fleet: number;
  readonly pilafRuns: number;
  readonly reference: 'together' | 'apart';
  readonly phases: Readonly<Record<Exclude<(typeof PHASES)[number], 'step'>, Summary>>;
  readonly step: Summary;
  readonly tokensPerSecond: number;
  readonly pairsPerSecond: number;
  /** The most that its tensors took in a training step; absent where it was not asked for. */
  readonly peakBytes?: number;
}
