import { beforeAll, expect, it } from 'vitest';
import type { SamplerName } from '../../src/experiment/samplers/table';
import { mean, standardDeviation } from '../../src/math/statistics';
import { constantOfSampler, promptsOf, theoryArms } from '../../src/theory/armTheory';
import { evaluateTable } from '../../src/theory/evaluate';
import { logitsAt } from '../../src/theory/prompt';
import { banditTables } from '../../src/tasks/bandit';
import { banditTask } from '../../src/training/banditTask';
import { Fleet } from '../../src/training/fleet';
import { trainStep } from '../../src/training/round';
import { runsOf } from '../../src/training/run';
import { useBackend } from '../support/backends';
import { configOf } from '../support/tasks';

/**
 * n·(J* − J) → c, by the engine itself: runs begin at the optimum, collect n labels there, and fit them whole. What the
 * fit loses on average over many runs is c/n.
 */

const LABELS = 1000;
const RUNS = 64;
const FITS = 3;
const STEPS = 50;
const SAMPLERS: SamplerName[] = ['vanilla', 'pilaf', 't-pilaf', 'uniform', 'best-design'];

const config = configOf({
  task: { kind: 'bandit', referenceLogits: [[0.4, 0, -0.6]], rewards: [[0, 1, 2]] },
  arms: SAMPLERS.map((sampler) => ({ sampler })),
  seeds: RUNS,
  beta: 1,
  learningRate: 0.02,
  schedule: { steps: STEPS, pairs: 1, learningRate: 'linear' },
  rounds: { pairs: 1, epochs: STEPS },
  evaluation: { every: STEPS },
});

beforeAll(() => useBackend('wasm'));

it('what labels leave unknown is what the theory says, for the best design too', { timeout: 240_000 }, async () => {
  if (config.task.kind !== 'bandit') throw new Error('not a bandit');
  const task = banditTask(config.task);
  const tables = banditTables(config.task, 0);
  const prompts = promptsOf(tables, config.beta);
  const start = {
    weights: Float32Array.from(logitsAt(prompts[0]!, 1)),
    totals: { labels: 0, annotationCost: 0, samplingCost: 0 },
  };
  const best = task.evaluation.kind === 'exact' ? task.evaluation.optimum(0, config.beta).objective : NaN;
  // More pairs at once than a config may ask for: every step then sees all of them.
  const whole = {
    ...config,
    schedule: { ...config.schedule, pairs: LABELS },
    rounds: { ...config.rounds!, pairs: LABELS },
  };
  const arms = theoryArms(config);
  const losses = SAMPLERS.map((): number[] => []);
  for (let fit = 0; fit < FITS; fit++) {
    for (const [a] of SAMPLERS.entries()) {
      const runs = runsOf({ ...config, firstSeed: fit * RUNS }).slice(a * RUNS, (a + 1) * RUNS);
      const fleet = new Fleet(
        task,
        whole,
        runs,
        runs.map(() => start),
      );
      for (let step = 0; step < STEPS; step++) await trainStep(fleet, step);
      for (const weights of await fleet.readWeights()) {
        const { objective } = evaluateTable(weights, tables.referenceLogits, tables.rewards, 1, 3, config.beta);
        losses[a]!.push(LABELS * (best - objective));
      }
      fleet.dispose();
    }
  }
  SAMPLERS.forEach((name, a) => {
    const expected = constantOfSampler(arms[a]!.sampler, prompts);
    const error = standardDeviation(losses[a]!) / Math.sqrt(losses[a]!.length);
    expect(
      Math.abs(mean(losses[a]!) - expected),
      `${name}: ${mean(losses[a]!)} ± ${error} against ${expected}`,
    ).toBeLessThan(4 * error);
    // A test that could not tell the samplers apart would show nothing.
    expect(error / expected).toBeLessThan(0.12);
  });
});
