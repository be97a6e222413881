import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { valueOf } from '../../src/experiment/reading';
import { Runner, type Experiment } from '../../src/run/runner';
import { WrongNumbers } from '../../src/training/wrongNumbers';
import type { Task } from '../../src/training/task';

const config = valueOf(
  parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
  }),
);

/** Breaks in its first step, as on tokens that there are not. */
const broken: Experiment = async function* () {
  yield { type: 'started', steps: 10, runs: [], optimum: null, frontier: null };
  await Promise.reject(new TypeError('undefined is not a number'));
};

/** Runs it on a device that is right at first, and of which a second check finds this. */
async function run(found: Error | null): Promise<void> {
  let checks = 0;
  const whole = () => (++checks > 1 && found ? Promise.reject(found) : Promise.resolve());
  const runner = new Runner(config, {} as Task, {
    backend: { name: 'webgpu', adapter: 'a GPU' },
    check: { whole, quick: () => Promise.resolve() },
    now: () => 0,
    experiment: broken,
  });
  const { signal } = new AbortController();
  for await (const report of runner.run({ signal })) expect(report.type).toBe('started');
}

describe('the time left', () => {
  it('has the pace of the steps alone, not of what came before the first', async () => {
    let seconds = 0;
    const trained: Experiment = async function* () {
      yield { type: 'started', steps: 10, runs: [], optimum: null, frontier: null };
      seconds += 3600; // Trained offline, say.
      yield { type: 'progress', step: 0, pairs: 0 };
      for (const step of [1, 2]) {
        seconds += 3;
        yield await Promise.resolve({ type: 'progress', step, pairs: 4 } as const);
      }
    };
    const now = () => 1000 * seconds;
    const backend = { name: 'wasm', adapter: null } as const;
    const runner = new Runner(config, {} as Task, { backend, now, experiment: trained });
    const left: (number | null)[] = [];
    for await (const report of runner.run({ signal: new AbortController().signal })) {
      if (report.type === 'progress') left.push(runner.secondsLeft());
    }
    expect(left).toEqual([null, 27, 24]);
    expect(runner.timing().seconds, 'as all of it took').toBe(3606);
  });
});

describe('an experiment that breaks on a device', () => {
  it('says that the device computes wrong numbers, where it does', async () => {
    await expect(run(new WrongNumbers('The GPU computes wrong numbers.'))).rejects.toThrow(WrongNumbers);
  });

  it.each([null, new Error('the device is gone')])('says what broke, where a check finds %o', async (found) => {
    await expect(run(found)).rejects.toThrow('undefined is not a number');
  });
});
