import type { PlotData } from 'plotly.js';
import { meanAt, pickIndices, stepsOf, type MeanPoint } from '../analysis/aggregate';
import type { RaceHistory } from '../experiment/documents/history';
import { METRICS } from '../experiment/documents/metrics';
import type { ArmConfig, ExperimentConfig } from '../experiment/config/schema';
import { armLooks, DASHES, withAlpha, type ArmLook, type Mode } from './colours';
import { AGAINST, type Against } from './curve';
import { axisRange, baseAxis, baseLayout, type ChartTheme, type DataTable, type Figure } from './figure';
import { short, whole, withInterval } from '../analysis/format';
import { escaped } from './plane';

/** Whole experiments in one plot: a curve per run and arm, in the arm's colour; the dash tells the runs apart. */

export interface ComparedRun {
  readonly name: string;
  readonly history: RaceHistory;
}

export interface ComparisonOptions {
  /** J against what it cost, or the reward–KL plane. */
  readonly kind: 'objective' | 'plane';
  /** Only for J. */
  readonly against: Against;
  readonly mode: Mode;
}

interface Curve {
  readonly run: string;
  readonly arm: string;
  readonly look: ArmLook;
  readonly points: readonly ComparedPoint[];
}

interface ComparedPoint {
  readonly step: number;
  readonly x: number;
  readonly y: MeanPoint;
  /** The horizontal interval, where there is one. */
  readonly kl: MeanPoint | null;
}

const MOST_POINTS = 60;

export function comparisonFigure(
  runs: readonly ComparedRun[],
  theme: ChartTheme,
  options: ComparisonOptions,
  view: string,
): Figure {
  const arms = comparedArms(runs, options.mode);
  const curves = runs.flatMap((run, i) => curvesOf(run, i, arms, options));
  const plane = options.kind === 'plane';
  const [across, up] = plane
    ? ['KL from the reference (nats per completion)', 'Reward']
    : [AGAINST[options.against], METRICS.objective.label];
  const empty = curves.length === 0;
  return {
    traces: curves.flatMap((curve) => [interval(curve), line(curve, plane)]),
    layout: {
      ...baseLayout(theme, view),
      xaxis: { ...baseAxis(theme, across, empty), rangemode: 'tozero' },
      yaxis: { ...baseAxis(theme, up, empty), range: verticalRange(curves) },
    },
    summary: summary(curves, `${up} against ${across}`),
    table: () => table(curves, [across, up]),
  };
}

/** Every arm of any of the runs once, in the colour that it has there. */
export function comparedArms(
  runs: readonly ComparedRun[],
  mode: Mode,
): { readonly names: readonly string[]; readonly looks: readonly ArmLook[] } {
  const arms = new Map<string, ArmConfig>();
  for (const { history } of runs) {
    history.config.arms.forEach((arm, i) => {
      const name = history.arms[i] ?? '';
      if (!arms.has(name)) arms.set(name, arm);
    });
  }
  // One look a name, whatever else raced beside it.
  return { names: [...arms.keys()], looks: armLooks([...arms.values()], mode) };
}

/** Why the curves cannot be judged against each other; null where they can. */
export function comparisonCaution(runs: readonly ComparedRun[]): string | null {
  const [first, ...others] = runs.map(({ history }) => history.config);
  if (!first) return null;
  const differs = (what: (config: ExperimentConfig) => unknown) =>
    others.some((config) => JSON.stringify(what(config)) !== JSON.stringify(what(first)));
  if (differs(({ task }) => task.kind))
    return 'These runs are on different tasks: their rewards are on different scales.';
  if (differs(({ task }) => task))
    return 'The runs’ tasks differ in their settings, so their rewards are on different scales.';
  const betas = new Set(runs.flatMap(({ history: { config } }) => config.arms.map((arm) => arm.beta ?? config.beta)));
  if (betas.size > 1) return 'β differs between arms: each J charges KL by its own.';
  if (differs(({ seeds, firstSeed }) => [seeds, firstSeed])) {
    return 'The runs’ seeds differ, so part of a difference may be the luck of the draw.';
  }
  return null;
}

