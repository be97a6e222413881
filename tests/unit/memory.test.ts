import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { PRESETS } from '../../src/experiment/presets/presets';
import { memoryProblem } from '../../src/run/memory';
import { prepareTask } from '../../src/training/prepareTask';
import { configOf } from '../support/tasks';

const load = () => Promise.resolve(new Uint8Array(readFileSync('public/checkpoints/reviews.safetensors')));
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

describe('what WebAssembly’s memory holds', () => {
  // Each of these ended in a full heap.
  it.each([
    [128, 10],
    [256, 5],
    [64, 19],
    [48, 26],
    [32, 38],
  ])('%d pairs × 4 arms × %d seeds are refused, and what is said to fit does', async (pairs, seeds) => {
    const config = reviews(pairs, seeds);
    const problem = await prepared(config);
    const refused = memoryProblem(config, problem, 'wasm');
    expect(refused?.path).toBe('schedule.pairs');
    const [, fewerPairs, fewerSeeds] = /at most (\d+) or (\d+) seeds would fit$/.exec(refused!.message)!.map(Number);
    expect(memoryProblem(reviews(fewerPairs!, seeds), problem, 'wasm')).toBeNull();
    expect(memoryProblem(reviews(fewerPairs! + 2, seeds), problem, 'wasm')).not.toBeNull();
    expect(memoryProblem(reviews(pairs, fewerSeeds!), problem, 'wasm')).toBeNull();
    expect(memoryProblem(reviews(pairs, fewerSeeds! + 1), problem, 'wasm')).not.toBeNull();
    expect(memoryProblem(config, problem, 'webgpu'), 'a GPU has memory of its own').toBeNull();
  });

  it('an evaluation of too many samples is refused', async () => {
    const config = reviews(16, 8, 1000);
    expect(memoryProblem(config, await prepared(config), 'wasm')).toMatchObject({ path: 'evaluation.samples' });
  });

  it.each([
    [16, 8],
    [64, 15], // measured: a heap of 3,425 MB
  ])('%d pairs × 4 arms × %d seeds fit', async (pairs, seeds) => {
    const config = reviews(pairs, seeds);
    expect(memoryProblem(config, await prepared(config), 'wasm')).toBeNull();
  });

  it.each(PRESETS.map(({ id, config }) => [id, config] as const))('the preset %s fits', async (_, config) => {
    expect(parseConfig(config).ok).toBe(true);
    expect(memoryProblem(config, await prepared(config), 'wasm')).toBeNull();
  });
});
