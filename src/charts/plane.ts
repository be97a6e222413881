import type { PlotData } from 'plotly.js';
import { isReliable, type PlanePoint } from '../experiment/documents/results';
import { meanAt, pickIndices, runsOf, stepsOf, type MeanPoint } from '../analysis/aggregate';
import { armLooks, withAlpha, type ArmLook, type Mode } from './colours';
import { axisRange, baseAxis, baseLayout, logTicks, type ChartTheme, type DataTable, type Figure } from './figure';
import { compact, whole, withInterval } from '../analysis/format';
import type { RaceHistory, RunHistory } from '../experiment/documents/history';

/** The reward–KL plane. Every evaluation is a dot; later ones are darker. */

export interface PlaneOptions {
  /** Reward itself, or how far it lies below the best reward at its KL, on a logarithmic axis. */
  readonly height: 'reward' | 'below';
  readonly mode: Mode;
  /** Whether every seed has its line. */
  readonly seeds?: boolean;
  /** Arms that are left out, by index. */
  readonly hidden?: readonly number[];
}

interface Evaluated {
  readonly reward: MeanPoint;
  readonly kl: MeanPoint;
  /** Where the oracle has only learnt its reward: what it was to learn. */
  readonly truth: MeanPoint | null;
}

/** Enough to draw a smooth line, few enough to redraw several times a second. */
const MOST_DOTS = 40;
const MOST_SEED_POINTS = 1000;
/** A normal estimate's 95% interval in standard errors. */
const NORMAL95 = 1.96;

export function planeFigure(
  history: RaceHistory | null,
  theme: ChartTheme,
  options: PlaneOptions,
  view: string,
): Figure {
  const below = options.height === 'below' && history?.frontier !== null;
  const { seeds = true, hidden = [] } = options;
  const arms = history ? history.arms.map((_, arm) => (hidden.includes(arm) ? [] : evaluatedArm(history, arm))) : [];
  const looks = armLooks(history?.config.arms ?? [], options.mode);
  const base = baseLayout(theme, view);
  const lowRange = belowRange(history, arms);
  const drawn = history ? traces(history, arms, looks, theme, below, seeds ? hidden : null) : [];
  return {
    traces: drawn,
    steps: drawn.map(
      ({ name }) => arms[history?.arms.indexOf(name ?? '') ?? -1]?.map(({ reward }) => reward.step) ?? null,
    ),
    layout: {
      ...base,
      xaxis: {
        ...baseAxis(theme, 'KL from the reference (nats per completion)', !history),
        range: horizontalRange(history, arms),
      },
      yaxis: below
        ? {
            ...baseAxis(theme, 'Reward below the line', !history),
            type: 'log',
            range: [...lowRange],
            ...logTicks(lowRange),
          }
        : { ...baseAxis(theme, 'Reward', !history), range: verticalRange(history, arms) },
    },
    summary: summary(history, arms),
    table: () => table(history, arms),
  };
}

function evaluatedArm(history: RaceHistory, arm: number): Evaluated[] {
  return pickIndices(stepsOf(history, arm).length, MOST_DOTS).flatMap((index) => {
    const reward = meanAt(history, arm, 'reward', index);
    const kl = meanAt(history, arm, 'kl', index);
    return reward && kl ? [{ reward, kl, truth: meanAt(history, arm, 'trueReward', index) }] : [];
  });
}

function traces(
  history: RaceHistory,
  arms: readonly Evaluated[][],
  looks: readonly ArmLook[],
  theme: ChartTheme,
  below: boolean,
  withoutSeeds: readonly number[] | null,
): Partial<PlotData>[] {
  const height = (reward: number, kl: number): number | null =>
    below ? distanceBelow(reliableLine(history), reward, kl) : reward;
  const perArm = <T>(make: (look: ArmLook, arm: number) => T) => looks.map(make);
  return [
    ...(below || withoutSeeds === null
      ? []
      : perArm((look, arm) => seedLines(withoutSeeds.includes(arm) ? [] : runsOf(history, arm), history, look))),
    ...(below ? [] : perArm((look, arm) => lastWhiskers(arms[arm] ?? [], look))),
    ...(below ? [] : [doubtfulLine(history, theme), frontierLine(history, theme), lineNote(history, arms, theme)]),
    ...(below ? [] : perArm((look, arm) => truthLine(history.arms[arm] ?? '', arms[arm] ?? [], look))),
    ...perArm((look, arm) => meanLine(history, arm, arms[arm] ?? [], look, height)),
    ...(below ? [] : [divergedMarks(history, looks), optimumStar(history, theme)]),
  ];
}

