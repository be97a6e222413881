import { armName } from '../../src/experiment/config/names';
import { SAMPLER_NAMES } from '../../src/experiment/samplers/table';
import { describe, expect, it } from 'vitest';
import { excludesZero, lastDifference, areSame, lastMean, meanAt, pickIndices } from '../../src/analysis/aggregate';
import { contrast } from '../../src/charts/contrast';
import { armLooks, MARKERS, markerPath, SAMPLER_LOOKS } from '../../src/charts/colours';
import { armsWithoutPrice, curveFigure, spreadOut } from '../../src/charts/curve';
import type { ChartTheme } from '../../src/charts/figure';
import { compact, duration, fixed, short, signed, whole, withInterval } from '../../src/analysis/format';
import {
  appendEvaluation,
  createHistory,
  markDiverged,
  markFinished,
  resultsOf,
} from '../../src/experiment/documents/history';
import type { RaceHistory } from '../../src/experiment/documents/history';
import { distanceBelow, planeFigure } from '../../src/charts/plane';
import { savings } from '../../src/analysis/labelSaving';
import { hasMetric, sparkline } from '../../src/charts/sparkline';
import { standings } from '../../src/analysis/standings';
import { parseConfig } from '../../src/experiment/config/config';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import { PRESETS } from '../../src/experiment/presets/presets';
import type { PlanePoint } from '../../src/experiment/documents/results';
import { type ExperimentConfig, type ExperimentConfigInput } from '../../src/experiment/config/schema';

const THEME: ChartTheme = { ink: '#111111', muted: '#666666', grid: '#eeeeee', surface: '#ffffff', font: 'Arial' };
const POINT: PlanePoint = { reward: 3, kl: 1, objective: 2 };
const FRONTIER: PlanePoint[] = [
  { reward: 0, kl: 0, objective: 0 },
  { reward: 2, kl: 0.5, objective: 1.5 },
  { reward: 3, kl: 1, objective: 2 },
];

function configOf(input: Partial<ExperimentConfigInput>): ExperimentConfig {
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds: 3,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 400, pairs: 10 },
    evaluation: { every: 100 },
    ...input,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function evaluation(step: number, values: Partial<Evaluation>): Evaluation {
  return {
    step,
    reward: 0,
    kl: 0,
    objective: 0,
    gap: null,
    loss: null,
    chosenReward: null,
    rejectedReward: null,
    margin: null,
    accuracy: null,
    entropy: 1,
    length: 1,
    oracleGap: null,
    rewardSpread: null,
    trueReward: null,
    labels: step * 10,
    annotationCost: step * 20,
    samplingCost: step * 20,
    ...values,
  };
}

/** Two arms × three seeds with an evaluation at steps 0, 100 and 200; the second arm's J is 0.5 higher throughout. */
function race(known = true): RaceHistory {
  const config = configOf({});
  const history = createHistory(config, {
    runs: config.arms.flatMap((arm) =>
      [0, 1, 2].map((seed) => ({ arm: armName(arm), seed, optimum: known ? POINT : null })),
    ),
    optimum: known ? POINT : null,
    frontier: known ? FRONTIER : null,
  });
  for (const step of [0, 100, 200]) {
    for (let run = 0; run < 6; run++) {
      const better = run >= 3 ? 0.5 + 0.01 * run : 0;
      const objective = step / 200 + (run % 3) + better;
      const kl = step / 400;
      appendEvaluation(history, run, evaluation(step, { objective, kl, reward: objective + kl, gap: 4 - objective }));
    }
  }
  return history;
}

