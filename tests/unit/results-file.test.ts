import { problemText, type Parsed } from '../../src/experiment/reading';
import { describe, expect, it } from 'vitest';
import { runSummary, wholeHash } from '../../src/analysis/runSummary';
import { parseConfig } from '../../src/experiment/config/config';
import { METRICS, type Evaluation } from '../../src/experiment/documents/metrics';
import { findPreset } from '../../src/experiment/presets/presets';
import type { Results } from '../../src/experiment/documents/results';
import { resultsCsv } from '../../src/experiment/documents/resultsCsv';
import {
  MAXIMUM_NAME,
  parseResultsFile,
  resultsFileText,
  type NamedResults,
} from '../../src/experiment/documents/resultsFile';
import { nameApart, presetOf, runName, uniqueName } from '../../src/experiment/documents/runName';

function configOf(input: object = {}) {
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds: 2,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
    ...input,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function evaluation(step: number, objective: number): Evaluation {
  const metrics = Object.fromEntries(Object.keys(METRICS).map((name) => [name, 0.5])) as Omit<Evaluation, 'step'>;
  return { ...metrics, step, objective, gap: null, samplingCost: null };
}

/** J of PILAF is 2 and 4 at the end, of Vanilla 1 and 1. */
function resultsWith(change: Partial<Results> = {}): Results {
  const point = { reward: 3, kl: 1, objective: 2 };
  const runs = [
    ['Vanilla', 0, 1],
    ['Vanilla', 1, 1],
    ['PILAF', 0, 2],
    ['PILAF', 1, 4],
  ] as const;
  return {
    format: 'pilaf-lab/results',
    version: 1,
    config: configOf(),
    backend: { name: 'wasm', adapter: null },
    optimum: point,
    frontier: [point],
    runs: runs.map(([arm, seed, last], i) => ({
      arm,
      seed,
      status: 'complete',
      hash: `00ff00ff00ff00f${i}`,
      optimum: point,
      evaluations: [evaluation(0, 0), evaluation(10, last)],
    })),
    timing: { seconds: 2, pairsPerSecond: 80 },
    ...change,
  };
}

const NAMED: NamedResults = { name: 'Mine', notes: 'a\nb', date: '2026-01-31T12:00:00.000Z', results: resultsWith() };

/** The first one, with its place. */
const problemIn = (parsed: Parsed<unknown>): string =>
  parsed.ok ? 'nothing is wrong' : problemText(parsed.problems.slice(0, 1));

const parse = (document: unknown) => parseResultsFile(JSON.stringify(document), 'file');

describe('a results file', () => {
  it('is read as the page has exported it', () => {
    const other = { ...NAMED, name: 'Other', notes: '', date: null };
    const runs = [NAMED, ...Array.from({ length: 1000 }, () => other)];
    expect(parseResultsFile(resultsFileText(runs), 'file')).toEqual({ ok: true, value: runs });
  });

  it('is read as the runner and the page write one document, under the name of the file', () => {
    const results = resultsWith();
    expect(parseResultsFile(`${JSON.stringify(results)}\n`, 'x'.repeat(200))).toEqual({
      ok: true,
      value: [{ name: 'x'.repeat(MAXIMUM_NAME), notes: '', date: null, results }],
    });
  });

  it('keeps what offline training has left, and drops what it does not know', () => {
    const fit = { loss: 0.6, accuracy: 0.7 };
    const [first, ...others] = resultsWith().runs;
    const results = resultsWith({ runs: [{ ...first!, start: { trained: fit, fresh: fit } }, ...others] });
    expect(parse({ ...results, more: 1 })).toEqual({
      ok: true,
      value: [{ name: 'file', notes: '', date: null, results }],
    });
  });

  it('keeps how well an optimum was estimated, so that a guess does not pass as exact', () => {
    const estimate = {
      errors: { reward: 0.1, kl: 0.2, objective: 0.3 },
      effective: { minimum: 7, median: 12 },
    };
    const point = { reward: 3, kl: 1, objective: 2, estimate };
    const results = resultsWith({ optimum: point, frontier: [point], optimumNote: 'Why.' });
    expect(parse(results)).toEqual({ ok: true, value: [{ name: 'file', notes: '', date: null, results }] });
    const broken = { ...point, estimate: { ...estimate, effective: { minimum: -1, median: 12 } } };
    expect(problemIn(parse({ ...results, optimum: broken }))).toMatch(/^optimum\.estimate\.effective\.minimum: .*-1/);
  });

  const withRun = (change: object) => {
    const [first, ...others] = resultsWith().runs;
    return { ...resultsWith(), runs: [{ ...first, ...change }, ...others] };
  };

  it.each([
    ['no JSON', '{', 'the file is not JSON'],
    ['an empty list', '[]', 'the file holds an empty list, no results'],
    ['too many', JSON.stringify(Array(2001).fill(0)), 'the file holds 2001 results; at most 2000 are read at once'],
  ])('is refused with %s', (_, text, problem) => {
    expect(problemIn(parseResultsFile(text, 'file'))).toBe(problem);
  });

  it.each([
    ['a number', 7, 'no results of this program; their format is "pilaf-lab/results"'],
    ['another format', { format: 'x' }, 'no results of this program; their format is "pilaf-lab/results"'],
    ['a later version', { ...resultsWith(), version: 2 }, 'version: 2 is not known; give 1'],
    [
      'a bad config',
      { ...resultsWith(), config: { ...configOf(), seeds: 0 } },
      'config.seeds: 0 is not allowed; give a whole number from 1 to 64',
    ],
    ['no runs', { ...resultsWith(), runs: [] }, 'runs: is empty; give the results of at least one run'],
    ['a missing field', { ...resultsWith(), backend: undefined }, 'backend: is missing'],
    [
      'a foreign backend',
      { ...resultsWith(), backend: { name: 'cuda', adapter: null } },
      'backend.name: "cuda" is not allowed; give one of webgpu, wasm-relaxed, wasm, cpu, torch',
    ],
    [
      'a reward that is no number',
      withRun({ evaluations: [{ ...evaluation(0, 0), reward: '=1+1' }] }),
      'runs.0.evaluations.0.reward: "=1+1" is not allowed; give a number',
    ],
    ['a lost metric', withRun({ evaluations: [{ step: 0 }] }), 'runs.0.evaluations.0.reward: is missing'],
    [
      'a foreign arm',
      withRun({ arm: 'Mine' }),
      'runs.0.arm: "Mine" is no arm of the config; its arms are Vanilla, PILAF',
    ],
    ['the same run twice', withRun({ seed: 1 }), 'runs.1.seed: 1 comes twice for Vanilla'],
    [
      'steps that go back',
      withRun({ evaluations: [evaluation(5, 0), evaluation(5, 0)] }),
      'runs.0.evaluations.1.step: 5 does not grow',
    ],
    [
      'steps beyond the end',
      withRun({ evaluations: [evaluation(11, 0)] }),
      'runs.0.evaluations: step 11 is beyond the config’s 10 steps',
    ],
    ['a hash with markup', withRun({ hash: '<b>' }), 'runs.0.hash: "<b>" is not allowed; give hexadecimal digits'],
    [
      'a long name',
      { ...NAMED, name: 'x'.repeat(81) },
      /^name: "x+… is not allowed; give a text of at most 80 characters$/,
    ],
    ['a date of no kind', { ...NAMED, date: 'soon' }, /^date: "soon" is not allowed; give a date such as/],
  ])('is refused with %s', (_, document, problem) => {
    const found = problemIn(parse(document));
    if (problem instanceof RegExp) expect(found).toMatch(problem);
    else expect(found).toBe(problem);
  });

  it('names the entry of a list that is broken', () => {
    expect(problemIn(parse([NAMED, { ...NAMED, notes: 3 }]))).toBe(
      '1.notes: 3 is not allowed; give a text of at most 2000 characters',
    );
  });
});

describe('results as CSV', () => {
  const rows = (name: string) => resultsCsv([{ ...NAMED, name }]).split('\r\n');

  it('has a row per evaluation, and nothing where there is no value', () => {
    const [head, first, ...others] = rows('Mine');
    expect(others).toHaveLength(8);
    expect(others.at(-1), 'every row ends with a line break').toBe('');
    const columns = head!.split(',');
    expect(columns).toEqual([...'run,date,task,backend,arm,seed,status,hash,step'.split(','), ...Object.keys(METRICS)]);
    const cells = first!.split(',');
    expect(cells).toHaveLength(columns.length);
    expect(cells.slice(0, 9)).toEqual([
      'Mine',
      '2026-01-31T12:00:00.000Z',
      'bandit',
      'wasm',
      'Vanilla',
      '0',
      'complete',
      '00ff00ff00ff00f0',
      '0',
    ]);
    expect(cells[columns.indexOf('gap')]).toBe('');
    expect(cells[columns.indexOf('reward')]).toBe('0.5');
  });

  it.each([
    ['a, b', '"a, b",'],
    ['say "x"', '"say ""x""",'],
    ['two\nlines', '"two\nlines",'],
    ['x;=1+1', "x;'=1+1,"],
    ['x; \u200b=1+1', "x;' \u200b=1+1,"],
    ['x;"=1+1', '"x;\'""=1+1",'],
    ['a\t@SUM(A1)', "a\t'@SUM(A1),"],
    ['\uFF1D1+1', "'\uFF1D1+1,"],
    ['\uFF0B1', "'\uFF0B1,"],
    ['\uFEFF=1+1', "'\uFEFF=1+1,"],
    ['\u200B\u2060=1+1', "'\u200B\u2060=1+1,"],
    ['   =1+1', "'   =1+1,"],
    ['\u00A0-1', "'\u00A0-1,"],
    ['a = b; c - d', 'a = b; c - d,'],
    ['=1+1', "'=1+1,"],
    ['+1', "'+1,"],
    ['-1', "'-1,"],
    ['@x', "'@x,"],
    ['\tx', "'\tx,"],
    ['=1,2', '"\'=1,2",'],
  ])('guards the name %j', (name, start) => {
    expect(rows(name)[1]!.startsWith(start)).toBe(true);
  });

  it('leaves negative numbers numbers', () => {
    const [first] = resultsWith().runs;
    const results = resultsWith({ runs: [{ ...first!, evaluations: [evaluation(0, -0.25)] }] });
    expect(resultsCsv([{ ...NAMED, results }])).toContain(',-0.25,');
  });
});

describe('a run’s name and summary', () => {
  it('knows a preset however its config was written down', () => {
    const { config, title } = findPreset('bandit-race')!;
    const turned = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    expect(presetOf(turned)?.id).toBe('bandit-race');
    expect(runName(turned)).toBe(title);
    expect(presetOf({ ...config, beta: 2 })).toBeNull();
  });

  it('else names the task and the first arms', () => {
    expect(runName(configOf())).toBe('Bandit: Vanilla, PILAF');
    const arms = [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'hybrid' }];
    expect(runName(configOf({ arms }))).toBe('Bandit: Vanilla, PILAF and 1 more');
  });

  it('names the preset that a run is nearly, and what differs', () => {
    const { config } = findPreset('bandit-race')!;
    expect(runName({ ...config, beta: 0.3 })).toBe('Bandit race (β = 0.3)');
    const schedule = { ...config.schedule, steps: 60 };
    expect(runName({ ...config, seeds: 2, schedule })).toBe('Bandit race (Seeds = 2, Steps = 60)');
    const arms = config.arms.slice(0, 2);
    expect(runName({ ...config, arms })).toBe('Bandit race (Vanilla, PILAF)');
    expect(runName({ ...config, arms: config.arms.map((arm) => ({ ...arm, name: 'x'.repeat(40) })) })).toHaveLength(76);
  });

  it('tells a run from its namesake by what differs, where that is little', () => {
    const first = configOf();
    const name = runName(first);
    expect(nameApart(name, configOf({ beta: 2 }), first)).toBe(`${name} (β = 2)`);
    expect(nameApart(name, first, first)).toBe(name);
    const other = { beta: 2, seeds: 3, learningRate: 0.1, schedule: { steps: 20, pairs: 4 } };
    expect(nameApart(name, configOf(other), first)).toBe(name);
  });

  it('is counted where the name is taken', () => {
    expect(uniqueName('a', [])).toBe('a');
    expect(uniqueName('a', ['a', 'a 2', 'b'])).toBe('a 3');
  });

  it('sums up the best arm and all hashes', () => {
    const summary = runSummary(resultsWith());
    expect(summary).toMatchObject({ task: 'bandit', arms: ['Vanilla', 'PILAF'], seeds: 2, steps: 10, reached: 10 });
    expect(summary.best).toMatchObject({ arm: 'PILAF', mean: 3 });
    // t(0.975, 1) = 12.7062 and s = √2
    expect(summary.best?.half).toBeCloseTo(12.7062, 3);
    expect(summary.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('compares J under the first arm’s β only', () => {
    const config = configOf({ arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf', beta: 0.1, name: 'PILAF' }] });
    expect(runSummary(resultsWith({ config })).best).toMatchObject({ arm: 'Vanilla', mean: 1 });
  });

  it('hashes the whole by its runs and their order; without one of them there is no hash', () => {
    expect(wholeHash(['ab', 'cd'])).toBe(wholeHash(['ab', 'cd']));
    expect(wholeHash(['ab', 'cd'])).not.toBe(wholeHash(['cd', 'ab']));
    expect(wholeHash(['ab', 'cd'])).not.toBe(wholeHash(['abc', 'd']));
    expect(wholeHash(['ab', ''])).toBe('');
  });
});
