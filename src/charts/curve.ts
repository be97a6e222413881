import type { PlotData } from 'plotly.js';
import { METRICS, type MetricName } from '../experiment/documents/metrics';
import { meanAt, pickIndices, stepsOf, type MeanPoint } from '../analysis/aggregate';
import { armLooks, withAlpha, type ArmLook, type Mode } from './colours';
import { axisRange, baseAxis, baseLayout, logTicks, type ChartTheme, type DataTable, type Figure } from './figure';
import { short, whole, withInterval } from '../analysis/format';
import type { RaceHistory } from '../experiment/documents/history';
import { escaped } from './plane';

/** One metric against what it cost, or how far the policy has gone: the mean over seeds with its 95% band, arms named at their ends. */

export const AGAINST = {
  step: 'steps',
  labels: 'pairs labelled',
  samplingCost: 'sampling cost (policy passes per run)',
  annotationCost: 'responses shown to the annotator',
  kl: 'KL from the reference',
} as const;
export type Against = keyof typeof AGAINST;

export interface CurveOptions {
  readonly metric: MetricName;
  readonly against: Against;
  readonly mode: Mode;
  /** Arms that are left out, by index. */
  readonly hidden?: readonly number[];
  /** Height of the plot in pixels, to keep the names at the line ends apart. */
  readonly height: number;
}

interface CurvePoint extends MeanPoint {
  readonly x: number;
}

const MOST_POINTS = 100;
const NAME_GAP = 14;
const MARGIN = { l: 48, t: 10, b: 42 };
/** Letters of a name at a line's end, and the pixels that one takes at most. */
const LETTERS = 15;
const LETTER = 7;

export function curveFigure(
  history: RaceHistory | null,
  theme: ChartTheme,
  options: CurveOptions,
  view: string,
): Figure {
  const log = options.metric === 'gap';
  const { hidden = [] } = options;
  const arms = history
    ? history.arms.map((_, arm) => (hidden.includes(arm) ? [] : curveOf(history, arm, options)))
    : [];
  const looks = armLooks(history?.config.arms ?? [], options.mode);
  const range = verticalRange(arms, log);
  const mostX = Math.max(0, ...arms.flatMap((points) => points.map((p) => p.x)));
  const drawn = arms
    .flatMap((points, arm) => {
      const look = looks[arm];
      return look ? [band(points, look, log), line(history?.arms[arm] ?? '', points, look, options)] : [];
    })
    .concat(history ? [ends(arms, looks, log), endNames(history.arms, arms, looks, range, log, options.height)] : []);
  return {
    traces: drawn,
    steps: drawn.map(({ name }) => arms[history?.arms.indexOf(name ?? '') ?? -1]?.map(({ step }) => step) ?? null),
    layout: {
      ...baseLayout(theme, view),
      margin: {
        ...MARGIN,
        r: 20 + LETTER * Math.max(4, ...(history?.arms ?? []).map((name) => shortened(name).length)),
      },
      xaxis: { ...baseAxis(theme, AGAINST[options.against], !history), range: [0, mostX || 1], nticks: 5 },
      yaxis: {
        ...baseAxis(theme, METRICS[options.metric].label, !history),
        type: log ? 'log' : 'linear',
        range: [...range],
        ...(log ? logTicks(range) : {}),
      },
    },
    summary: summary(history, arms, options),
    table: () => table(history, arms, options),
  };
}

/** Arms whose price is not counted cannot stand on a cost axis. */
export function armsWithoutPrice(history: RaceHistory, against: Against): string[] {
  if (against === 'step') return [];
  return history.arms.filter((_, arm) => {
    const count = stepsOf(history, arm).length;
    return count > 1 && meanAt(history, arm, against, count - 1) === null;
  });
}

function curveOf(history: RaceHistory, arm: number, { metric, against }: CurveOptions): CurvePoint[] {
  return pickIndices(stepsOf(history, arm).length, MOST_POINTS).flatMap((index) => {
    const point = meanAt(history, arm, metric, index);
    const x = against === 'step' ? point?.step : meanAt(history, arm, against, index)?.mean;
    return point && x !== undefined ? [{ ...point, x }] : [];
  });
}

function band(points: readonly CurvePoint[], look: ArmLook, log: boolean): Partial<PlotData> {
  const known = points.filter((p) => p.half !== null);
  const low = (p: CurvePoint) => {
    const edge = p.mean - (p.half ?? 0);
    return log ? Math.max(edge, p.mean / 20) : edge;
  };
  const there = known.map((p) => p.mean + (p.half ?? 0));
  const back = known.map(low).reverse();
  const x = known.map((p) => p.x);
  return {
    type: 'scatter',
    mode: 'lines',
    x: [...x, ...x.toReversed()],
    y: [...there, ...back],
    fill: 'toself',
    fillcolor: withAlpha(look.colour, 0.13),
    line: { width: 0 },
    hoverinfo: 'skip',
  };
}

function line(name: string, points: readonly CurvePoint[], look: ArmLook, options: CurveOptions): Partial<PlotData> {
  return {
    type: 'scatter',
    mode: 'lines',
    name,
    x: points.map((p) => p.x),
    y: points.map((p) => (options.metric === 'gap' && p.mean <= 0 ? null : p.mean)),
    line: { color: look.colour, width: 1.8, dash: look.dash },
    text: points.map(
      (p) => `<b>${escaped(name)}</b>, step ${whole(p.step)}<br>${METRICS[options.metric].label} ${withInterval(p)}`,
    ),
    hovertemplate: '%{text}<extra></extra>',
    cliponaxis: false,
  };
}

