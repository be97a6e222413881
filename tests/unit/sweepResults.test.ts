import { valueOf } from '../../src/experiment/reading';
import { armName } from '../../src/experiment/config/names';
import { describe, expect, it } from 'vitest';
import { cellSummary } from '../../src/analysis/cellSummary';
import { sweepFingerprint } from '../../src/analysis/sweepFingerprint';
import { estimateOf, estimateText, isUndecided, sweepLayouts, type Estimate } from '../../src/analysis/sweepTable';
import type { ChartTheme } from '../../src/charts/figure';
import { heatmapFigure } from '../../src/charts/heatmap';
import { appendEvaluation, createHistory, markDiverged } from '../../src/experiment/documents/history';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import { cellConfig, cellValues, parseSweepDocument, type SweepDocument } from '../../src/experiment/documents/sweep';
import {
  parseSweepResults,
  type ArmSummary,
  type SavingSummary,
  type SweepResults,
} from '../../src/experiment/documents/sweepResults';

const THEME: ChartTheme = { ink: '#111111', muted: '#666666', grid: '#eeeeee', surface: '#ffffff', font: 'Arial' };

function documentOf(axes: readonly object[]): SweepDocument {
  const base = {
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds: 3,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 400, pairs: 1 },
    evaluation: { every: 100 },
  };
  const parsed = parseSweepDocument({ base, axes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const GRID = documentOf([
  { path: 'task.rewardScale', values: [1, 3] },
  { path: 'beta', values: [0.1, 1, 2] },
]);

const arm = (name: string, labelSaving: SavingSummary | null): ArmSummary => ({
  arm: name,
  seeds: 3,
  diverged: 0,
  reward: { mean: 2, half: 0.5 },
  kl: { mean: 1, half: 0.5 },
  objective: { mean: 1, half: 0.5 },
  gap: { mean: 0.01234, half: 0.001 },
  lateObjective: { mean: 1, half: 0.5 },
  rewardSpread: { mean: 0.7, half: 0.1 },
  difference: labelSaving && { mean: -0.25, half: 0.125 },
  labelSaving,
  samplingSaving: null,
  annotationSaving: null,
  hashes: ['00', '01', '02'],
});

const saved = (value: number | null, low: number | null, high: number | null): SavingSummary => ({
  saved: value,
  interval: { low, high },
});

/** The fourth cell is missing. */
const SAVINGS: [number, SavingSummary][] = [
  [0, saved(0.4, 0.3, 0.5)],
  [1, saved(0.05, -0.1, 0.2)],
  [2, saved(-0.2, -0.4, -0.1)],
  [4, saved(null, null, 0.1)],
  [5, saved(null, null, null)],
];

const results = (sweep = GRID): SweepResults => ({
  format: 'pilaf-lab/sweep',
  version: 1,
  fingerprint: sweepFingerprint(sweep),
  sweep,
  backend: { name: 'cpu', adapter: null },
  cells: SAVINGS.map(([number, saving]) => ({
    number,
    values: cellValues(sweep, number),
    arms: [arm('Vanilla', null), arm('PILAF', saving)],
  })),
});

describe('a cell’s summary', () => {
  const config = cellConfig(GRID, 1);
  if (!config.ok) throw new Error();
  const history = createHistory(config.value, {
    runs: config.value.arms.flatMap((one) =>
      [0, 1, 2, 3, 4].map((seed) => ({ arm: armName(one), seed, optimum: null })),
    ),
    optimum: null,
    frontier: null,
  });
  // Vanilla climbs 0 … 4 over 400 labels; PILAF stays below in one seed, so that it may never get there.
  const repeated = (count: number, curve: number[]) => Array.from({ length: count }, () => curve);
  const curves = [...repeated(5, [0, 1, 2, 3, 4]), ...repeated(4, [0, 9, 9, 9, 9]), [0, 1, 1, 1, 1]];
  curves.forEach((curve, run) =>
    curve.forEach((objective, i) =>
      appendEvaluation(history, run, {
        step: 100 * i,
        objective,
        reward: objective + 1,
        kl: 1,
        gap: null,
        rewardSpread: 0.5,
        labels: 100 * i,
        samplingCost: null,
      } as Evaluation),
    ),
  );
  const [vanilla, pilaf] = cellSummary(history);

  it('has means, intervals, the paired difference and what diverged', () => {
    expect(vanilla).toMatchObject({
      arm: 'Vanilla',
      seeds: 5,
      diverged: 0,
      objective: { mean: 4, half: 0 },
      gap: null,
      rewardSpread: { mean: 0.5, half: 0 },
    });
    expect(vanilla).toMatchObject({ difference: null, labelSaving: null, samplingSaving: null });
    // 5, four times, and −3 over Vanilla: t(4) = 2.776 times s/√5 = 1.6.
    expect(pilaf!.difference!.mean).toBeCloseTo(3.4, 12);
    expect(pilaf!.difference!.half).toBeCloseTo(2.776445 * 1.6, 5);
  });

  it('keeps “never reached” through JSON, as null', () => {
    const { labelSaving, samplingSaving } = JSON.parse(JSON.stringify(pilaf)) as ArmSummary;
    // The mean, 0 and 7.4, passes 4 after 100·4/7.4 labels.
    expect(labelSaving!.saved).toBeCloseTo(1 - 4 / 7.4 / 4, 12);
    expect(labelSaving!.interval!.low).toBeNull();
    expect(samplingSaving).toBeNull();
    expect(estimateOf(pilaf!, 'labelSaving')!.low).toBe(-Infinity);
  });

  it('has no interval of a saving where runs have diverged, and counts them', () => {
    const broken = createHistory(config.value, {
      runs: history.runs.map(({ arm: at, seed }) => ({ arm: history.arms[at]!, seed, optimum: null })),
      optimum: null,
      frontier: null,
    });
    curves.forEach((curve, run) =>
      (run === 9 ? curve.slice(0, 2) : curve).forEach((objective, i) =>
        appendEvaluation(broken, run, { step: 100 * i, objective, labels: 100 * i } as Evaluation),
      ),
    );
    markDiverged(broken, 9, 150);
    const [, one] = cellSummary(broken);
    expect(one).toMatchObject({ seeds: 5, diverged: 1, objective: { mean: 9 }, difference: { mean: 5 } });
    expect(one!.labelSaving).toMatchObject({ interval: null });
  });
});

describe('a sweep’s document', () => {
  it('is read again as it was written', () => {
    expect(valueOf(parseSweepResults(JSON.parse(JSON.stringify(results()))))).toEqual(results());
  });

  it.each<[object, RegExp]>([
    [{ ...results(), format: 'x' }, /^format: /],
    [{ ...results(), version: 2 }, /^version: /],
    [{ ...results(), sweep: { base: 'nothing', list: [{}] } }, /sweep\.base: "nothing"/],
    [{ ...results(), sweep: { base: 'bandit-race', list: [{ beta: 0 }] } }, /cell 0 \(beta = 0\): beta: 0/],
    [{ ...results(), cells: results().cells.toReversed() }, /from 0 to 5, each at most once and in order/],
    [{ ...results(), cells: [{ ...results().cells[0]!, number: 6 }] }, /from 0 to 5/],
    [{ ...results(), cells: [{ ...results().cells[0]!, arms: [{ arm: 'PILAF' }] }] }, /^cells.0.arms.0/],
  ])('is refused where it is wrong (%#)', (input, message) => {
    expect(() => valueOf(parseSweepResults(input))).toThrow(message);
  });
});

describe('estimates', () => {
  it('leave their sign open where the interval contains 0, or there is none', () => {
    const open = (low: number | null, high: number | null) => isUndecided({ value: 1, low, high });
    expect([open(-1, 2), open(0, 2), open(-Infinity, 0.1), open(null, null)]).toEqual([true, true, true, true]);
    expect([open(0.1, 2), open(-2, -0.1), open(-Infinity, -Infinity)]).toEqual([false, false, false]);
  });

  it('are written with a true minus', () => {
    const text = (value: number, quantity: Parameters<typeof estimateText>[1]) =>
      estimateText({ value, low: null, high: null } satisfies Estimate, quantity);
    expect([0.344, -0.2, -0.001, -Infinity].map((value) => text(value, 'labelSaving'))).toEqual([
      '34%',
      '−20%',
      '0%',
      'never',
    ]);
    expect([1.23456, -0.25, 0.00012, 0, 12.345].map((value) => text(value, 'difference'))).toEqual([
      '1.235',
      '−0.250',
      '0.00012',
      '0.000',
      '12.35',
    ]);
  });

  it('lie by rows and columns of the last two axes, else one a row', () => {
    expect(sweepLayouts(GRID)).toEqual([
      {
        title: '',
        rowTitle: 'task.rewardScale',
        columnTitle: 'beta',
        rows: ['1', '3'],
        columns: ['0.1', '1', '2'],
        numbers: [
          [0, 1, 2],
          [3, 4, 5],
        ],
      },
    ]);
    const line = documentOf([{ path: 'loss.kind', values: ['dpo', 'ipo'] }]);
    expect(sweepLayouts(line)).toMatchObject([{ rowTitle: 'loss.kind', rows: ['dpo', 'ipo'], numbers: [[0], [1]] }]);
    const list: SweepDocument = { base: GRID.base, list: [{ beta: 1 }, { beta: 2, seeds: 4 }, {}] };
    expect(sweepLayouts(list)).toMatchObject([{ rows: ['beta=1', 'beta=2 seeds=4', 'the base'] }]);
  });

  it('lie in a panel for every setting of the axes before the last two', () => {
    const cube = documentOf(['seeds', 'firstSeed', 'beta'].map((path) => ({ path, values: [1, 2] })));
    const panels = sweepLayouts(cube);
    expect(panels.map(({ title }) => title)).toEqual(['seeds=1', 'seeds=2']);
    expect(panels[1]).toMatchObject({
      rowTitle: 'firstSeed',
      columnTitle: 'beta',
      numbers: [
        [4, 5],
        [6, 7],
      ],
    });
  });
});

describe('the heat map', () => {
  const options = { panel: 0, arm: 1, quantity: 'labelSaving', mode: 'light' } as const;
  const figure = heatmapFigure(results(), THEME, options, 'v');
  const trace = figure.traces[0] as unknown as {
    x: number[];
    base: number[];
    text: string[];
    customdata: string[];
    marker: {
      color: string[];
      pattern: { shape: string[] };
    };
    textfont: { color: string[] };
  };

  it('puts every cell in its place, with its value in it', () => {
    expect(trace.x).toEqual([0, 1, 2, 1, 2]);
    expect(trace.base).toEqual([-0.5, -0.5, -0.5, 0.5, 0.5]);
    expect(trace.text).toEqual(['40%', '5% ?', '−20%', 'never ?', 'never']);
    expect(figure.layout.xaxis).toMatchObject({ ticktext: ['0.1', '1', '2'], tickvals: [0, 1, 2], range: [-0.5, 2.5] });
    expect(figure.layout.yaxis).toMatchObject({ ticktext: ['1', '3'] });
  });

  it('has a diverging scale with 0 in its middle, and colours that every bar takes', () => {
    expect(trace.marker.color).toEqual([
      'rgb(1, 133, 113)',
      'rgb(215, 231, 229)',
      'rgb(206, 171, 136)',
      'rgb(245, 245, 245)',
      'rgb(166, 97, 26)',
    ]);
  });

  it('hatches and names the cells whose interval contains 0', () => {
    expect(trace.marker.pattern.shape).toEqual(['', '/', '', '/', '']);
    expect(trace.customdata[1]).toBe('<b>1</b>, <b>1</b><br>5% (−10% to 20%)<br>the interval contains 0');
    expect(figure.summary).toBe(
      'PILAF: labels saved, against Vanilla. Of 5 cells 1 are above 0, 2 are not, and 2 have an interval that contains 0.',
    );
  });

  it('writes on every colour in an ink of at least 4.5 : 1', () => {
    const channels = (colour: string) =>
      colour.startsWith('#')
        ? [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
        : colour.match(/\d+/g)!.map(Number);
    const luminance = (colour: string) => {
      const [r, g, b] = channels(colour).map((channel) => {
        const c = channel / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    for (const mode of ['light', 'dark'] as const) {
      const { marker, textfont } = heatmapFigure(results(), THEME, { ...options, mode }, 'v')
        .traces[0] as never as typeof trace;
      for (const [cell, colour] of marker.color.entries()) {
        const [dark, light] = [luminance(colour), luminance(textfont.color[cell]!)].sort((a, b) => a - b);
        expect((light! + 0.05) / (dark! + 0.05)).toBeGreaterThan(4.5);
      }
    }
  });

  it('has a table with every cell, the missing one as a dash', () => {
    expect(figure.table()).toEqual({
      columns: ['task.rewardScale', '0.1', '1', '2'],
      rows: [
        ['1', '40% (30% to 50%)', '5% (−10% to 20%)', '−20% (−40% to −10%)'],
        ['3', '–', 'never (never to 10%)', 'never'],
      ],
    });
  });

  it('shows what has no sign on a scale from 0, unmarked', () => {
    const gap = heatmapFigure(results(), THEME, { ...options, quantity: 'gap' }, 'v')
      .traces[0] as never as typeof trace;
    expect(gap.text).toEqual(Array(5).fill('0.012'));
    expect(gap.marker.color).toEqual(Array(5).fill('rgb(33, 102, 172)'));
    expect(gap.marker.pattern.shape).toEqual(Array(5).fill(''));
  });

  it('shows names as text', () => {
    const sweep = documentOf([
      { path: 'arms.0.name', values: ['<b>a</b>', 'c'] },
      { path: 'beta', values: [0.1, 1, 2] },
    ]);
    const { layout } = heatmapFigure(results(sweep), THEME, options, 'v');
    expect(layout.yaxis!.ticktext).toEqual(['&lt;b&gt;a&lt;/b&gt;', 'c']);
  });
});
