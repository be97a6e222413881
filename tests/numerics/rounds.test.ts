import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import { roundNotes } from '../../src/experiment/documents/notes';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { banditTask } from '../../src/training/banditTask';
import { Fleet } from '../../src/training/fleet';
import type { Task } from '../../src/training/task';
import type { Report } from '../../src/training/reports';
import { trainStep } from '../../src/training/round';
import { runsOf } from '../../src/training/run';
import { runExperiment } from '../../src/training/runExperiment';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

/** Rounds, starts, losses and labellers, as whole experiments. */

const BANDIT = {
  task: { kind: 'bandit', prompts: 4, responses: 6 },
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
  seeds: 2,
  beta: 0.5,
  learningRate: 0.05,
  schedule: { steps: 6, pairs: 4 },
  evaluation: { every: 1 },
} as const satisfies ExperimentConfigInput;

const TRANSFORMER = {
  ...BANDIT,
  task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
  learningRate: 0.01,
  evaluation: { every: 2, samples: 4 },
} as const satisfies ExperimentConfigInput;

function prepared(input: ExperimentConfigInput) {
  const config = configOf(input);
  return { config, task: config.task.kind === 'bandit' ? banditTask(config.task) : tinyTransformerTask() };
}

async function reportsOf(input: ExperimentConfigInput): Promise<Report[]> {
  const { config, task } = prepared(input);
  const reports: Report[] = [];
  for await (const report of runExperiment(config, task, { signal: new AbortController().signal })) {
    reports.push(report);
  }
  return reports;
}

const only = <T extends Report['type']>(reports: readonly Report[], type: T) =>
  reports.filter((report): report is Extract<Report, { type: T }> => report.type === type);

const hashes = (reports: readonly Report[]) => only(reports, 'finished')[0]!.runs.map(({ hash }) => hash);

/** A run's evaluations. */
const evaluationsOf = (reports: readonly Report[], run: number): Evaluation[] =>
  only(reports, 'evaluation').flatMap(({ evaluations }) =>
    evaluations.flatMap((one) => (one.run === run ? [one.evaluation] : [])),
  );

