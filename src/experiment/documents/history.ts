import { armName } from '../config/names';
import { METRICS, type Evaluation, type MetricName } from './metrics';
import { isSameBackend, RESULTS_FORMAT, RESULTS_VERSION } from './results';
import type { BackendInfo, EarlierBackend, PlanePoint, Results, RunStatus, StartFit, Timing } from './results';
import type { ExperimentConfig } from '../config/schema';

/**
 * What a race has shown so far, one column of numbers per metric and run.
 * Plain arrays that grow in place: a running experiment appends several times a second, and the page redraws
 * when it chooses to.
 */

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

export type Columns = Readonly<Record<MetricName, (number | null)[]>>;

export interface RunHistory {
  readonly arm: number;
  readonly seed: number;
  readonly optimum: PlanePoint | null;
  /** How far an offline start has fitted its pairs; null where there was none, or not yet. */
  start: StartFit | null;
  /** The step of each evaluation, growing. */
  readonly steps: number[];
  readonly columns: Columns;
  status: RunStatus;
  divergedAt: number | null;
  hash: string;
}

export interface RaceHistory {
  readonly config: ExperimentConfig;
  /** One name per arm of the config, all different. */
  readonly arms: readonly string[];
  readonly runs: readonly RunHistory[];
  readonly optimum: PlanePoint | null;
  /** The best reward at each KL, by growing KL; null where unknown. */
  readonly frontier: readonly PlanePoint[] | null;
  /** Why an optimum that was estimated is not used. */
  readonly optimumNote?: string | undefined;
  /** Where it ran before it went on elsewhere. */
  readonly earlier?: readonly EarlierBackend[] | undefined;
}

/** What is known of a race before its first step. */
export interface RaceOutline {
  readonly runs: readonly { readonly arm: string; readonly seed: number; readonly optimum: PlanePoint | null }[];
  readonly optimum: PlanePoint | null;
  readonly frontier: readonly PlanePoint[] | null;
  readonly optimumNote?: string | undefined;
}

export function createHistory(config: ExperimentConfig, outline: RaceOutline): RaceHistory {
  const arms = config.arms.map(armName);
  const runs = outline.runs.map((run): RunHistory => ({
    arm: arms.indexOf(run.arm),
    seed: run.seed,
    optimum: run.optimum,
    start: null,
    steps: [],
    columns: emptyColumns(),
    status: 'running',
    divergedAt: null,
    hash: '',
  }));
  const { optimum, frontier, optimumNote } = outline;
  return { config, arms, runs, optimum, frontier, optimumNote };
}

export function appendEvaluation(history: RaceHistory, run: number, evaluation: Evaluation): void {
  const target = history.runs[run];
  if (!target) return;
  target.steps.push(evaluation.step);
  for (const metric of METRIC_NAMES) target.columns[metric].push(evaluation[metric]);
}

/** Whether a race came to its end. What has diverged or was given up is not waited for. */
export const cameToEnd = ({ runs }: Pick<Results | RaceHistory, 'runs'>): boolean =>
  runs.some(({ status }) => status === 'complete') || runs.every(({ status }) => status === 'diverged');

/** Takes away what came after a step. */
export function cutAfter(history: RaceHistory, step: number): void {
  for (const run of history.runs) {
    const kept = run.steps.filter((own) => own <= step).length;
    for (const column of [run.steps, ...Object.values(run.columns)]) column.length = kept;
    if ((run.divergedAt ?? 0) > step) Object.assign(run, { status: 'running', divergedAt: null });
  }
}

export function noteFits(history: RaceHistory, fits: readonly StartFit[]): void {
  history.runs.forEach((run, i) => (run.start = fits[i] ?? null));
}

export function markDiverged(history: RaceHistory, run: number, step: number): void {
  const target = history.runs[run];
  if (!target) return;
  target.status = 'diverged';
  target.divergedAt = step;
}

export function markGivenUp(history: RaceHistory, runs: readonly number[]): void {
  for (const run of runs) if (history.runs[run]) history.runs[run].status = 'stopped';
}

/** A run that was given up stays so. */
export function markFinished(
  history: RaceHistory,
  runs: readonly { readonly status: RunStatus; readonly hash: string }[],
): void {
  runs.forEach(({ status, hash }, i) => {
    const target = history.runs[i];
    if (target) Object.assign(target, target.status === 'stopped' ? { hash } : { status, hash });
  });
}

/** The document that the page saves and the command line writes. */
export function resultsOf(history: RaceHistory, backend: BackendInfo, timing: Timing): Results {
  return {
    format: RESULTS_FORMAT,
    version: RESULTS_VERSION,
    config: history.config,
    backend,
    ...(history.earlier === undefined ? {} : { earlier: history.earlier }),
    optimum: history.optimum,
    frontier: history.frontier,
    ...(history.optimumNote === undefined ? {} : { optimumNote: history.optimumNote }),
    runs: history.runs.map((run) => ({
      arm: history.arms[run.arm] ?? '',
      seed: run.seed,
      status: run.status,
      hash: run.hash,
      optimum: run.optimum,
      ...(run.start ? { start: run.start } : {}),
      evaluations: run.steps.map((step, i) => evaluationAt(run, step, i)),
    })),
    timing,
  };
}

/** The history that a results document was made of. */
export function historyOf(results: Results): RaceHistory {
  const history = { ...createHistory(results.config, results), earlier: results.earlier };
  results.runs.forEach(({ status, hash, start, evaluations }, i) => {
    for (const evaluation of evaluations) appendEvaluation(history, i, evaluation);
    const divergedAt = status === 'diverged' ? (evaluations.at(-1)?.step ?? 0) : null;
    Object.assign(history.runs[i]!, { status, hash, divergedAt, start: start ?? null });
  });
  return history;
}

/** The history of results that go on after a step; it remembers where they ran, if that was elsewhere. */
export function historyOn(backend: BackendInfo, results: Results, step: number): RaceHistory {
  const history = historyOf(results);
  if (isSameBackend(backend, results.backend)) return history;
  return { ...history, earlier: [...(results.earlier ?? []), { until: step, backend: results.backend }] };
}

function evaluationAt(run: RunHistory, step: number, index: number): Evaluation {
  const values = METRIC_NAMES.map((metric) => [metric, run.columns[metric][index] ?? null] as const);
  return { step, ...Object.fromEntries(values) } as Evaluation;
}

function emptyColumns(): Columns {
  return Object.fromEntries(METRIC_NAMES.map((metric) => [metric, [] as (number | null)[]])) as Columns;
}
