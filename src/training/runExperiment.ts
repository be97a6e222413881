import type { PlanePoint } from '../experiment/documents/results';
import { METRICS, type Evaluation, type MetricName } from '../experiment/documents/metrics';
import type { ExperimentConfig } from '../experiment/config/schema';
import { Fingerprint } from '../math/hash';
import { compileKernels } from './compileKernels';
import { evaluateFleet } from './evaluate';
import { Fleet, quietly, type RunMemory, type StartedStep } from './fleet';
import { offlineStart } from './offlineStart';
import { sampledPair } from './pairReport';
import type { Task } from './task';
import type { FinishedReport, PairsReport, Report, SampledPair, StartedReport } from './reports';
import type { ExperimentSnapshot } from './snapshot';
import { chunksUntil } from './rounds';
import { groupIntoFleets, runsOf, type Run } from './run';

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** Pairs per arm in a report. */
const PAIRS_SHOWN = 3;

/** How whoever pulls the reports steers the experiment. */
export interface ExperimentControl {
  /** Ends the experiment after the step in hand, with a last report. */
  readonly signal: AbortSignal;
  /**
   * Asked after every step that has no evaluation by schedule: whether to evaluate all the same, as single stepping
   * does. Such evaluations change neither the training nor the hashes.
   */
  wantsEvaluation?(): boolean;
  /** Asked after every such step: whether to show pairs all the same. */
  wantsPairs?(): boolean;
  /**
   * Asked between two steps, once the reports of the one before have been pulled: whether to yield what is needed to go
   * on from there later.
   */
  wantsSnapshot?(): boolean;
}

/**
 * The whole experiment, from click to curve: yields plain reports and awaits between steps, so that whoever pulls
 * sets the pace. A step's reports end with its `progress`, and a snapshot if one is wanted; pulling no further pauses. Returning early frees
 * every tensor too. The caller has chosen the backend.
 *
 * @param from goes on from there, to the same hashes on the same backend; the same config made it
 */
export async function* runExperiment(
  config: ExperimentConfig,
  task: Task,
  control: ExperimentControl,
  from: ExperimentSnapshot | null = null,
): AsyncGenerator<Report, void> {
  const runs = runsOf(config);
  const fleets: Fleet[] = [];
  const fingerprints = runs.map((run) => new Fingerprint().addNumber(run.seed));
  const { steps, pairs } = config.schedule;
  /** Steps whose sampling has begun, the next one's while an evaluation is scored; fleet by fleet. */
  let begun: StartedStep[] = [];
  try {
    yield startedReport(config, task, runs);
    const { start } = config;
    const trains = start.kind === 'offline' && !from;
    const starts = trains ? yield* offlineStart(config, start, task, runs, control.signal) : null;
    if (starts) yield { type: 'starts', starts: starts.map(({ fit }) => fit) };
    for (const group of groupIntoFleets(runs)) {
      const own = starts ? group.map(({ index }) => starts[index]!) : undefined;
      fleets.push(new Fleet(task, config, group, own));
    }
    yield* compileKernels(task, config, fleets);
    if (from) restore(from);
    // Else stopped before it began: the policies are not what the race would start from.
    else if (starts || !trains) yield* evaluateAll(0, true);
    let step = from?.step ?? 0;
    yield { type: 'progress', step, pairs: 0 };
    if (starts || !trains) yield* wantedSnapshot(step);
    while (step < steps && !control.signal.aborted && liveRuns(fleets) > 0) {
      const live = liveRuns(fleets);
      const before = divergedRuns(fleets);
      const collected = chunksUntil(config, step + 1) - chunksUntil(config, step);
      if (begun.length === 0) begun = begin(step);
      for (; begun.length > 0; begun.shift()) await begun[0]!.finish();
      step++;
      yield* newlyDiverged(before, step);
      const scheduled = isEvaluated(step, config);
      if (scheduled || control.wantsEvaluation?.()) yield* evaluateAll(step, scheduled);
      if (scheduled || control.wantsPairs?.()) yield pairsReport(step);
      yield { type: 'progress', step, pairs: collected * pairs * live };
      yield* wantedSnapshot(step);
    }
    const weights = await finalWeights(fleets);
    if (starts || !trains) yield { type: 'weights', step, weights };
    yield { type: 'finished', step, runs: finalRuns(fleets, fingerprints, weights, step < steps) };
  } finally {
    for (const { discard } of begun) await discard();
    fleets.forEach((fleet) => fleet.dispose());
  }

  /** All fleets sample before the first is labelled: the host labels one while the device works on the next. */
  function begin(step: number): StartedStep[] {
    return fleets.filter((fleet) => fleet.alive).map((fleet) => fleet.startStep(step));
  }

  async function* wantedSnapshot(step: number): AsyncGenerator<Report, void> {
    if (step === steps || !control.wantsSnapshot?.()) return;
    const saved = fleets.map((fleet) => fleet.snapshot());
    const snapshot: ExperimentSnapshot = {
      step,
      fingerprints: fingerprints.map((fingerprint) => fingerprint.state()),
      fleets: await Promise.all(saved),
    };
    yield { type: 'snapshot', snapshot };
  }

  function restore(saved: ExperimentSnapshot): void {
    if (saved.fleets.length !== fleets.length || saved.fingerprints.length !== runs.length) {
      throw new Error('the saved state does not fit this experiment');
    }
    fleets.forEach((fleet, f) => fleet.restore(saved.fleets[f]!));
    fingerprints.forEach((fingerprint, r) => fingerprint.restore(saved.fingerprints[r]!));
  }

  async function* evaluateAll(step: number, scheduled: boolean): AsyncGenerator<Report, void> {
    const evaluations: { run: number; evaluation: Evaluation }[] = [];
    const before = divergedRuns(fleets);
    const points = fleets.map((fleet) => quietly(evaluateFleet(task, config, fleet, step)));
    // The policies stand still until their next update: the device samples for it while the host scores these.
    if (step > 0 && step < steps && !control.signal.aborted) begun = begin(step);
    for (const [f, fleet] of fleets.entries()) {
      const found = await points[f]!;
      found.forEach((evaluation, r) => {
        const { run, diagnostics } = fleet.memories[r]!;
        if (evaluation === null) return;
        evaluations.push({ run: run.index, evaluation });
        if (!scheduled) return;
        diagnostics.forget();
        for (const metric of METRIC_NAMES) {
          // An estimate of J* says nothing about the run: with another one, or none, it is the same run.
          const foreign = metric === 'gap' && task.evaluation.kind === 'sampled';
          fingerprints[run.index]!.addNumber((foreign ? null : evaluation[metric]) ?? NaN);
        }
      });
    }
    yield* newlyDiverged(before, step);
    yield { type: 'evaluation', step, evaluations: evaluations.sort((a, b) => a.run - b.run) };
  }

  function* newlyDiverged(before: ReadonlySet<number>, step: number): Generator<Report, void> {
    for (const run of divergedRuns(fleets)) if (!before.has(run)) yield { type: 'diverged', run, step };
  }

  function pairsReport(step: number): PairsReport {
    const shown = memoriesOf(fleets).filter(
      ({ run, divergedAt }) => run.seed === config.firstSeed && divergedAt === null,
    );
    const pairsOf = ({ run, latest }: RunMemory): SampledPair[] =>
      latest ? latest.pairs.slice(0, PAIRS_SHOWN).map((pair) => sampledPair(task, run, latest.sampled, pair)) : [];
    return { type: 'pairs', step, pairs: shown.flatMap(pairsOf) };
  }
}

