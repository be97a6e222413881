import { describe, expect, it } from 'vitest';
import { ABSENT, configDifferences } from '../../src/experiment/documents/differences';
import { configOf } from '../support/tasks';

const config = (input: object = {}) =>
  configOf({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
    ...input,
  });

describe('settings that differ', () => {
  it('are none between equal configs, and none of one alone', () => {
    expect(configDifferences([config(), config()])).toEqual([]);
    expect(configDifferences([config()])).toEqual([]);
    expect(configDifferences([])).toEqual([]);
  });

  it('have the label of the page and a value per config', () => {
    expect(configDifferences([config(), config({ beta: 0.1 }), config()])).toEqual([
      { path: 'beta', label: 'β', values: ['1', '0.1', '1'] },
    ]);
    expect(configDifferences([config(), config({ loss: { kind: 'ipo' } })])).toEqual([
      { path: 'loss.kind', label: 'Loss', values: ['dpo', 'ipo'] },
    ]);
  });

  it('say where a config has no such setting', () => {
    const found = configDifferences([config(), config({ rounds: { pairs: 8 } })]);
    expect(found.map(({ path }) => path)).toEqual([
      'rounds.pairs',
      'rounds.epochs',
      'rounds.accumulate',
      'rounds.resetOptimiser',
      'rounds.movingReference',
    ]);
    expect(found[0]).toEqual({ path: 'rounds.pairs', label: 'Pairs per round', values: [ABSENT, '8'] });
  });

  it('name an arm whose settings differ, and the arms where these are others', () => {
    const arms = (alpha: number) => ({
      arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf', name: 'mine', alpha }],
    });
    expect(configDifferences([config(arms(1)), config(arms(2))])).toEqual([
      { path: 'arms.1.alpha', label: 'mine: α', values: ['1', '2'] },
    ]);
    expect(configDifferences([config(), config({ arms: [{ sampler: 'hybrid' }] })])).toEqual([
      { path: 'arms', label: 'Arms', values: ['Vanilla, PILAF', 'Hybrid'] },
    ]);
  });

  it('cut a long table, not the arms', () => {
    const table = (first: number) => [[first, ...Array<number>(60).fill(0)]];
    const task = (first: number) => ({ task: { kind: 'bandit', referenceLogits: table(0), rewards: table(first) } });
    const [rewards, ...others] = configDifferences([config(task(1)), config(task(2))]);
    expect(others).toEqual([]);
    expect(rewards).toMatchObject({ path: 'task.rewards', label: 'Table entry' });
    expect(rewards!.values[0]).toHaveLength(40);
    const long = (name: string) => ({ arms: [{ sampler: 'pilaf', name: name.repeat(40) }, { sampler: 'vanilla' }] });
    const [arms] = configDifferences([config(long('a')), config(long('b'))]);
    expect(arms!.values[0]).toBe(`${'a'.repeat(40)}, Vanilla`);
  });
});
