import type { OfflineFit, StartFit } from '../experiment/documents/results';
import type { ExperimentConfig, StartConfig } from '../experiment/config/schema';
import { pairLoss, referencePoint } from '../math/preferenceLosses';
import { resolveSampler } from '../experiment/samplers/table';
import { compileKernels } from './compileKernels';
import { collect, labelledPairs } from './collect';
import { correctness } from './diagnostics';
import { Fleet, type InitialPolicy } from './fleet';
import { fleetsOf } from './fleetsOf';
import { batchLogRatios, labelledCompletions } from './preferenceGradient';
import type { PreferencePair } from './pair';
import type { Task } from './task';
import type { Report } from './reports';
import { trainStep } from './round';
import { objectiveOf, type Run } from './run';

type Offline = Extract<StartConfig, { kind: 'offline' }>;

/** Addresses of random numbers that no step of an experiment reaches. */
const TRAINING_DRAWS = 2 ** 30;
const FRESH_DRAWS = TRAINING_DRAWS + 2 ** 29;

/** Pairs of either kind that the fit is measured on, at most. */
const MEASURED_PAIRS = 256;

/** A policy that offline training has made. */
export interface OfflinePolicy extends InitialPolicy {
  readonly fit: StartFit;
}

/**
 * Offline DPO before the race: every seed trains one policy from the reference on vanilla pairs, which its arms (of
 * equal β) then start from; its labels count for each of them. Yields its progress, returns the start of each run.
 * Null where `signal` ended it.
 */
export async function* offlineStart(
  config: ExperimentConfig,
  start: Offline,
  task: Task,
  runs: readonly Run[],
  signal: AbortSignal,
): AsyncGenerator<Report, readonly OfflinePolicy[] | null> {
  const { offline, steps } = offlineConfig(config, start);
  const keyOf = ({ seed, beta }: Run) => `${seed} ${beta}`;
  const keys = [...new Set(runs.map(keyOf))];
  const learners = keys.map((key, index) =>
    learner(
      offline,
      runs.find((run) => keyOf(run) === key)!,
      index,
    ),
  );
  const fleets = fleetsOf(offline, task, learners).map(
    (group) => new Fleet(task, offline, group, undefined, TRAINING_DRAWS),
  );
  try {
    yield* compileKernels(fleets);
    const collections = Math.ceil(Math.min(start.pairs, MEASURED_PAIRS) / config.schedule.pairs);
    const fresh: PreferencePair[][][][] = [];
    for (const fleet of fleets) {
      const own: PreferencePair[][][] = [];
      for (let c = 0; c < collections; c++) own.push(await freshPairs(fleet, FRESH_DRAWS + c));
      fresh.push(own);
    }
    for (let step = 0; step < steps; step++) {
      if (signal.aborted) return null;
      yield { type: 'offline', step, steps };
      for (const fleet of fleets) await trainStep(fleet, step);
    }
    const found: OfflinePolicy[] = [];
    for (const [f, fleet] of fleets.entries()) found.push(...(await learnt(fleet, collections, fresh[f]!)));
    return runs.map((run) => found[keys.indexOf(keyOf(run))]!);
  } finally {
    fleets.forEach((fleet) => fleet.dispose());
  }
}

/** What each run of a fleet has learnt. */
async function learnt(
  fleet: Fleet,
  collections: number,
  fresh: readonly PreferencePair[][][],
): Promise<OfflinePolicy[]> {
  const { pairs, memories } = fleet;
  const seen = Array.from({ length: collections }, (_, c) =>
    memories.map(({ pool }) => pool.slice(c * pairs, (c + 1) * pairs)),
  );
  const [trained, unseen] = [await measure(fleet, seen), await measure(fleet, fresh)];
  const weights = await fleet.readWeights();
  return memories.map(({ totals }, r) => ({
    weights: weights[r]!,
    totals,
    fit: { trained: trained[r]!, fresh: unseen[r]! },
  }));
}

function offlineConfig(config: ExperimentConfig, { pairs, epochs }: Offline) {
  const steps = (epochs * pairs) / config.schedule.pairs;
  const rounds = { pairs, epochs, accumulate: false, resetOptimiser: false, movingReference: false };
  const schedule = { ...config.schedule, steps, learningRate: 'constant' as const };
  return { offline: { ...config, rounds, schedule }, steps };
}

/** A run of plain vanilla sampling at a run's seed and β, by the experiment's loss. */
function learner({ loss, learningRate, start }: ExperimentConfig, { seed, beta }: Run, index: number): Run {
  const vanilla = { sampler: 'vanilla', temperature: 1, n: 2, weighted: false } as const;
  return {
    index,
    arm: '',
    seed,
    sampler: resolveSampler(vanilla, beta),
    beta,
    loss,
    learningRate: (start.kind === 'offline' ? start.learningRate : undefined) ?? learningRate,
    annotationPerPair: 2,
  };
}

/** Labelled pairs that are not trained on. // [R][P] */
async function freshPairs(fleet: Fleet, draw: number): Promise<PreferencePair[][]> {
  const { collection, sampled } = collect(fleet, draw);
  const found = await sampled;
  collection.kinds.dispose();
  return fleet.runs.map((_, r) => labelledPairs(fleet, collection, found, r, null));
}

/** Loss and accuracy of every run on given pairs. // [collection][R][P] → [R] */
async function measure(fleet: Fleet, collections: readonly PreferencePair[][][]): Promise<OfflineFit[]> {
  const sums = fleet.memories.map(() => ({ loss: 0, accuracy: 0, pairs: 0 }));
  for (const pairs of collections) {
    const ratios = batchLogRatios(fleet.task.policy, fleet.weights, labelledCompletions(fleet, pairs));
    const values = await ratios.data();
    ratios.dispose();
    const rows = values.length / pairs.length;
    pairs.forEach((ofRun, r) => {
      const objective = objectiveOf(fleet.memories[r]!.run);
      const own = Array.from(values.subarray(r * rows, r * rows + 2 * ofRun.length));
      const point = referencePoint(own);
      ofRun.forEach((_, p) => {
        const [chosen, rejected] = [own[2 * p]!, own[2 * p + 1]!];
        const sum = sums[r]!;
        sum.loss += pairLoss(objective, chosen, rejected, point).loss;
        sum.accuracy += correctness(chosen - rejected);
        sum.pairs += 1;
      });
    });
  }
  return sums.map(({ loss, accuracy, pairs }) => ({ loss: loss / pairs, accuracy: accuracy / pairs }));
}