/** Steps 1, 2, 5, 10, 20, 50 … */
const isRound = (step: number): boolean => /^[125]0*$/.test(String(step));

/**
 * Every `evaluation.every` steps and at the end; before the first of these also at round steps, because curves are
 * steepest at the start and the first dots should not keep anyone waiting.
 */
function isEvaluated(step: number, { evaluation: { every }, schedule: { steps } }: ExperimentConfig): boolean {
  return step === steps || (step < every ? isRound(step) : step % every === 0);
}

/** All runs' memories in the experiment's order. */
const memoriesOf = (fleets: readonly Fleet[]): RunMemory[] =>
  fleets.flatMap((fleet) => fleet.memories).sort((a, b) => a.run.index - b.run.index);

const divergedRuns = (fleets: readonly Fleet[]): Set<number> =>
  new Set(memoriesOf(fleets).flatMap(({ run, divergedAt }) => (divergedAt === null ? [] : [run.index])));

const liveRuns = (fleets: readonly Fleet[]): number =>
  memoriesOf(fleets).filter(({ divergedAt }) => divergedAt === null).length;

function startedReport(config: ExperimentConfig, task: Task, runs: readonly Run[]): StartedReport {
  const { evaluation } = task;
  const seeds = Array.from({ length: config.seeds }, (_, s) => config.firstSeed + s);
  const started = <T>(optimum: (seed: number, beta: number) => T) => ({
    type: 'started' as const,
    steps: config.schedule.steps,
    runs: runs.map(({ arm, seed, beta }) => ({ arm, seed, optimum: optimum(seed, beta) })),
  });
  if (evaluation.kind === 'exact') {
    return {
      ...started((seed, beta) => evaluation.optimum(seed, beta)),
      optimum: meanPoint(seeds.map((seed) => evaluation.optimum(seed, config.beta))),
      frontier: evaluation.frontier(seeds, config.beta),
    };
  }
  const known = typeof evaluation.optimum === 'object' ? evaluation.optimum : null;
  return {
    ...started((_, beta) => known?.at(beta) ?? null),
    optimum: known?.at(config.beta) ?? null,
    frontier: known?.frontier ?? null,
    ...(typeof evaluation.optimum === 'string' ? { optimumNote: evaluation.optimum } : {}),
  };
}

function meanPoint(points: readonly PlanePoint[]): PlanePoint {
  const mean = (f: (point: PlanePoint) => number) => points.reduce((sum, p) => sum + f(p), 0) / points.length;
  return { reward: mean((p) => p.reward), kl: mean((p) => p.kl), objective: mean((p) => p.objective) };
}

/** Every run's, in the experiment's order; null where it diverged. */
async function finalWeights(fleets: readonly Fleet[]): Promise<(Float32Array | null)[]> {
  const found: (Float32Array | null)[] = [];
  for (const fleet of fleets) {
    const weights = await fleet.readWeights();
    fleet.memories.forEach(({ run, divergedAt }, r) => (found[run.index] = divergedAt === null ? weights[r]! : null));
  }
  return found;
}

/** Fingerprints cover every evaluation and the final weights' bits. */
function finalRuns(
  fleets: readonly Fleet[],
  fingerprints: readonly Fingerprint[],
  weights: readonly (Float32Array | null)[],
  stopped: boolean,
): FinishedReport['runs'] {
  return memoriesOf(fleets).map(({ run, divergedAt }) => {
    const fingerprint = fingerprints[run.index]!;
    const own = weights[run.index];
    // What is no number has no bits that are the same everywhere.
    if (own) fingerprint.addFloats(own);
    return { status: divergedAt !== null ? 'diverged' : stopped ? 'stopped' : 'complete', hash: fingerprint.digest() };
  });
}
