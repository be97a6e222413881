import type { PlanePoint } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { StartedReport } from './reports';
import type { Run } from './run';
import type { Task } from './task';

/** An experiment's runs, and the best that they could reach where it is known. */
export function startedReport(config: ExperimentConfig, { evaluation }: Task, runs: readonly Run[]): StartedReport {
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
