import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../src/policy/safetensors';
import { encodeTable } from '../../src/policy/table';
import { policiesIn, policyFile } from '../../src/run/policies';
import type { Task } from '../../src/training/task';
import type { ExperimentSnapshot, RunSnapshot } from '../../src/training/snapshot';
import { configOf } from '../support/tasks';

const config = configOf({
  task: { kind: 'bandit', prompts: 1, responses: 2 },
  arms: [{ sampler: 'vanilla' }, { sampler: 'best-of-n', n: 4 }, { sampler: 'pilaf' }],
  seeds: 2,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 9, pairs: 1 },
  evaluation: { every: 1 },
});

const run = (first: number, second: number, divergedAt: number | null = null) =>
  ({ weights: Float32Array.of(first, second), divergedAt }) as RunSnapshot;
const snapshot: ExperimentSnapshot = {
  step: 5,
  runs: [run(0, 0.5), run(1, 1.5), run(2, 2.5), run(3, NaN), run(4, 4.5), run(5, 5.5, 3)],
};

describe('the policies in a snapshot', () => {
  it('are in the order of the runs, without the diverged ones', () => {
    const { step, weights } = policiesIn(snapshot);
    expect(step).toBe(5);
    expect(weights.map((own) => own && [...own])).toEqual([[0, 0.5], [1, 1.5], [2, 2.5], [3, NaN], [4, 4.5], null]);
  });

  it('become files that say where they come from, where they are numbers', () => {
    const task = {
      encodeWeights: (weights, origin) => encodeTable(weights, 1, 2, origin),
    } as Task;
    const files = config.arms.flatMap((_, a) =>
      [0, 1].map((s) => policyFile(config, task, { name: 'cpu', adapter: null }, policiesIn(snapshot), 2 * a + s)),
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
