import { armName } from '../../src/experiment/config/names';
import { describe, expect, it } from 'vitest';
import { SAMPLER_LOOKS } from '../../src/charts/colours';
import { comparedArms, comparisonCaution, comparisonFigure, type ComparedRun } from '../../src/charts/comparison';
import type { ChartTheme } from '../../src/charts/figure';
import { parseConfig } from '../../src/experiment/config/config';
import { appendEvaluation, createHistory } from '../../src/experiment/documents/history';
import type { Evaluation } from '../../src/experiment/documents/metrics';

const THEME: ChartTheme = { ink: '#111111', muted: '#666666', grid: '#eeeeee', surface: '#ffffff', font: 'Arial' };

/** Vanilla and PILAF on two seeds; J is `level` + the seed + the step / 10, and KL the step / 10. */
function run(name: string, level: number, change: object = {}): ComparedRun {
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds: 2,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 20, pairs: 3 },
    evaluation: { every: 10 },
    ...change,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { value: config } = parsed;
  const runs = config.arms.flatMap((arm) => [0, 1].map((seed) => ({ arm: armName(arm), seed, optimum: null })));
  const history = createHistory(config, { runs, optimum: null, frontier: null });
  for (const step of [0, 10, 20]) {
    runs.forEach(({ seed }, r) => {
      const objective = level + seed + step / 10;
      const reward = objective + step / 10;
      const samplingCost = r < 2 ? step * 2 : null;
      const values = { step, objective, reward, kl: step / 10, labels: step * 3, samplingCost };
      appendEvaluation(history, r, values as Evaluation);
    });
  }
  return { name, history };
}

const figureOf = (runs: ComparedRun[], options: Partial<Parameters<typeof comparisonFigure>[2]> = {}) =>
  comparisonFigure(runs, THEME, { kind: 'objective', against: 'step', mode: 'light', ...options }, 'view');
const lines = (figure: ReturnType<typeof figureOf>) => figure.traces.filter(({ name }) => name !== undefined);

describe('the comparison', () => {
  it('draws a curve per run and arm: the arm’s colour, the run’s dash and name', () => {
    const found = lines(figureOf([run('A', 0), run('B', 5)]));
    expect(found.map(({ name }) => name)).toEqual(['A, Vanilla', 'A, PILAF', 'B, Vanilla', 'B, PILAF']);
    expect(found.map(({ line }) => line?.color)).toEqual(
      ['vanilla', 'pilaf', 'vanilla', 'pilaf'].map((name) => SAMPLER_LOOKS[name as 'pilaf'].light),
    );
    expect(found.map(({ line }) => line?.dash)).toEqual(['solid', 'solid', 'dash', 'dash']);
    expect(found[2]!.x).toEqual([0, 10, 20]);
    expect(found[2]!.y).toEqual([5.5, 6.5, 7.5]);
  });

  it('has the interval at the end, and shows all means', () => {
    const figure = figureOf([run('A', 0)]);
    const whisker = figure.traces[0]!.y as number[];
    // t(0.975, 1) = 12.7062, s = √½, n = 2
    expect(whisker.at(-1)! - whisker.at(-2)!).toBeCloseTo(2 * 6.3531, 3);
    const [low, high] = figure.layout.yaxis!.range as [number, number];
    expect(low).toBeLessThan(0.5);
    expect(low, 'wide intervals do not flatten the curves').toBeGreaterThan(-0.5);
    expect(high).toBeGreaterThan(2.5);
  });

  it('counts in labels, or in what has a price', () => {
    expect(lines(figureOf([run('A', 0)], { against: 'labels' }))[0]!.x).toEqual([0, 30, 60]);
    const priced = lines(figureOf([run('A', 0)], { against: 'samplingCost' }));
    expect(priced.map(({ name }) => name)).toEqual(['A, Vanilla']);
  });

  it('draws reward at KL in the plane', () => {
    const figure = figureOf([run('A', 0)], { kind: 'plane' });
    expect(lines(figure)[0]).toMatchObject({ x: [0, 1, 2], y: [0.5, 2.5, 4.5] });
    expect(figure.summary).toMatch(/^Reward against KL .* A, Vanilla: 4\.5 ± \S+ at 2/);
  });

  it('tells the same in a table, and writes names as text', () => {
    const figure = figureOf([run('<b>A</b>', 0)]);
    expect(figure.table().columns).toEqual(['Run', 'Arm', 'Step', 'steps', 'J', 'Seeds']);
    expect(figure.table().rows).toHaveLength(6);
    expect(figure.table().rows[0]).toEqual(['<b>A</b>', 'Vanilla', '0', '0', '0.5 ± 6.4', '2']);
    expect((lines(figure)[0]!.text as string[])[0]).toContain('<b>&lt;b&gt;A&lt;/b&gt;</b>');
  });

  it('names every arm once', () => {
    const { names, looks } = comparedArms([run('A', 0), run('B', 5)], 'dark');
    expect(names).toEqual(['Vanilla', 'PILAF']);
    expect(looks.map(({ colour }) => colour)).toEqual([SAMPLER_LOOKS.vanilla.dark, SAMPLER_LOOKS.pilaf.dark]);
  });

  it('is empty without runs', () => {
    const figure = figureOf([]);
    expect(figure.traces).toEqual([]);
    expect(figure.summary).toContain('empty until a run is selected');
  });
});

describe('what cannot be compared', () => {
  const bandit = (change: object) => ({ task: { kind: 'bandit', ...change } });

  it.each([
    ['equal runs', {}, null],
    ['more steps', { schedule: { steps: 40, pairs: 3 } }, null],
    ['another task', { task: { kind: 'reviews' } }, /different tasks/],
    ['other tables', bandit({ rewardScale: 1 }), /tasks differ in their settings/],
    ['another β', { beta: 2 }, /β differs/],
    ['other seeds', { firstSeed: 4 }, /seeds differ/],
  ])('%s', (_, change, caution) => {
    const found = comparisonCaution([run('A', 0), run('B', 0, change)]);
    if (caution === null) expect(found).toBeNull();
    else expect(found).toMatch(caution);
  });

  it('says nothing without runs', () => expect(comparisonCaution([])).toBeNull());
});