describe('aggregation', () => {
  it('averages over the seeds of an arm', () => {
    const point = meanAt(race(), 0, 'objective', 1);
    expect(point).toMatchObject({ step: 100, seeds: 3 });
    expect(point?.mean).toBeCloseTo(1.5, 12);
    // t(0.975, 2) = 4.30265 and s = 1
    expect(point?.half).toBeCloseTo(4.30265 / Math.sqrt(3), 4);
  });

  it('counts a diverged seed up to its last evaluation', () => {
    const history = race();
    markDiverged(history, 0, 250);
    for (let run = 1; run < 6; run++) appendEvaluation(history, run, evaluation(300, { objective: 7 }));
    expect(lastMean(history, 0, 'objective')).toMatchObject({ step: 300, seeds: 2, mean: 7 });
  });

  it('has no value where every seed lacks it', () => {
    expect(lastMean(race(), 0, 'loss')).toBeNull();
    expect(meanAt(race(), 0, 'reward', 99)).toBeNull();
  });

  it('pairs arms by seed, not by position', () => {
    const history = race();
    const difference = lastDifference(history, 1, 0, 'objective');
    expect(difference?.mean).toBeCloseTo(0.54, 12);
    expect(difference?.seeds).toBe(3);
    expect(difference?.half).toBeLessThan(0.03);
  });

  it('says that one seed excludes nothing', () => {
    expect(excludesZero({ mean: 1, half: null })).toBe(false);
    expect(excludesZero({ mean: 1, half: 0.9 })).toBe(true);
    expect(excludesZero({ mean: -1, half: 1.1 })).toBe(false);
  });

  it('picks indices with both ends', () => {
    expect(pickIndices(3, 10)).toEqual([0, 1, 2]);
    const picked = pickIndices(1000, 5);
    expect(picked).toHaveLength(5);
    expect([picked[0], picked.at(-1)]).toEqual([0, 999]);
  });
});

describe('results document', () => {
  it('gives back every evaluation as it came', () => {
    const history = race();
    markFinished(
      history,
      history.runs.map((_, i) => ({ status: 'complete' as const, hash: `h${i}` })),
    );
    const results = resultsOf(history, { name: 'wasm', adapter: null }, { seconds: 1, pairsPerSecond: 2 });
    expect(results.format).toBe('pilaf-lab/results');
    expect(results.runs).toHaveLength(6);
    expect(results.runs[4]).toMatchObject({ arm: 'PILAF', seed: 1, status: 'complete', hash: 'h4' });
    expect(results.runs[0]?.evaluations[1]).toEqual(
      evaluation(100, { objective: 0.5, kl: 0.25, reward: 0.75, gap: 3.5 }),
    );
  });
});

