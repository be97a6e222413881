import type { ExperimentConfig } from '../experiment/config/schema';
import { groupIntoFleets, runsOf, type Run } from '../training/run';
import type { Task } from '../training/task';

/** What training costs beside a completion that is drawn: two completions, forward and, at twice the cost, backward. */
const TRAINING_WORK = 6;

/** How much larger the largest part may get so that a seed's arms stay together, which share an offline start. */
const SLACK = 1.05;

/** A part with less in a step than so many floats of activations spends its time on other things than these. */
const WORTHWHILE = 100_000;

/** Into how many parts a race is worth cutting. */
export function worthwhileParts(config: ExperimentConfig, { policy }: Task): number {
  const floats = policy.rowFloats?.read ?? policy.vocabulary;
  const work = workOf(runsOf(config)) * config.schedule.pairs * floats;
  return Math.max(1, Math.floor(work / WORTHWHILE));
}

/**
 * The runs of a race, by their index, in at most `count` parts of about equal work. Each part gets its share of every
 * fleet.
 */
export function cutIntoParts(config: ExperimentConfig, count: number): number[][] {
  const runs = runsOf(config);
  const bySeed = shareOut(groupIntoFleets(runs).flatMap(seedsOf), count);
  const single = shareOut(
    runs.map((run) => [run]),
    count,
  );
  const parts = largest(bySeed) <= SLACK * largest(single) ? bySeed : single;
  return parts.filter((part) => part.length > 0).map((part) => part.map(({ index }) => index).sort((a, b) => a - b));
}

/** The arms of each seed in a fleet. */
function seedsOf(fleet: readonly Run[]): Run[][] {
  const seeds = [...new Set(fleet.map(({ seed }) => seed))];
  return seeds.map((seed) => fleet.filter((run) => run.seed === seed));
}

const workOf = (runs: readonly Run[]): number =>
  runs.reduce((sum, { sampler }) => sum + sampler.candidates + TRAINING_WORK, 0);

const largest = (parts: readonly (readonly Run[])[]): number => Math.max(...parts.map(workOf));

/** The heaviest first, each to the part that has least. */
function shareOut(bundles: readonly Run[][], count: number): Run[][] {
  const parts = Array.from({ length: count }, (): Run[] => []);
  for (const bundle of bundles.toSorted((a, b) => workOf(b) - workOf(a))) {
    const least = parts.reduce((best, part) => (workOf(part) < workOf(best) ? part : best));
    least.push(...bundle);
  }
  return parts;
}
