import { createHistory, resultsOf } from '../../src/experiment/documents/history';
import { METRICS, type Evaluation, type MetricName } from '../../src/experiment/documents/metrics';
import type { Results } from '../../src/experiment/documents/results';
import type { StoredExperiment } from '../../src/run/storedExperiment';
import type { RunSnapshot } from '../../src/training/snapshot';
import { configOf } from './tasks';

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

export interface Size {
  readonly seeds: number;
  readonly evaluations: number;
  readonly parameters: number;
  readonly steps?: number;
}

function evaluationAt(step: number, run: number): Evaluation {
  const values = METRIC_NAMES.map((name, i) => [name, Math.sin(step + 7 * i + run)] as const);
  const { samplingCost: _, ...own } = Object.fromEntries(values) as Record<MetricName, number>;
  return { step, ...own, gap: run % 2 === 0 ? null : own.gap, samplingCost: null };
}

/** A state of two arms with made-up numbers. */
export function savedOf({ seeds, evaluations, parameters, steps = 100_000 }: Size): StoredExperiment {
  const config = configOf({
    task: { kind: 'bandit', prompts: 2, responses: 3 },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps, pairs: 2 },
    evaluation: { every: 1 },
  });
  const runs = ['Vanilla', 'PILAF'].flatMap((arm) =>
    Array.from({ length: seeds }, (_, seed) => ({ arm, seed, optimum: null })),
  );
  const history = createHistory(config, { runs, optimum: { reward: 1, kl: 2, objective: -1 }, frontier: null });
  const before = resultsOf(history, { name: 'wasm', adapter: null }, { seconds: 3, pairsPerSecond: 4 });
  const results: Results = {
    ...before,
    runs: before.runs.map((run, r) => ({
      ...run,
      evaluations: Array.from({ length: evaluations }, (_, i) => evaluationAt(i, r)),
    })),
  };
  const completion = { ids: [1], position: 0, referenceLogProb: -1.5, logRatio: 0.25, reward: 2 };
  const numbers = (phase: number) => new Float32Array(parameters).map((_, i) => (i % 1009) + phase);
  const runOf = (run: number): RunSnapshot => ({
    fingerprint: [run, 7 - 2 * run],
    weights: numbers(run),
    mean: numbers(1),
    square: numbers(2),
    reference: null,
    totals: { labels: 10, annotationCost: 20, samplingCost: 25.5 },
    sums: { pairs: 2, loss: 0.5, chosenReward: 0.1, rejectedReward: -0.1, correct: 1.5, oracleGap: 3 },
    pool: [{ prompt: [0], chosen: completion, rejected: { ...completion, ids: [2] }, probability: 0.75 }],
    divergedAt: null,
  });
  return { results, snapshot: { step: evaluations - 1, runs: runs.map((_, r) => runOf(r)) } };
}