describe('colours', () => {
  it('give every sampler its own colour and marker', () => {
    for (const mode of ['light', 'dark'] as const) {
      expect(new Set(SAMPLER_NAMES.map((name) => SAMPLER_LOOKS[name][mode])).size).toBe(SAMPLER_NAMES.length);
    }
    expect(new Set(SAMPLER_NAMES.map((name) => SAMPLER_LOOKS[name].marker)).size).toBe(SAMPLER_NAMES.length);
    for (const marker of MARKERS) expect(markerPath(marker)).toMatch(/^M.*Z$/);
  });

  it('contrast with the page at least 3 : 1', () => {
    for (const name of SAMPLER_NAMES) {
      expect(contrast(SAMPLER_LOOKS[name].light, '#ffffff'), name).toBeGreaterThan(3);
      expect(contrast(SAMPLER_LOOKS[name].dark, '#1c1e25'), name).toBeGreaterThan(3);
    }
  });

  it('keep apart for colour-blind readers, those that race together in a preset widely', () => {
    const presets = PRESETS.map(({ config }) => new Set(config.arms.map((arm) => arm.sampler)));
    for (const mode of ['light', 'dark'] as const) {
      for (const kind of ['protan', 'deutan'] as const) {
        for (const [i, a] of SAMPLER_NAMES.entries()) {
          for (const b of SAMPLER_NAMES.slice(i + 1)) {
            const distance = seenDistance(SAMPLER_LOOKS[a][mode], SAMPLER_LOOKS[b][mode], kind);
            expect(distance, `${a} and ${b}, ${mode}, ${kind}`).toBeGreaterThan(
              presets.some((arms) => arms.has(a) && arms.has(b)) ? 17 : 11,
            );
          }
        }
      }
    }
  });

  it('tell twins apart by dash and hollow marker', () => {
    const [first, other, second] = armLooks(
      [{ sampler: 'pilaf' }, { sampler: 'hybrid' }, { sampler: 'pilaf' }],
      'light',
    );
    expect(second?.colour).not.toBe(first?.colour);
    expect(new Set([first, other, second].map((look) => look?.marker)).size).toBe(3);
    expect(second?.dash).not.toBe(first?.dash);
  });

  it.each(['light', 'dark'] as const)('tell any twelve arms apart by marker and by colour, %s', (mode) => {
    const many = [
      ...SAMPLER_NAMES.map((sampler) => Array.from({ length: 12 }, () => ({ sampler }))),
      Array.from({ length: 12 }, (_, i) => ({ sampler: SAMPLER_NAMES[i % SAMPLER_NAMES.length]! })),
      Array.from({ length: 12 }, (_, i) => ({ sampler: (['pilaf', 'vanilla', 'hybrid'] as const)[i % 3]! })),
    ];
    const ground = mode === 'light' ? '#ffffff' : '#1c1e25';
    for (const arms of many) {
      const looks = armLooks(arms, mode);
      expect(new Set(looks.map(({ marker, hollow }) => `${marker} ${hollow}`)).size).toBe(12);
      expect(new Set(looks.map(({ colour }) => colour)).size).toBe(12);
      for (const { colour, text } of looks) {
        expect(contrast(colour, ground)).toBeGreaterThanOrEqual(3);
        expect(contrast(text, ground)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

describe('plane', () => {
  const options = { height: 'reward', mode: 'light' } as const;

  it('is empty and says so before a run', () => {
    const figure = planeFigure(null, THEME, options, 'v');
    expect(figure.traces).toEqual([]);
    expect(figure.table().rows).toEqual([]);
    expect(figure.summary).toContain('empty');
  });

  it('draws means whose dots ripen with the step', () => {
    const { traces } = planeFigure(race(), THEME, options, 'v');
    const pilaf = traces.find((trace) => trace.name === 'PILAF');
    expect(pilaf?.x).toEqual([0, 0.25, 0.5]);
    const opacity = pilaf?.marker?.opacity as number[];
    expect(opacity).toHaveLength(3);
    expect(opacity[0]).toBeLessThan(opacity[2] ?? 0);
  });

  it('draws the true reward where it is measured, dotted, and within the picture', () => {
    const history = race(false);
    for (let run = 0; run < 6; run++) {
      appendEvaluation(history, run, evaluation(300, { kl: 1, reward: 2, trueReward: run < 3 ? -7 : -8 }));
    }
    const figure = planeFigure(history, THEME, options, 'v');
    const dotted = figure.traces.filter(({ line, text }) => line?.dash === 'dot' && text?.length);
    expect(dotted.map(({ x, y }) => [x, y])).toEqual([
      [[1], [-7]],
      [[1], [-8]],
    ]);
    expect(figure.layout.yaxis?.range?.[0]).toBeLessThan(-8);
    expect(figure.summary).toContain('true reward −8');
    expect(figure.table().columns).toContain('True reward');
    expect(planeFigure(race(), THEME, options, 'v').table().columns).not.toContain('True reward');
  });

  it('joins the seeds of an arm in one trace, with gaps', () => {
    const { traces } = planeFigure(race(), THEME, options, 'v');
    expect(traces[0]?.x).toHaveLength(3 * 4);
    expect((traces[0]?.x as (number | null)[]).filter((x) => x === null)).toHaveLength(3);
  });

  it('keeps to a few thousand points whatever the experiment', () => {
    const config = configOf({ seeds: 64, evaluation: { every: 1 } });
    const history = createHistory(config, {
      runs: config.arms.flatMap((arm) =>
        Array.from({ length: 64 }, (_, seed) => ({ arm: armName(arm), seed, optimum: null })),
      ),
      optimum: null,
      frontier: null,
    });
    for (let step = 0; step <= 400; step++) {
      history.runs.forEach((_, run) => appendEvaluation(history, run, evaluation(step, { kl: step, reward: run })));
    }
    const { traces } = planeFigure(history, THEME, options, 'v');
    const points = traces.reduce((sum, trace) => sum + ((trace.x as unknown[] | undefined)?.length ?? 0), 0);
    expect(points).toBeLessThan(4000);
  });

  it('shows the line and the star only where they are known', () => {
    const drawn = (history: RaceHistory) =>
      planeFigure(history, THEME, options, 'v').traces.flatMap((trace) =>
        (trace.x as unknown[]).length > 0 ? [trace] : [],
      );
    expect(drawn(race()).some((trace) => trace.marker?.symbol === 'star')).toBe(true);
    expect(drawn(race(false)).some((trace) => trace.marker?.symbol === 'star')).toBe(false);
  });

  describe('with an estimated optimum', () => {
    const point = (kl: number, minimum: number): PlanePoint => ({
      reward: 4 - 4 / (1 + kl),
      kl,
      objective: 1,
      estimate: { errors: { reward: 0.01, kl: 0.02, objective: 0.03 }, effective: { minimum, median: 2 * minimum } },
    });
    const drawn = (frontier: PlanePoint[], optimum: PlanePoint) => {
      const { traces, summary } = planeFigure({ ...race(), frontier, optimum }, THEME, options, 'v');
      const line = (dash: string) =>
        traces.find((trace) => trace.mode === 'lines' && trace.line?.dash === dash && trace.line.width === 1.5);
      const star = traces.find((trace) => String(trace.marker?.symbol).startsWith('star'));
      return { dashed: line('dash'), dotted: line('dot'), star, summary };
    };

    it('draws the line to where its samples suffice and goes on in grey', () => {
      const { dashed, dotted } = drawn([point(0, 900), point(1, 300), point(2, 99), point(3, 5)], point(1, 300));
      expect(dashed?.x).toEqual([0, 1]);
      expect(dashed?.line?.color).toBe(THEME.ink);
      expect(dotted?.x).toEqual([1, 2, 3]);
      expect(dotted?.line?.color).toBe('rgba(102, 102, 102, 0.5)');
    });

    it('greys nothing where all of it suffices, and everything where nothing does', () => {
      const good = drawn([point(0, 900), point(1, 300)], point(1, 300));
      expect([good.dashed?.x, good.dotted?.x]).toEqual([[0, 1], []]);
      const bad = drawn([point(0, 9), point(1, 3)], point(1, 3));
      expect([bad.dashed?.x, bad.dotted?.x]).toEqual([[], [0, 1]]);
    });

    it('fills the star where it can be trusted, with its error', () => {
      const { star, summary } = drawn([point(0, 900), point(1, 300)], point(1, 300));
      expect(star?.marker?.symbol).toBe('star');
      expect(star?.hovertemplate).toContain('J* 1.000 ± 0.059');
      expect(star?.hovertemplate).toContain('300 or more');
      expect(summary).toContain('Optimum, estimated: reward 2 at KL 1.');
    });

    it('leaves it hollow and grey where it cannot, and says so', () => {
      const { star, summary } = drawn([point(0, 900), point(1, 30)], point(1, 30));
      expect(star?.marker).toMatchObject({ symbol: 'star-open', color: THEME.muted });
      expect(star?.hovertemplate).toContain('30 or more, too few');
      expect(summary).toContain('rough guess');
    });

    it('measures no distance to the grey part', () => {
      const history = { ...race(), frontier: [point(0, 900), point(0.3, 300), point(1, 5)] };
      const { traces } = planeFigure(history, THEME, { ...options, height: 'below' }, 'v');
      // KL 0, 0.25 and 0.5; at 0 the first arm lies above this made-up line.
      expect(traces.find((trace) => trace.name === 'Vanilla')?.y).toMatchObject({ 2: null });
      expect(traces.find((trace) => trace.name === 'Vanilla')?.x).toEqual([0, 0.25, 0.5]);
    });
  });

  it('marks a diverged run where it was last seen', () => {
    const history = race();
    markDiverged(history, 4, 250);
    const marks = planeFigure(history, THEME, options, 'v').traces.find((trace) => trace.marker?.symbol === 'x-thin');
    expect(marks?.x).toEqual([0.5]);
  });

  it('measures the distance below the line by interpolation', () => {
    expect(distanceBelow(FRONTIER, 0.5, 0.25)).toBeCloseTo(0.5, 12);
    expect(distanceBelow(FRONTIER, 5, 0.25)).toBeNull();
    expect(distanceBelow(FRONTIER, 0, 2)).toBeNull();
  });

  it('puts the distance below the line on a logarithmic axis', () => {
    const { layout } = planeFigure(race(), THEME, { height: 'below', mode: 'light' }, 'v');
    expect(layout.yaxis?.type).toBe('log');
  });

  it('writes an arm’s name as text, never as markup', () => {
    const config = configOf({ arms: [{ sampler: 'vanilla', name: '<b onload=x>' }] });
    const history = createHistory(config, {
      runs: [{ arm: '<b onload=x>', seed: 0, optimum: null }],
      optimum: null,
      frontier: null,
    });
    appendEvaluation(history, 0, evaluation(0, {}));
    const text = planeFigure(history, THEME, options, 'v').traces.flatMap((trace) => trace.text ?? []);
    expect(text.join('')).toContain('&lt;b onload=x&gt;');
  });
});

describe('curves', () => {
  const options = { metric: 'gap', against: 'labels', mode: 'light', height: 240 } as const;

  it('draw the mean against the chosen cost, the gap logarithmically', () => {
    const { traces, layout } = curveFigure(race(), THEME, options, 'v');
    const pilaf = traces.find((trace) => trace.name === 'PILAF');
    expect(pilaf?.x).toEqual([0, 1000, 2000]);
    expect(layout.yaxis?.type).toBe('log');
    expect(curveFigure(race(), THEME, { ...options, metric: 'objective' }, 'v').layout.yaxis?.type).toBe('linear');
  });

  it('leave out arms without a price and name them', () => {
    const config = configOf({ arms: [{ sampler: 'vanilla' }, { sampler: 'uniform' }] });
    const history = createHistory(config, {
      runs: config.arms.map((arm) => ({ arm: armName(arm), seed: 0, optimum: POINT })),
      optimum: POINT,
      frontier: FRONTIER,
    });
    for (const step of [0, 100]) {
      appendEvaluation(history, 0, evaluation(step, { gap: 1 }));
      appendEvaluation(history, 1, evaluation(step, { gap: 1, samplingCost: null }));
    }
    expect(armsWithoutPrice(history, 'samplingCost')).toEqual(['Uniform']);
    expect(armsWithoutPrice(history, 'labels')).toEqual([]);
    const { traces } = curveFigure(history, THEME, { ...options, against: 'samplingCost' }, 'v');
    expect(traces.find((trace) => trace.name === 'Uniform')?.x).toEqual([]);
  });

  it('never put zero or less on the logarithmic axis', () => {
    const history = race();
    for (let run = 0; run < 6; run++) appendEvaluation(history, run, evaluation(300, { gap: -1 }));
    const { traces } = curveFigure(history, THEME, options, 'v');
    for (const trace of traces.filter((t) => t.name)) expect((trace.y as (number | null)[]).at(-1)).toBeNull();
  });

  it('name arms at their ends without overlap', () => {
    const { traces, layout } = curveFigure(race(), THEME, { ...options, metric: 'kl' }, 'v');
    const names = traces.find((trace) => trace.mode === 'text');
    expect(names?.text).toEqual([expect.stringContaining('Vanilla'), expect.stringContaining('PILAF')]);
    const [low, high] = layout.yaxis?.range as [number, number];
    const [first, second] = (names?.y as number[]).map((y) => ((high - y) / (high - low)) * (options.height - 52));
    expect(Math.abs(first! - second!)).toBeGreaterThanOrEqual(14 - 1e-9);
  });

  it('spread positions apart, keep their order and stay inside', () => {
    const placed = spreadOut([50, 50, 51, 199], 14, 200);
    const sorted = [...placed].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i++) {
      expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(14 - 1e-9);
    }
    expect(Math.max(...placed)).toBeLessThanOrEqual(200);
    expect(spreadOut([10, 100], 14, 200)).toEqual([10, 100]);
  });
});

describe('standings', () => {
  it('compare with the first arm in pairs', () => {
    const [vanilla, pilaf] = standings(race());
    expect(vanilla?.against).toBeNull();
    expect(pilaf?.against?.mean).toBeCloseTo(0.54, 12);
    const [turned, own] = standings(race(), 1);
    expect(own?.against).toBeNull();
    expect(turned?.against?.mean).toBeCloseTo(-0.54, 12);
  });

  it('call an arm best only when its paired interval lies above 0', () => {
    expect(standings(race()).map((row) => row.best)).toEqual([false, true]);
    const tied = race();
    for (let run = 0; run < 6; run++) appendEvaluation(tied, run, evaluation(300, { objective: run === 4 ? 2 : 1 }));
    expect(standings(tied).map((row) => row.best)).toEqual([false, false]);
  });

  it('compare no J under different β, nor labels saved by it', () => {
    const history = race();
    const [vanilla, pilaf] = history.config.arms;
    const mixed = { ...history, config: { ...history.config, arms: [vanilla!, { ...pilaf!, beta: 7 }] } };
    expect(standings(mixed).map((row) => row.against)).toEqual([null, null]);
    expect(standings(mixed).map((row) => row.best)).toEqual([false, false]);
    expect(savings(mixed, 'labels')).toEqual([]);
  });

  it('count diverged runs', () => {
    const history = race();
    markDiverged(history, 1, 150);
    expect(standings(history).map((row) => row.diverged)).toEqual([1, 0]);
  });

  it('never set a J of one step beside a J of another: an arm that has all diverged has none', () => {
    const history = race();
    for (const run of [0, 1, 2]) markDiverged(history, run, 250);
    for (const run of [3, 4, 5]) appendEvaluation(history, run, evaluation(300, { objective: 7 }));
    const [vanilla, pilaf] = standings(history);
    expect(vanilla).toMatchObject({ objective: null, reward: null, labels: null, counted: 0, seeds: 3, diverged: 3 });
    expect(pilaf).toMatchObject({ counted: 3, against: null, best: false });
    expect(savings(history, 'labels')).toEqual([]);
  });

  it('compare no arm with itself: runs that are the same have no difference', () => {
    const history = race();
    for (const run of [3, 4, 5]) {
      const { columns } = history.runs[run]!;
      columns.objective.splice(0, 3, ...history.runs[run - 3]!.columns.objective);
    }
    expect(areSame(history, 0, 1)).toBe(true);
    expect(standings(history).map(({ against }) => against)).toEqual([null, null]);
    expect(savings(history, 'samplingCost')).toEqual([]);
  });
});

describe('sparklines', () => {
  it('span the box', () => {
    const chart = sparkline(race(), 'objective', 100, 40);
    expect(chart?.low).toBeCloseTo(1, 12);
    expect(chart?.paths).toHaveLength(2);
    expect(chart?.paths[0]).toMatch(/^M2\.0 38\.0L/);
    expect(sparkline(race(), 'loss', 100, 40)).toBeNull();
    expect(hasMetric(race(), 'loss')).toBe(false);
  });
});

describe('numbers', () => {
  it('are written for reading', () => {
    expect(whole(4000)).toBe('4\u202f000');
    expect(whole(128_000)).toBe('128\u202f000');
    expect(short(128_000)).toBe('128k');
    expect(short(1_250_000)).toBe('1.25M');
    expect(fixed(-0.5, 2)).toBe('−0.50');
    expect(fixed(-0.001, 2)).toBe('0.00');
    expect(signed(0.017, 3)).toBe('+0.017');
    expect(signed(-0.017, 3)).toBe('−0.017');
    expect(compact(0.00001)).toBe('1e−5');
    expect(compact(2.5)).toBe('2.5');
  });

  it('show intervals to two digits', () => {
    expect(withInterval({ mean: 2.41639, half: 0.0048 })).toBe('2.4164 ± 0.0048');
    expect(withInterval({ mean: 18.97, half: 16.85 })).toBe('19 ± 17');
    expect(withInterval({ mean: 3.666, half: 0.38 })).toBe('3.67 ± 0.38');
    expect(withInterval({ mean: 0.5, half: null })).toBe('0.500');
    expect(withInterval(null)).toBe('–');
  });

  it.each([1e308, -1.7e308])('near the largest that there are break no axis, no mean and no text: %d', (big) => {
    const history = race();
    for (let run = 0; run < 6; run++) {
      const value = run % 2 === 0 ? big : -big / 2;
      appendEvaluation(history, run, evaluation(300, { objective: value, reward: value, kl: 1e308, gap: 1e308 }));
    }
    const finite = (range: unknown) => expect((range as number[]).every(Number.isFinite), String(range)).toBe(true);
    const plane = planeFigure(history, THEME, { height: 'reward', mode: 'light' }, 'v').layout;
    finite(plane.xaxis?.range);
    finite(plane.yaxis?.range);
    const options = { metric: 'objective', against: 'labels', mode: 'light', height: 240 } as const;
    finite(curveFigure(history, THEME, options, 'v').layout.yaxis?.range);
    expect(sparkline(history, 'objective', 100, 40)?.paths.join('')).not.toContain('NaN');
    for (const { objective } of standings(history)) expect(withInterval(objective)).not.toMatch(/NaN|Infinity/);
  });

  it('say how long', () => {
    expect(duration(0.2)).toBe('under 1 s');
    expect(duration(42.3)).toBe('42 s');
    expect(duration(600)).toBe('10 min');
    expect(duration(9000)).toBe('2.5 h');
  });
});

type Rgb = readonly [number, number, number];

/** Channels in linear light, 0 … 1. */
function linear(hex: string): Rgb {
  const channel = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** Full protanopia and deuteranopia in linear RGB: Machado, Oliveira and Fernandes 2009, severity 1. */
const DEFICIENCY = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
} as const;

/** CIE76 distance as somebody with the deficiency sees it. */
function seenDistance(a: string, b: string, kind: keyof typeof DEFICIENCY): number {
  const seen = (hex: string): Rgb => {
    const [r, g, bl] = linear(hex);
    const m = DEFICIENCY[kind];
    const row = (i: 0 | 3 | 6) => Math.min(1, Math.max(0, m[i] * r + m[(i + 1) as 1] * g + m[(i + 2) as 2] * bl));
    return lab([row(0), row(3), row(6)]);
  };
  const [p, q] = [seen(a), seen(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 27 / 116 + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