describe('rounds', () => {
  forEachBackend((name) => {
    it('of one minibatch and one epoch are online training', async () => {
      const online = hashes(await reportsOf(BANDIT));
      expect(hashes(await reportsOf({ ...BANDIT, rounds: { pairs: 4 } }))).toEqual(online);
    });

    it('buy their labels before they train, all of them under one policy', async () => {
      const input = { ...TRANSFORMER, rounds: { pairs: 8, epochs: 2 } } as const;
      const { config, task } = prepared(input);
      const fleet = new Fleet(task, config, runsOf(config));
      const labels: number[] = [];
      for (let step = 0; step < 5; step++) {
        await trainStep(fleet, step);
        labels.push(fleet.memories[0]!.totals.labels);
        expect(fleet.memories[0]!.pool).toHaveLength(8);
      }
      expect(labels).toEqual([8, 8, 8, 8, 16]);
      fleet.dispose();
      // The first round's pairs come from the reference, where every log-ratio is 0.
      const first = new Fleet(task, config, runsOf(config).slice(0, 1));
      await trainStep(first, 0);
      for (const { chosen, rejected } of first.memories[0]!.pool) {
        expect([chosen.logRatio, rejected.logRatio]).toEqual([0, 0]);
      }
      first.dispose();
    });

    it('can take the policy at their beginning as the reference', async () => {
      const input = { ...TRANSFORMER, rounds: { pairs: 8, epochs: 2, movingReference: true } } as const;
      const { config, task } = prepared({ ...input, schedule: { steps: 5, pairs: 4 } });
      const fleet = new Fleet(task, config, runsOf(config).slice(0, 2));
      for (let step = 0; step < 5; step++) await trainStep(fleet, step);
      const ratios = fleet.memories[0]!.pool.flatMap(({ chosen, rejected }) => [chosen.logRatio, rejected.logRatio]);
      expect(Math.max(...ratios.map(Math.abs))).toBeLessThan(name === 'webgpu' ? 1e-5 : 1e-6);
      fleet.dispose();
      // KL is still measured from the first one.
      const { kl } = evaluationsOf(await reportsOf({ ...input, schedule: { steps: 5, pairs: 4 } }), 0).at(-1)!;
      expect(kl).toBeGreaterThan(1e-3);
    });

    it('make one run of all interpolations where the reference moves and the start is the reference', async () => {
      const arms = [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'hybrid' }] as const;
      const rounds = { pairs: 8, epochs: 2, movingReference: true };
      const input = { ...TRANSFORMER, arms: [...arms], seeds: 1, rounds, schedule: { steps: 6, pairs: 4 } };
      const reports = await reportsOf(input);
      const [vanilla, ...others] = [0, 1, 2].map((run) =>
        evaluationsOf(reports, run).map(({ objective }) => objective),
      );
      for (const other of others) expect(other).toEqual(vanilla);
      expect(roundNotes(configOf(input))).toEqual([expect.stringContaining('arms that differ in it only are one run')]);
    });

    it('can forget AdamW’s averages: the first step is then as long as the learning rate', async () => {
      const input = { ...BANDIT, rounds: { pairs: 8, epochs: 2, resetOptimiser: true } } as const;
      const { config, task } = prepared(input);
      const fleet = new Fleet(task, config, runsOf(config).slice(0, 1));
      for (let step = 0; step < 4; step++) await trainStep(fleet, step);
      const [before] = await fleet.readWeights();
      await trainStep(fleet, 4);
      const [after] = await fleet.readWeights();
      expect(Math.max(...after!.map((w, i) => Math.abs(w - before![i]!)))).toBeCloseTo(0.05, 3);
      fleet.dispose();
    });
  });

  forEachBackend(() => {
    it('can train on the pairs of all rounds', async () => {
      const { config, task } = prepared({ ...BANDIT, rounds: { pairs: 4, accumulate: true } });
      const fleet = new Fleet(task, config, runsOf(config));
      const pools: number[] = [];
      for (let step = 0; step < 4; step++) {
        await trainStep(fleet, step);
        pools.push(fleet.memories[0]!.pool.length);
      }
      expect(pools).toEqual([4, 8, 8, 12]);
      fleet.dispose();
    });
  }, ['cpu']);
});

describe('what has no price', () => {
  forEachBackend(() => {
    it('has none after an offline start that had one', async () => {
      const arms = [{ sampler: 'vanilla' }, { sampler: 't-pilaf' }, { sampler: 'uniform' }] as const;
      const start = { kind: 'offline', pairs: 8, epochs: 1 } as const;
      const reports = await reportsOf({ ...BANDIT, arms: [...arms], seeds: 1, start });
      const costs = [0, 1, 2].map((run) => evaluationsOf(reports, run).map(({ samplingCost }) => samplingCost));
      expect(costs[0]!.slice(0, 2)).toEqual([16, 24]);
      for (const exact of costs.slice(1)) expect(new Set(exact)).toEqual(new Set([null]));
      expect(evaluationsOf(reports, 1)[0]!.labels, 'the labels of the start count').toBe(8);
    });
  }, ['cpu']);
});

describe('an offline start', () => {
  forEachBackend((name) => {
    it('is shared by the arms of a seed, and overfits with many epochs', async () => {
      const start = { kind: 'offline', pairs: 8, epochs: name === 'webgpu' ? 15 : 40 } as const;
      const reports = await reportsOf({ ...TRANSFORMER, start, schedule: { steps: 1, pairs: 4 }, learningRate: 0.02 });
      const [found] = only(reports, 'offlineFits');
      expect(found!.fits).toHaveLength(4);
      expect(found!.fits[0]).toEqual(found!.fits[2]);
      expect(found!.fits[0]).not.toEqual(found!.fits[1]);
      for (const { trained, fresh } of found!.fits) {
        expect(trained.loss).toBeLessThan(fresh.loss);
        expect(trained.accuracy).toBeGreaterThan(0.9);
      }
      const [vanilla, , pilaf] = [0, 1, 2].map((run) => evaluationsOf(reports, run)[0]!);
      expect(vanilla!.kl).toBeGreaterThan(0.01);
      expect(pilaf).toEqual(vanilla);
      expect(vanilla!.labels).toBe(8);
      expect(only(reports, 'offline')).toHaveLength((start.pairs / 4) * start.epochs);
    });
  });

  forEachBackend(() => {
    it('leaves no evaluation behind where it is stopped', async () => {
      const { config, task } = prepared({ ...TRANSFORMER, start: { kind: 'offline', pairs: 4, epochs: 50 } });
      const abort = new AbortController();
      const reports: Report[] = [];
      for await (const report of runExperiment(config, task, { signal: abort.signal })) {
        reports.push(report);
        if (report.type === 'offline') abort.abort();
      }
      expect(only(reports, 'evaluation')).toEqual([]);
      expect(only(reports, 'finished')[0]!.runs.map(({ status }) => status)).toEqual(Array(4).fill('stopped'));
    });
  }, ['cpu']);
});