/** All seeds of an arm in one trace, with gaps between them. */
function seedLines(runs: readonly RunHistory[], history: RaceHistory, look: ArmLook): Partial<PlotData> {
  const most = Math.max(4, Math.floor(MOST_SEED_POINTS / Math.max(1, history.runs.length)));
  const x: (number | null)[] = [];
  const y: (number | null)[] = [];
  for (const run of runs.length > 1 ? runs : []) {
    for (const i of pickIndices(run.steps.length, most)) {
      x.push(run.columns.kl[i] ?? null);
      y.push(run.columns.reward[i] ?? null);
    }
    x.push(null);
    y.push(null);
  }
  return {
    type: 'scatter',
    mode: 'lines',
    x,
    y,
    line: { color: withAlpha(look.colour, 0.13), width: 1, simplify: true },
    hoverinfo: 'skip',
  };
}

function meanLine(
  history: RaceHistory,
  arm: number,
  points: readonly Evaluated[],
  look: ArmLook,
  height: (reward: number, kl: number) => number | null,
): Partial<PlotData> {
  const name = history.arms[arm] ?? '';
  const ripeness = points.map(({ reward }) => 0.25 + (0.75 * reward.step) / Math.max(1, history.config.schedule.steps));
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name,
    x: points.map(({ kl }) => kl.mean),
    y: points.map(({ reward, kl }) => height(reward.mean, kl.mean)),
    line: { color: withAlpha(look.colour, 0.75), width: 1.5, dash: look.dash },
    marker: {
      symbol: look.hollow ? `${look.marker}-open` : look.marker,
      color: look.colour,
      opacity: ripeness,
      size: 7,
      line: { width: look.hollow ? 1.5 : 0, color: look.colour },
    },
    text: points.map(
      ({ reward, kl }) =>
        `<b>${escaped(name)}</b>, step ${whole(reward.step)}<br>reward ${withInterval(reward)}<br>KL ${withInterval(kl)}`,
    ),
    hovertemplate: '%{text}<extra></extra>',
    cliponaxis: false,
  };
}

/** The true reward over the same KL, without dots: where it parts from the reward, the policy exploits its oracle. */
function truthLine(name: string, points: readonly Evaluated[], look: ArmLook): Partial<PlotData> {
  const known = points.flatMap(({ kl, truth }) => (truth ? [{ kl, truth }] : []));
  return {
    type: 'scatter',
    mode: 'lines',
    x: known.map(({ kl }) => kl.mean),
    y: known.map(({ truth }) => truth.mean),
    line: { color: look.colour, width: 1.5, dash: 'dot' },
    text: known.map(({ truth }) => `<b>${escaped(name)}</b><br>true reward ${withInterval(truth)}`),
    hovertemplate: '%{text}<extra></extra>',
  };
}

/** The 95% intervals of reward and KL at the newest evaluation only, as one cross: more would hide the dots. */
function lastWhiskers(points: readonly Evaluated[], look: ArmLook): Partial<PlotData> {
  const last = points.at(-1);
  const x: (number | null)[] = [];
  const y: (number | null)[] = [];
  if (last && last.kl.half !== null && last.reward.half !== null) {
    const { kl, reward } = last;
    x.push(kl.mean - last.kl.half, kl.mean + last.kl.half, null, kl.mean, kl.mean);
    y.push(reward.mean, reward.mean, null, reward.mean - last.reward.half, reward.mean + last.reward.half);
  }
  return {
    type: 'scatter',
    mode: 'lines',
    x,
    y,
    line: { color: withAlpha(look.colour, 0.55), width: 1.2 },
    hoverinfo: 'skip',
  };
}

/** The part of the frontier that is exact, or estimated well enough: up to the first point that is not. */
export function reliableLine({ frontier }: RaceHistory): readonly PlanePoint[] {
  const points = frontier ?? [];
  const end = points.findIndex((point) => !isReliable(point));
  return end < 0 ? points : points.slice(0, end);
}