function curvesOf(
  { name, history }: ComparedRun,
  index: number,
  { names, looks }: ReturnType<typeof comparedArms>,
  options: ComparisonOptions,
): Curve[] {
  const dash = DASHES[index % DASHES.length]!;
  return history.arms.flatMap((arm, a) => {
    const look = looks[names.indexOf(arm)];
    const points = pickIndices(stepsOf(history, a).length, MOST_POINTS).flatMap((at) =>
      pointAt(history, a, at, options),
    );
    return look && points.length > 0 ? [{ run: name, arm, look: { ...look, dash }, points }] : [];
  });
}

function pointAt(
  history: RaceHistory,
  arm: number,
  index: number,
  { kind, against }: ComparisonOptions,
): readonly ComparedPoint[] {
  const kl = kind === 'plane' ? meanAt(history, arm, 'kl', index) : null;
  const y = meanAt(history, arm, kind === 'plane' ? 'reward' : 'objective', index);
  if (!y || (kind === 'plane' && !kl)) return [];
  const x = kl?.mean ?? (against === 'step' ? y.step : meanAt(history, arm, against, index)?.mean);
  return x === undefined ? [] : [{ step: y.step, x, y, kl }];
}

/** The 95% intervals at the last point, as a cross: those of all points would cover each other. */
function interval({ points, look }: Curve): Partial<PlotData> {
  const last = points.at(-1)!;
  const [across, up] = [last.kl?.half ?? 0, last.y.half ?? 0];
  const [x, y] = [last.x, last.y.mean];
  return {
    type: 'scatter',
    mode: 'lines',
    x: [x - across, x + across, null, x, x],
    y: [y, y, null, y - up, y + up],
    line: { color: withAlpha(look.colour, 0.5), width: 1.2 },
    hoverinfo: 'skip',
  };
}

/** All means with some air, and as much of wide intervals as does not flatten them. */
function verticalRange(curves: readonly Curve[]): [number, number] | undefined {
  const means = curves.flatMap(({ points }) => points.map(({ y }) => y.mean));
  if (means.length === 0) return undefined;
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const span = high - low || Math.abs(high) || 1;
  const widest = Math.max(0, ...curves.map(({ points }) => points.at(-1)!.y.half ?? 0));
  const pad = 0.05 * span + Math.min(widest, 0.25 * span);
  return axisRange(low - pad, high + pad);
}

function line({ run, arm, look, points }: Curve, plane: boolean): Partial<PlotData> {
  const symbol = look.hollow ? `${look.marker}-open` : look.marker;
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name: `${run}, ${arm}`,
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y.mean),
    line: { color: look.colour, width: 1.6, dash: look.dash },
    marker: {
      symbol: points.map((_, i) => (plane || i === points.length - 1 ? symbol : 'circle')),
      color: look.colour,
      // Along J only the end is marked; the others are there to be pointed at.
      size: points.map((_, i) => (i === points.length - 1 ? 9 : plane ? 5 : 0.1)),
    },
    text: points.map(
      ({ step, y, kl }) =>
        `<b>${escaped(run)}</b><br>${escaped(arm)}, step ${whole(step)}<br>` +
        (kl ? `reward ${withInterval(y)}<br>KL ${withInterval(kl)}` : `J ${withInterval(y)}`),
    ),
    hovertemplate: '%{text}<extra></extra>',
    cliponaxis: false,
  };
}

function summary(curves: readonly Curve[], head: string): string {
  if (curves.length === 0) return `${head}; empty until a run is selected.`;
  const ends = curves.map(({ run, arm, points }) => {
    const last = points.at(-1)!;
    return `${run}, ${arm}: ${withInterval(last.y)} at ${last.kl ? withInterval(last.kl) : short(last.x)}`;
  });
  return `${head}. ${ends.join('; ')}.`;
}

function table(curves: readonly Curve[], [across, up]: readonly [string, string]): DataTable {
  return {
    columns: ['Run', 'Arm', 'Step', across, up, 'Seeds'],
    rows: curves.flatMap(({ run, arm, points }) =>
      points.map(({ step, x, y, kl }) => [
        run,
        arm,
        whole(step),
        kl ? withInterval(kl) : whole(x),
        withInterval(y),
        String(y.seeds),
      ]),
    ),
  };
}
