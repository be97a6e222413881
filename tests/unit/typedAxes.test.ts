import { describe, expect, it } from 'vitest';
import { cellConfig, parseSweepDocument } from '../../src/experiment/documents/sweep';
import { PRESETS } from '../../src/experiment/presets/presets';
import { parseValues, suggestedPaths, valuesText } from '../../src/experiment/documents/typedAxes';

describe('an axis as it is typed', () => {
  it.each([
    ['0.1, 1,  3e-2', [0.1, 1, 0.03]],
    ['dpo, ipo', ['dpo', 'ipo']],
    ['"dpo", 2', ['dpo', 2]],
    ['[[1, 0]], [[0, 1]]', [[[1, 0]], [[0, 1]]]],
    ['{"kind": "ipo", "smoothing": 0}', [{ kind: 'ipo', smoothing: 0 }]],
    ['null, true', [null, true]],
    [' ', []],
    ['1,', [1, '']],
    ['1, two', [1, 'two']],
  ])('%s', (text, values) => {
    expect(parseValues(text)).toEqual(values);
  });

  it.each([[[0.1, 1]], [['dpo', 'ipo']], [['a, b', 'c']], [['1', 1]], [[[1, 0], { a: ' ' }]], [[null]], [['']]])(
    'is written so that it reads as before: %j',
    (values) => {
      expect(parseValues(valuesText(values))).toEqual(values);
    },
  );
});

describe('the fields to choose from', () => {
  it.each(PRESETS.map(({ id, config }) => [id, config] as const))('exist in %s', (_, config) => {
    const paths = suggestedPaths(config).map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toEqual(expect.arrayContaining(['beta', 'learningRate', 'loss.kind', 'arms.0.sampler']));
    for (const path of paths) {
      const axes = [{ path, values: [path.split('.').reduce<unknown>((at, key) => (at as never)[key], config) ?? 1] }];
      const parsed = parseSweepDocument({ base: config, axes });
      expect(parsed.ok && cellConfig(parsed.value, 0), path).toMatchObject({ ok: true });
    }
  });
});