/** The rest of it, joined to the part that can be trusted. */
function doubtfulLine(history: RaceHistory, theme: ChartTheme): Partial<PlotData> {
  const end = reliableLine(history).length;
  const points = (history.frontier ?? []).slice(Math.max(0, end - 1));
  const shown = points.length > 1 || end === 0 ? points : [];
  return {
    type: 'scatter',
    mode: 'lines',
    x: shown.map((p) => p.kl),
    y: shown.map((p) => p.reward),
    line: { color: withAlpha(theme.muted, 0.5), width: 1.5, dash: 'dot' },
    text: shown.map(() => 'Too few effective samples: only a rough estimate'),
    hovertemplate: '%{text}<extra></extra>',
  };
}

function frontierLine(history: RaceHistory, theme: ChartTheme): Partial<PlotData> {
  const points = reliableLine(history);
  return {
    type: 'scatter',
    mode: 'lines',
    x: points.map((p) => p.kl),
    y: points.map((p) => p.reward),
    line: { color: theme.ink, width: 1.5, dash: 'dash' },
    hoverinfo: 'skip',
  };
}

function optimumStar(history: RaceHistory, theme: ChartTheme): Partial<PlotData> {
  const best = history.optimum;
  const marker =
    best && !isReliable(best)
      ? { symbol: 'star-open', size: 14, color: theme.muted, line: { color: theme.muted, width: 1.5 } }
      : { symbol: 'star', size: 14, color: theme.ink, line: { color: theme.surface, width: 1.5 } };
  return {
    type: 'scatter',
    mode: 'markers',
    x: best ? [best.kl] : [],
    y: best ? [best.reward] : [],
    marker,
    hovertemplate: `${best ? optimumText(best) : ''}<extra></extra>`,
    cliponaxis: false,
  };
}

function optimumText(best: PlanePoint): string {
  const { estimate } = best;
  const value = (name: 'reward' | 'kl' | 'objective'): string =>
    estimate ? withInterval({ mean: best[name], half: NORMAL95 * estimate.errors[name] }) : compact(best[name]);
  const lines = [`reward ${value('reward')}`, `KL ${value('kl')}`, `J* ${value('objective')}`];
  if (!estimate) return ['<b>Optimum</b>', ...lines].join('<br>');
  const size = `effective samples per prompt: ${whole(estimate.effective.minimum)} or more`;
  return isReliable(best)
    ? ['<b>Optimum, estimated</b>', ...lines, size].join('<br>')
    : ['<b>Optimum, a rough guess</b>', ...lines, `${size}, too few`].join('<br>');
}

/** Where a run that met a number that is not finite was last seen. */
function divergedMarks(history: RaceHistory, looks: readonly ArmLook[]): Partial<PlotData> {
  const lost = history.runs.filter((run) => run.status === 'diverged' && run.steps.length > 0);
  return {
    type: 'scatter',
    mode: 'markers',
    x: lost.map((run) => run.columns.kl.at(-1) ?? null),
    y: lost.map((run) => run.columns.reward.at(-1) ?? null),
    marker: { symbol: 'x-thin', size: 9, line: { width: 2, color: lost.map((run) => looks[run.arm]?.colour ?? '') } },
    text: lost.map(
      (run) => `${escaped(history.arms[run.arm] ?? '')}, seed ${run.seed}<br>diverged at step ${run.divergedAt}`,
    ),
    hovertemplate: '%{text}<extra></extra>',
  };
}

/** What is nearer to the line than this, relatively, is on it: the policies start there. */
const ROUNDING = 1e-4;

/** How far a point lies under the frontier; null on it, above it and beyond its last KL. */
export function distanceBelow(frontier: readonly PlanePoint[], reward: number, kl: number): number | null {
  const right = frontier.findIndex((p) => p.kl >= kl);
  const b = frontier[right];
  if (!b) return null;
  const a = frontier[right - 1] ?? b;
  const share = b.kl > a.kl ? (kl - a.kl) / (b.kl - a.kl) : 1;
  const best = a.reward + share * (b.reward - a.reward);
  const distance = best - reward;
  return distance > ROUNDING * Math.max(1, Math.abs(best)) ? distance : null;
}

