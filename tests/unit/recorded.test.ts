import { valueOf } from '../../src/experiment/reading';
import { armName } from '../../src/experiment/config/names';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { appendEvaluation, createHistory, resultsOf } from '../../src/experiment/documents/history';
import { METRICS, type Evaluation } from '../../src/experiment/documents/metrics';
import { encodeRecorded, parseRecorded } from '../../src/experiment/documents/recorded';
import type { ExperimentConfig } from '../../src/experiment/config/schema';

function configOf(seeds: number, samplers: readonly ('vanilla' | 'pilaf' | 'hybrid')[]): ExperimentConfig {
  const parsed = parseConfig({
    task: { kind: 'bandit', tables: 'shared' },
    arms: samplers.map((sampler) => ({ sampler })),
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
  });
  if (!parsed.ok) throw new Error('no config');
  return parsed.value;
}

/** Every run's J is its place in the race, with more digits than are kept. */
function resultsFor(config: ExperimentConfig, status: 'complete' | 'stopped' = 'complete') {
  const runs = config.arms.flatMap((arm) =>
    Array.from({ length: config.seeds }, (_, seed) => ({ arm: armName(arm), seed, optimum: null })),
  );
  const history = createHistory(config, { runs, optimum: null, frontier: null });
  const nothing = Object.fromEntries(Object.keys(METRICS).map((metric) => [metric, null]));
  runs.forEach((_, run) => {
    const objective = run + 1 / 3;
    appendEvaluation(history, run, { ...nothing, step: 10, objective } as unknown as Evaluation);
    Object.assign(history.runs[run]!, { status, hash: `hash ${run}` });
  });
  return resultsOf(history, { name: 'wasm', adapter: null }, { seconds: 61.4, pairsPerSecond: 1 });
}

const ORIGIN = { command: 'npm run lab -- run it', version: '1.2.3', date: '2026-01-02' };
const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('recorded runs', () => {
  it('come back as they were, to six digits', () => {
    const config = configOf(2, ['vanilla', 'pilaf']);
    const found = valueOf(parseRecorded(written(encodeRecorded(config, resultsFor(config), ORIGIN))));
    expect(found).toMatchObject({ ...ORIGIN, config, backend: { name: 'wasm' } });
    expect(found.history.runs.map(({ columns }) => columns.objective)).toEqual([
      [0.333333],
      [1.33333],
      [2.33333],
      [3.33333],
    ]);
    expect(found.history.runs[3]).toMatchObject({ arm: 1, seed: 1, steps: [10], hash: 'hash 3', status: 'complete' });
    expect(found.history.runs[0]!.columns.gap).toEqual([null]);
  });

  it('keep an estimated optimum, which is the same for every seed, as an estimate', () => {
    const estimate = { errors: { reward: 0.1, kl: 0.2, objective: 0.3 }, effective: { minimum: 7, median: 12 } };
    const point = { reward: 3, kl: 1, objective: 2, estimate };
    const config = configOf(2, ['vanilla']);
    const whole = { ...resultsFor(configOf(3, ['vanilla'])), optimum: point, frontier: [point] };
    const { history } = valueOf(parseRecorded(written(encodeRecorded(config, whole, ORIGIN))));
    expect(history).toMatchObject({ optimum: point, frontier: [point] });
    const exact = { ...whole, optimum: { reward: 3, kl: 1, objective: 2 } };
    expect(() => encodeRecorded(config, exact, ORIGIN)).toThrow(/mean over other seeds/);
  });

  it('can be a part of a race with more arms and seeds', () => {
    const config = configOf(2, ['hybrid', 'vanilla']);
    const whole = resultsFor(configOf(3, ['vanilla', 'pilaf', 'hybrid']));
    const found = valueOf(parseRecorded(written(encodeRecorded(config, whole, ORIGIN))));
    expect(found.history.runs.map(({ hash }) => hash)).toEqual(['hash 6', 'hash 7', 'hash 0', 'hash 1']);
  });

  it.each([
    ['another arm', configOf(2, ['vanilla', 'hybrid']), /no arm like Hybrid/],
    ['more seeds', configOf(3, ['vanilla']), /no whole run of Vanilla with seed 2/],
    ['other settings', { ...configOf(2, ['vanilla']), beta: 2 }, /other settings/],
  ])('are refused where the preset asks for %s', (_, config, message) => {
    const whole = resultsFor(configOf(2, ['vanilla', 'pilaf']));
    expect(() => encodeRecorded(config, whole, ORIGIN)).toThrow(message);
  });

  it('are refused where a run was stopped', () => {
    const config = configOf(1, ['vanilla']);
    expect(() => encodeRecorded(config, resultsFor(config, 'stopped'), ORIGIN)).toThrow(/no whole run/);
  });

  it.each([
    ['no document', 7, /^the file: /],
    ['a number that is text', { runs: [{ columns: { reward: ['1'] } }] }, /^runs\.0\./],
    ['a bad config', { config: { beta: 1 } }, /^config\./],
  ])('are refused as %s', (_, change, message) => {
    const config = configOf(1, ['vanilla']);
    const good = written(encodeRecorded(config, resultsFor(config), ORIGIN)) as object;
    expect(() => valueOf(parseRecorded(typeof change === 'number' ? change : { ...good, ...change }))).toThrow(message);
  });
});
