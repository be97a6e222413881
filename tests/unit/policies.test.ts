import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../src/policy/safetensors';
import { encodeTable } from '../../src/policy/table';
import { policiesIn, policyFile } from '../../src/run/policies';
import type { Task } from '../../src/training/task';
import type { ExperimentSnapshot, MemorySnapshot } from '../../src/training/snapshot';
import { configOf } from '../support/tasks';

/** The second arm draws more completions per pair, so it trains in a fleet of its own. */
const config = configOf({
  task: { kind: 'bandit', prompts: 1, responses: 2 },
  arms: [{ sampler: 'vanilla' }, { sampler: 'best-of-n', n: 4 }, { sampler: 'pilaf' }],
  seeds: 2,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 9, pairs: 1 },
  evaluation: { every: 1 },
});

const memory = (divergedAt: number | null = null) => ({ divergedAt }) as MemorySnapshot;
/** Policies first, then a reference. */
const snapshot: ExperimentSnapshot = {
  step: 5,
  fingerprints: [],
  fleets: [
    {
      weights: Float32Array.of(0, 0.5, 1, 1.5, 4, 4.5, 5, 5.5, -1, -1),
      mean: new Float32Array(8),
      square: new Float32Array(8),
      memories: [memory(), memory(), memory(), memory(3)],
    },
    {
      weights: Float32Array.of(2, 2.5, 3, NaN, -1, -1),
      mean: new Float32Array(4),
      square: new Float32Array(4),
      memories: [memory(), memory()],
    },
  ],
};

describe('the policies in a snapshot', () => {
  it('are in the order of the runs, without the diverged ones', () => {
    const { step, weights } = policiesIn(config, snapshot);
    expect(step).toBe(5);
    expect(weights.map((own) => own && [...own])).toEqual([[0, 0.5], [1, 1.5], [2, 2.5], [3, NaN], [4, 4.5], null]);
  });

  it('become files that say where they come from, where they are numbers', () => {
    const task = {
      encodeWeights: (weights, origin) => encodeTable(weights, 1, 2, origin),
    } as Task;
    const files = config.arms.flatMap((_, a) =>
      [0, 1].map((s) =>
        policyFile(config, task, { name: 'cpu', adapter: null }, policiesIn(config, snapshot), 2 * a + s),
      ),
    );
    expect(files.map((file) => file !== null)).toEqual([true, true, true, false, true, false]);
    const { metadata, tensors } = parseSafetensors(files[2]!);
    expect(tensors).toEqual([{ name: 'logits', shape: [1, 2], values: Float32Array.of(2, 2.5) }]);
    const { config: text, ...facts } = metadata;
    expect(facts).toEqual({
      format: 'pilaf-lab/table',
      arm: 'Best-of-N (N = 4)',
      seed: '0',
      step: '5',
      backend: 'cpu',
    });
    expect(JSON.parse(text!)).toEqual(config);
  });
});