/** Every arm's marker at the end of its line. */
function ends(arms: readonly CurvePoint[][], looks: readonly ArmLook[], log: boolean): Partial<PlotData> {
  const shown = arms.flatMap((points, arm) => {
    const last = points.at(-1);
    const look = looks[arm];
    return last && look && (!log || last.mean > 0) ? [{ last, look }] : [];
  });
  return {
    type: 'scatter',
    mode: 'markers',
    x: shown.map(({ last }) => last.x),
    y: shown.map(({ last }) => last.mean),
    marker: {
      symbol: shown.map(({ look }) => (look.hollow ? `${look.marker}-open` : look.marker)),
      color: shown.map(({ look }) => look.colour),
      size: 7,
    },
    hoverinfo: 'skip',
    cliponaxis: false,
  };
}

/** Axis range in the axis's own unit: decades where logarithmic. */
function verticalRange(arms: readonly CurvePoint[][], log: boolean): readonly [number, number] {
  const points = arms.flat().filter((p) => !log || p.mean > 0);
  if (points.length === 0) return log ? [-2, 0.5] : [0, 1];
  if (log) {
    const decades = points.map((p) => Math.log10(p.mean));
    return [Math.min(...decades) - 0.2, Math.max(...decades) + 0.1];
  }
  // Bands of the first evaluations, and of few seeds, may be wide and would flatten the rest.
  const means = points.map((p) => p.mean);
  const span = Math.max(...means) - Math.min(...means);
  const widening = span > 0 ? 0.3 * span : Infinity;
  const edges = arms.flatMap((ofArm) =>
    ofArm.slice(-1).flatMap(({ mean, half }) => {
      const shown = Math.min(half ?? 0, widening);
      return [mean - shown, mean + shown];
    }),
  );
  const low = Math.min(...means, ...edges);
  const high = Math.max(...means, ...edges);
  const pad = Math.max(0.05 * (high - low), 1e-3);
  return axisRange(low - pad, high + pad);
}

/** A trace of texts, not annotations: Plotly measures every annotation at every redraw. */
function endNames(
  names: readonly string[],
  arms: readonly CurvePoint[][],
  looks: readonly ArmLook[],
  range: readonly [number, number],
  log: boolean,
  height: number,
): Partial<PlotData> {
  const perPixel = (range[1] - range[0]) / (height - MARGIN.t - MARGIN.b);
  const ends = arms.flatMap((points, arm) => {
    const last = points.at(-1);
    if (!last || points.length < 2 || (log && last.mean <= 0)) return [];
    const value = log ? Math.log10(last.mean) : last.mean;
    return [{ arm, x: last.x, pixel: (range[1] - value) / perPixel }];
  });
  const heights = spreadOut(
    ends.map((end) => end.pixel),
    NAME_GAP,
    height - MARGIN.t - MARGIN.b,
  ).map((pixel) => range[1] - pixel * perPixel);
  return {
    type: 'scatter',
    mode: 'text',
    x: ends.map((end) => end.x),
    y: heights.map((value) => (log ? 10 ** value : value)),
    // The spaces keep clear of the marker.
    text: ends.map((end) => `\u2003<b>${escaped(shortened(names[end.arm] ?? ''))}</b>`),
    textposition: 'middle right',
    textfont: { size: 11, color: ends.map((end) => looks[end.arm]?.text ?? '') },
    hoverinfo: 'skip',
    cliponaxis: false,
  };
}

const shortened = (name: string): string => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);

/** Moves positions apart until neighbours keep `gap`, inside 0 … limit where that is possible; order is kept. */
export function spreadOut(positions: readonly number[], gap: number, limit: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const placed = [...positions];
  let floor = -Infinity;
  for (const i of order) {
    placed[i] = Math.max(placed[i] ?? 0, floor);
    floor = (placed[i] ?? 0) + gap;
  }
  let ceiling = limit;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i] ?? 0, ceiling);
    ceiling = (placed[i] ?? 0) - gap;
  }
  return placed;
}

function summary(history: RaceHistory | null, arms: readonly CurvePoint[][], options: CurveOptions): string {
  const head = `${METRICS[options.metric].label} against ${AGAINST[options.against]}`;
  if (!history) return `${head}; empty until a run starts.`;
  const ends = arms.flatMap((points, arm) => {
    const last = points.at(-1);
    return last ? [`${history.arms[arm]}: ${withInterval(last)} after ${short(last.x)}`] : [];
  });
  return `${head}. ${ends.join('; ')}.`;
}

function table(history: RaceHistory | null, arms: readonly CurvePoint[][], options: CurveOptions): DataTable {
  return {
    columns: ['Arm', 'Step', AGAINST[options.against], METRICS[options.metric].label, 'Seeds'],
    rows: arms.flatMap((points, arm) =>
      points.map((p) => [history?.arms[arm] ?? '', whole(p.step), whole(p.x), withInterval(p), String(p.seeds)]),
    ),
  };
}