describe('losses', () => {
  forEachBackend(() => {
    it('can differ between arms, each with the numbers that it has alone', async () => {
      const arms = (['dpo', 'ipo', 'hinge', 'kto'] as const).map(
        (kind) => ({ sampler: 'vanilla', loss: { kind } }) as const,
      );
      const together = hashes(await reportsOf({ ...BANDIT, arms, seeds: 1 }));
      expect(new Set(together).size).toBe(4);
      const alone = await reportsOf({ ...BANDIT, arms: [arms[3]!], seeds: 1 });
      expect(hashes(alone)).toEqual([together[3]]);
      const first = evaluationsOf(alone, 0)[1]!;
      // Every log-ratio is 0 at the start: both completions are doubted by half.
      expect(first.loss).toBeCloseTo(0.5, 12);
    });
  }, ['cpu', 'wasm']);
});

/** All pairs of a vanilla run's first steps. */
async function pairsOf(input: ExperimentConfigInput, change: (task: Task) => Task = (task) => task) {
  const { config, task } = prepared(input);
  const fleet = new Fleet(change(task), config, runsOf(config).slice(0, 1));
  const pairs = [];
  for (let step = 0; step < config.schedule.steps; step++) {
    await trainStep(fleet, step);
    pairs.push(...fleet.memories[0]!.pool);
  }
  fleet.dispose();
  return pairs;
}

describe('labellers', () => {
  const many = { ...BANDIT, schedule: { steps: 8, pairs: 256 } } as const;

  forEachBackend(() => {
    it('that are certain prefer the higher reward', async () => {
      const pairs = await pairsOf({ ...many, labeller: { rule: 'deterministic' } });
      expect(pairs.every(({ chosen, rejected }) => chosen.reward >= rejected.reward)).toBe(true);
      expect(pairs.some(({ chosen, rejected }) => chosen.reward > rejected.reward)).toBe(true);
    });

    it('turn the share of labels around that they should', async () => {
      const pairs = await pairsOf({ ...many, labeller: { rule: 'deterministic', flip: 0.3 } });
      const decided = pairs.filter(({ chosen, rejected }) => chosen.reward !== rejected.reward);
      const wrong = decided.filter(({ chosen, rejected }) => chosen.reward < rejected.reward).length / decided.length;
      expect(Math.abs(wrong - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / decided.length));
    });

    it('of a panel go by the ratings of whoever reads the pair', async () => {
      const asked = new Set<number>();
      const panel = {
        size: 3,
        // The third dislikes what the others like.
        score: (annotator: number, _: readonly number[], completion: readonly number[]) => {
          asked.add(annotator);
          return completion.length * (annotator === 2 ? -100 : 100);
        },
      };
      const input = { ...TRANSFORMER, schedule: { steps: 4, pairs: 32 }, labeller: { reader: 'panel' } } as const;
      const pairs = await pairsOf(input, (task) => ({ ...task, panel }));
      expect([...asked].sort()).toEqual([0, 1, 2]);
      const decided = pairs.filter(({ chosen, rejected }) => chosen.ids.length !== rejected.ids.length);
      const longer = decided.filter(({ chosen, rejected }) => chosen.ids.length > rejected.ids.length).length;
      expect(Math.abs(longer / decided.length - 2 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / decided.length));
    });
  }, ['cpu']);
});
