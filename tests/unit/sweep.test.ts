import { valueOf } from '../../src/experiment/reading';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sweepFingerprint } from '../../src/analysis/sweepFingerprint';
import { sweepLayouts } from '../../src/analysis/sweepTable';
import { findPreset } from '../../src/experiment/presets/presets';
import {
  cellConfig,
  cellCount,
  cellName,
  cellValues,
  parseSweepDocument,
  sweepProblem,
  type SweepDocument,
} from '../../src/experiment/documents/sweep';
import { parseSweepResults } from '../../src/experiment/documents/sweepResults';
import { findSweep, PAIR, SWEEPS } from '../../src/experiment/presets/sweeps';

const BASE = {
  task: { kind: 'bandit' },
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 10, pairs: 4 },
  evaluation: { every: 5 },
};
const GRID = {
  base: BASE,
  axes: [
    { path: 'beta', values: [0.1, 1] },
    { path: 'task.rewardScale', values: [1, 2, 3] },
  ],
};

function documentOf(input: unknown): SweepDocument {
  const parsed = parseSweepDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function configOf(document: SweepDocument, number: number) {
  const config = cellConfig(document, number);
  if (!config.ok) throw new Error(JSON.stringify(config.problems));
  return config.value;
}

const refusal = (input: unknown): string => {
  const parsed = parseSweepDocument(input);
  const problem = parsed.ok ? sweepProblem(parsed.value) : parsed.problems[0];
  return problem ? `${problem.path}: ${problem.message}` : 'nothing is wrong';
};

describe('a sweep', () => {
  it('is the product of its axes, the last one fastest', () => {
    const document = documentOf(GRID);
    expect(cellCount(document)).toBe(6);
    const values = [0, 1, 2, 3, 4, 5].map((number) => Object.values(cellValues(document, number)));
    expect(values).toEqual([
      [0.1, 1],
      [0.1, 2],
      [0.1, 3],
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(configOf(document, 4)).toMatchObject({ beta: 1, task: { rewardScale: 2 }, seeds: 4 });
    expect(cellName(document, 4)).toBe('cell 4 (beta = 1, task.rewardScale = 2)');
  });

  it('is a list of cells that may set different fields, the base among them', () => {
    const list = [{}, { 'loss.kind': 'ipo' }, { rounds: { pairs: 8 }, seeds: 2 }];
    const document = documentOf({ base: BASE, list });
    expect(list.map((_, number) => configOf(document, number).loss.kind)).toEqual(['dpo', 'ipo', 'dpo']);
    expect(configOf(document, 2)).toMatchObject({ rounds: { pairs: 8, epochs: 1 }, seeds: 2 });
  });

  it('is a grid whose cells set something of their own besides', () => {
    const list = [3, 4, 5, 6, 7, 8].map((seeds) => ({ 'arms.1.learningRate': seeds / 10, seeds }));
    const document = documentOf({ ...GRID, list });
    expect(cellCount(document)).toBe(6);
    expect(cellValues(document, 4)).toEqual({ beta: 1, 'task.rewardScale': 2, 'arms.1.learningRate': 0.7, seeds: 7 });
    expect(configOf(document, 4)).toMatchObject({ beta: 1, seeds: 7, arms: [{}, { learningRate: 0.7 }] });
    expect(sweepLayouts(document).map(({ rows, columns }) => [rows, columns])).toEqual([
      [
        ['0.1', '1'],
        ['1', '2', '3'],
      ],
    ]);
  });

  it('changes whole arms and mixtures, and adds an arm', () => {
    const custom = { sampler: 'custom', mixture: [{ weight: 1, first: 0.5, second: -0.5 }] };
    const document = documentOf({ base: BASE, list: [{ 'arms.1': custom }, { 'arms.2': { sampler: 'hybrid' } }] });
    expect(configOf(document, 0).arms[1]).toMatchObject(custom);
    expect(configOf(document, 1).arms.map(({ sampler }) => sampler)).toEqual(['vanilla', 'pilaf', 'hybrid']);
  });

  it('takes a preset by name, to the same fingerprint as its config in full', () => {
    const axes = [{ path: 'seeds', values: [2, 3] }];
    const named = documentOf({ base: 'bandit-race', axes });
    expect(named.base).toEqual(findPreset('bandit-race')!.config);
    const list = [{ seeds: 2 }, { seeds: 3 }];
    expect(sweepFingerprint(documentOf({ base: named.base, list }))).toBe(sweepFingerprint(named));
  });

  it('has another fingerprint when a value, the base or the order differs', () => {
    const changed = [
      GRID,
      { ...GRID, base: { ...BASE, seeds: 5 } },
      { ...GRID, axes: GRID.axes.toReversed() },
      { ...GRID, axes: [{ path: 'beta', values: [0.1, 1.0000001] }, GRID.axes[1]!] },
    ];
    const prints = changed.map((input) => sweepFingerprint(documentOf(input)));
    expect(new Set(prints).size).toBe(changed.length);
    prints.forEach((print) => expect(print).toMatch(/^[0-9a-f]{16}$/));
  });

  it('takes explicit tables of full size in hundreds of cells, and tells them apart', () => {
    const table = (last: number) =>
      Array.from({ length: 256 }, (_, x) =>
        Array.from({ length: 256 }, (__, k) => (x === 255 && k === 255 ? last : k)),
      );
    const print = (rewards: unknown) => {
      const base = { ...BASE, task: { kind: 'bandit', rewards } };
      const document = documentOf({ base, axes: [{ path: 'beta', values: [1, 2] }] });
      expect(sweepProblem(document)).toBeNull();
      return sweepFingerprint(document);
    };
    expect(print(table(1))).toBe(print(table(1)));
    expect(print(table(1))).not.toBe(print(table(2)));
    expect(print([[1, 2]]), 'small ones as in the files of earlier versions').toBe('8992a05af50da1db');
    const holed = table(1);
    holed[255]!.length = 255;
    holed[255]!.length = 256;
    const document = documentOf({ base: { ...BASE, task: { kind: 'bandit', rewards: holed } }, list: [{}] });
    expect(sweepProblem(document)?.message).toMatch(/task.rewards.255.255: is missing/);
  });

  it.each<[unknown, RegExp]>([
    [7, /^sweep: 7 is not a sweep/],
    [{ axes: GRID.axes }, /^base: /],
    [{ base: 'race', axes: GRID.axes }, /^base: "race" is not one of the presets bandit-race/],
    [{ base: BASE }, /give axes, list, both, or tuning alone/],
    [{ ...GRID, list: [{}] }, /^list: has 1 entries, and the axes make \d+ cells/],
    [
      { base: BASE, axes: [{ path: 'beta', values: [1] }], list: [{ beta: 2 }] },
      /^list.0: sets "beta", which is an axis/,
    ],
    [{ ...GRID, steps: 3 }, /^steps: unknown field/],
    [{ base: BASE, axes: [] }, /^axes: is empty/],
    [{ base: BASE, list: [7] }, /^list.0: 7 is not allowed/],
    [{ base: BASE, axes: [{ path: 'beta' }] }, /^axes.0.values: is missing/],
    [{ base: BASE, axes: [{ path: 3, values: [1] }] }, /^axes.0.path: 3 is not a path/],
    [{ base: BASE, axes: [{ path: 'beta', values: [1, 2, 1] }] }, /^axes.0.values: 1 is there twice/],
    [{ base: BASE, axes: [GRID.axes[0], GRID.axes[0]] }, /^axes.1.path: "beta" is an axis already/],
    [{ base: BASE, list: Array.from({ length: 4097 }, () => ({})) }, /^list: has 4097 entries; give 1 to 4096/],
    [
      {
        base: BASE,
        axes: ['beta', 'seeds'].map((path) => ({ path, values: Array.from({ length: 100 }, (_, i) => i) })),
      },
      /^axes: make 10000 cells; at most 4096/,
    ],
    [
      { base: BASE, axes: [{ path: 'beta', values: [1, 200] }] },
      /^cell 1 \(beta = 200\): beta: 200 is not allowed; give a number from 0.001 to 100$/,
    ],
    [{ base: BASE, list: [{ bta: 1 }] }, /^cell 0 \(bta = 1\): bta: unknown field/],
    [{ base: BASE, list: [{}, { 'arms.7.alpha': 1 }] }, /^cell 1 .*arms.7.alpha cannot be set: arms is a list of 2/],
    [{ base: BASE, list: [JSON.parse('{"__proto__": {"beta": 3}}')] }, /^cell 0 .*unknown field "__proto__"/],
  ])('refuses %j', (input, message) => {
    expect(refusal(input)).toMatch(message);
  });
});

describe('the ready sweeps', () => {
  it('has the two races that the page opens with among its cells', () => {
    for (const { preset, cell } of PAIR.races) {
      const config = cellConfig(findSweep(PAIR.sweep)!.document, cell);
      expect(config).toEqual({ ok: true, value: findPreset(preset)!.config });
    }
  });

  it.each(SWEEPS.map((sweep) => [sweep.id, sweep.document] as const))('%s runs in every cell', (_, document) => {
    expect(sweepProblem(document)).toBeNull();
  });

  it.each(SWEEPS.map((sweep) => [sweep.id, sweep.document] as const))(
    '%s ships with all its cells, run with the settings that it has now',
    (id, document) => {
      const recorded = valueOf(parseSweepResults(JSON.parse(readFileSync(`public/sweeps/${id}.json`, 'utf8'))));
      expect(recorded.fingerprint).toBe(sweepFingerprint(document));
      expect(sweepFingerprint(recorded.sweep)).toBe(recorded.fingerprint);
      expect(recorded.cells).toHaveLength(cellCount(document));
    },
  );

  it('have the phase map: Vanilla against PILAF with 20 seeds', () => {
    const { document } = SWEEPS.find(({ id }) => id === 'phase-map')!;
    expect(cellCount(document)).toBe(49);
    const config = configOf(document, 48);
    expect(config).toMatchObject({ seeds: 20, beta: 3, task: { rewardScale: 10, tables: 'per-seed' } });
    expect(config.arms.map(({ sampler }) => sampler)).toEqual(['vanilla', 'pilaf']);
  });
});
