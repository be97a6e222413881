import { expect, it } from 'vitest';
import type { BanditConfig } from '../../src/experiment/config/tasks';
import { planCollection } from '../../src/training/collect';
import { Fleet } from '../../src/training/fleet';
import { fleetsOf } from '../../src/training/fleetsOf';
import { workingBytes } from '../../src/training/memory';
import { runExperiment } from '../../src/training/runExperiment';
import { runsOf } from '../../src/training/run';
import { sampleCompletions } from '../../src/training/sampleCompletions';
import { banditTask } from '../../src/training/banditTask';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

/** What does not fit into memory at once is worked on in blocks of rows and in smaller fleets, to the same numbers. */

const config = configOf({
  task: { kind: 'reviews' }, // Only its name.
  arms: [{ sampler: 'pilaf' }, { sampler: 'hybrid' }],
  seeds: 2,
  beta: 0.5,
  learningRate: 0.01,
  schedule: { steps: 3, pairs: 5 },
  evaluation: { every: 1, samples: 4 },
});

const bandit = configOf({ ...config, task: { kind: 'bandit', prompts: 3, responses: 5 } });

forEachBackend(() => {
  it.each([
    ['a transformer', config, tinyTransformerTask()],
    ['a bandit', bandit, banditTask(bandit.task as BanditConfig)],
  ])('%s samples the same in blocks of rows', async (_, given, task) => {
    const fleet = new Fleet(task, given, runsOf(given));
    const rows = 2 * given.schedule.pairs * 4;
    const draw = (most: number) => {
      const { collection, request } = planCollection(fleet, 2);
      collection.kinds.dispose();
      return sampleCompletions(task.policy, fleet.weights, request, most);
    };
    const whole = await draw(rows);
    for (const most of [1, 12, 16, rows - 1]) expect(await draw(most)).toEqual(whole);
    fleet.dispose();
  });
});

forEachBackend(() => {
  it('trains the same in smaller fleets', async () => {
    const task = tinyTransformerTask();
    const runs = runsOf(config);
    const bytes = Math.max(...Object.values(workingBytes(config, task, runs[0]!)));
    expect(fleetsOf(config, task, runs, 2 * bytes).map(({ length }) => length)).toEqual([2, 2]);
    const hashes = async (large: number) => {
      // As if its rows were so large that few of them fit.
      const { rowFloats } = task.policy;
      const floats = Object.fromEntries(Object.entries(rowFloats!).map(([moment, count]) => [moment, large * count]));
      const heavy = { ...task, policy: { ...task.policy, rowFloats: floats as unknown as typeof rowFloats } };
      let last;
      for await (const report of runExperiment(config, heavy, { signal: new AbortController().signal })) last = report;
      return last?.type === 'finished' ? last.runs.map(({ hash }) => hash) : [];
    };
    const whole = await hashes(1);
    expect(whole).toHaveLength(4);
    expect(await hashes(2 ** 15), 'one run a fleet, in blocks of few rows').toEqual(whole);
  });
}, ['cpu', 'wasm']);
