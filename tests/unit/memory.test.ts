import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { PRESETS } from '../../src/experiment/presets/presets';
import type { RowFloats } from '../../src/policy/policy';
import { memoryProblem, mostRuns, muchMemory, partBytes } from '../../src/run/memory';
import { fleetsOf } from '../../src/training/fleetsOf';
import { blockRows } from '../../src/training/memory';
import { prepareTask } from '../../src/training/prepareTask';
import { runsOf } from '../../src/training/run';
import type { Task } from '../../src/training/task';
import { configOf } from '../support/tasks';

const load = (name: string) => Promise.resolve(new Uint8Array(readFileSync(`public/checkpoints/${name}.safetensors`)));
const prepared = (config: ReturnType<typeof configOf>) => prepareTask(config, load, () => Promise.resolve(null));

/** Four arms on reviews. */
const reviews = (pairs: number, seeds: number, samples = 128) =>
  configOf({
    task: { kind: 'reviews' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'hybrid' }, { sampler: 'reference' }],
    seeds,
    beta: 0.1,
    learningRate: 0.001,
    schedule: { steps: 10, pairs },
    evaluation: { every: 10, samples },
  });

const GIB = 2 ** 30;

describe('what WebAssembly’s memory holds', () => {
  // Each of these ended in a full heap, when all runs were one fleet.
  it.each([
    [128, 10],
    [256, 5],
    [64, 19],
    [32, 38],
    [256, 64],
  ])('%d pairs × 4 arms × %d seeds run, in fleets that share the memory for their rows', async (pairs, seeds) => {
    const config = reviews(pairs, seeds);
    const task = await prepared(config);
    expect(parseConfig(config).ok).toBe(true);
    expect(memoryProblem(config, task, 'wasm')).toBeNull();
    expect(partBytes(config, task, 4 * seeds)).toBeLessThan(1.5 * GIB);
    const fleets = fleetsOf(config, task, runsOf(config));
    expect(fleets.flat()).toEqual(runsOf(config));
    expect(fleets.length).toBeGreaterThan(1);
    const sizes = fleets.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes), 'fleets of about equal size').toBeLessThanOrEqual(1);
  });

  it('best of 64 is drawn in blocks of rows', async () => {
    const config = configOf({ ...reviews(256, 64), arms: [{ sampler: 'best-of-n', n: 64 }, { sampler: 'pilaf' }] });
    const task = await prepared(config);
    expect(blockRows(task.policy)).toBeLessThan(256 * 64);
    expect(memoryProblem(config, task, 'wasm')).toBeNull();
    expect(partBytes(config, task, 128)).toBeLessThan(1.5 * GIB);
  });

  /** The shipped checkpoint's task as if its rows, or its weights, were so many times as large. */
  const larger = (task: Task, rows: number, weights: number): Task => {
    const { layout, rowFloats } = task.policy;
    const many = Object.fromEntries(Object.entries(rowFloats!).map(([moment, floats]) => [moment, rows * floats]));
    return {
      ...task,
      policy: { ...task.policy, layout: Array(weights).fill(layout).flat(), rowFloats: many as unknown as RowFloats },
    };
  };

  it('refuses a single run that does not fit, and says what does', async () => {
    const config = reviews(256, 1);
    const huge = larger(await prepared(config), 20, 1);
    const refused = memoryProblem(config, huge, 'wasm');
    expect(refused?.path).toBe('schedule.pairs');
    const fewer = Number(/at most (\d+) would fit$/.exec(refused!.message)![1]);
    expect(memoryProblem(reviews(fewer, 1), huge, 'wasm')).toBeNull();
    expect(memoryProblem(reviews(fewer + 2, 1), huge, 'wasm')).not.toBeNull();
    expect(memoryProblem(config, huge, 'webgpu'), 'a GPU has memory of its own').toBeNull();
    const samples = reviews(1, 1, 1000);
    expect(memoryProblem(samples, larger(await prepared(samples), 60, 1), 'wasm')?.path).toBe('evaluation.samples');
  });

  it('says ahead what a large race takes, and nothing of a small one', async () => {
    const config = reviews(16, 64);
    const task = await prepared(config);
    expect(muchMemory(config, task)).toBeNull();
    expect(muchMemory(config, larger(task, 1, 30))).toMatch(
      /^\d+[.]\d GB of memory, too much for its state to be stored$/,
    );
    expect(muchMemory(reviews(16, 8), larger(task, 1, 30))).toMatch(/^\d+[.]\d GB of memory$/);
  });

  it('gives a part no more runs than it can hold', async () => {
    const config = reviews(16, 64);
    const task = await prepared(config);
    expect(mostRuns(config, task, 'wasm')).toBeGreaterThan(256);
    expect(mostRuns(config, task, 'webgpu')).toBe(Infinity);
    const heavy = larger(task, 1, 30);
    const most = mostRuns(config, heavy, 'wasm');
    expect(most).toBeLessThan(256);
    expect(partBytes(config, heavy, most)).toBeLessThan(3.75 * GIB);
    expect(partBytes(config, heavy, most + 10)).toBeGreaterThan(3.7 * GIB);
  });

  it.each(PRESETS.map(({ id, config }) => [id, config] as const))('the preset %s fits', async (_, config) => {
    expect(parseConfig(config).ok).toBe(true);
    const task = await prepared(config);
    expect(memoryProblem(config, task, 'wasm')).toBeNull();
    expect(partBytes(config, task, config.arms.length * config.seeds)).toBeLessThan(GIB);
  });
});