/** Above the line where it has room there, else below it. */
function lineNote(history: RaceHistory, arms: readonly Evaluated[][], theme: ChartTheme): Partial<PlotData> {
  const points = reliableLine(history);
  const [, right] = horizontalRange(history, arms);
  const limit = (history.optimum?.kl ?? points.at(-1)?.kl ?? 0) * 0.7;
  const at = points.find((p) => p.kl >= limit);
  const above = at !== undefined && at.kl > 0.4 * right;
  return {
    type: 'scatter',
    mode: 'text',
    x: at ? [at.kl] : [],
    y: at ? [at.reward] : [],
    text: at ? [above ? 'best reward at each KL\u2002' : '\u2002best reward at each KL'] : [],
    textposition: above ? 'top left' : 'bottom right',
    textfont: { size: 11, color: theme.muted },
    hoverinfo: 'skip',
  };
}

/**
 * Wide enough for the means, the optimum and the newest intervals; single seeds may leave the picture, and so may
 * intervals of few seeds, which can be many times as wide as the race.
 */
function horizontalRange(history: RaceHistory | null, arms: readonly Evaluated[][]): [number, number] {
  const most = Math.max(history?.optimum?.kl ?? 0, ...arms.flat().map(({ kl }) => kl.mean));
  const ends = arms.flatMap((points) => points.slice(-1).map(({ kl }) => kl.mean + Math.min(kl.half ?? 0, 0.3 * most)));
  const right = Math.max(most, ...ends);
  return right > 0 ? axisRange(-0.02 * right, 1.06 * right) : [-0.02, 1];
}

function verticalRange(history: RaceHistory | null, arms: readonly Evaluated[][]): [number, number] {
  const values = arms.flat().flatMap(({ reward, truth }) => [reward.mean, ...(truth ? [truth.mean] : [])]);
  if (history?.optimum) values.push(history.optimum.reward);
  const start = history?.frontier?.[0];
  if (start) values.push(start.reward);
  if (values.length === 0) return [0, 1];
  const span = Math.max(...values) - Math.min(...values);
  const widening = span > 0 ? 0.3 * span : Infinity;
  for (const { reward } of arms.flatMap((points) => points.slice(-1))) {
    const half = Math.min(reward.half ?? 0, widening);
    values.push(reward.mean - half, reward.mean + half);
  }
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = Math.max(0.06 * (high - low), 0.01);
  return axisRange(low - pad, high + pad);
}

/** In decades, as a logarithmic axis takes it. */
function belowRange(history: RaceHistory | null, arms: readonly Evaluated[][]): readonly [number, number] {
  const decades = arms
    .flat()
    .map(({ reward, kl }) => distanceBelow(history ? reliableLine(history) : [], reward.mean, kl.mean))
    .filter((value) => value !== null)
    .map(Math.log10);
  return decades.length === 0 ? [-2, 0] : [Math.min(...decades) - 0.12, Math.max(...decades) + 0.12];
}

function summary(history: RaceHistory | null, arms: readonly Evaluated[][]): string {
  if (!history) return 'Reward against KL from the reference; empty until a run starts.';
  const ends = arms.flatMap((points, arm) => {
    const last = points.at(-1);
    if (!last) return [];
    const truth = last.truth ? `, true reward ${withInterval(last.truth)},` : '';
    return [`${history.arms[arm]}: reward ${withInterval(last.reward)}${truth} at KL ${withInterval(last.kl)}`];
  });
  return `Reward against KL from the reference. ${ends.join('; ')}.${optimumSummary(history.optimum)}`;
}

function optimumSummary(best: PlanePoint | null): string {
  if (!best) return '';
  const kind = !best.estimate ? '' : isReliable(best) ? ', estimated' : ', a rough guess';
  return ` Optimum${kind}: reward ${compact(best.reward)} at KL ${compact(best.kl)}.`;
}

function table(history: RaceHistory | null, arms: readonly Evaluated[][]): DataTable {
  const hasTruth = arms.flat().some(({ truth }) => truth !== null);
  return {
    columns: ['Arm', 'Step', 'KL', 'Reward', ...(hasTruth ? ['True reward'] : []), 'Seeds'],
    rows: arms.flatMap((points, arm) =>
      points.map(({ reward, kl, truth }) => [
        history?.arms[arm] ?? '',
        whole(reward.step),
        withInterval(kl),
        withInterval(reward),
        ...(hasTruth ? [truth ? withInterval(truth) : ''] : []),
        String(reward.seeds),
      ]),
    ),
  };
}

/** Plotly reads a little HTML in its texts; an arm's name is the user's. */
export const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
