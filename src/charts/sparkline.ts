import type { MetricName } from '../experiment/documents/metrics';
import { lastMean, meanAt, pickIndices, stepsOf } from '../analysis/aggregate';
import type { RaceHistory } from '../experiment/documents/history';

/** A small chart, as SVG paths in a box of the given size. */
export interface Sparkline {
  readonly low: number;
  readonly high: number;
  /** One path per arm, empty where the metric does not exist for it. */
  readonly paths: readonly string[];
}

const MOST_POINTS = 60;
const INSET = 2;

/** Of one metric's means. */
export function sparkline(history: RaceHistory, metric: MetricName, width: number, height: number): Sparkline | null {
  const lines = history.arms.map((_, arm) =>
    pickIndices(stepsOf(history, arm).length, MOST_POINTS).flatMap(
      (index) => meanAt(history, arm, metric, index) ?? [],
    ),
  );
  return linesIn(
    lines.map((line) => line.map(({ step, mean }) => ({ step, value: mean }))),
    width,
    height,
  );
}

/** Lines over steps in one box; null without a point. */
export function linesIn(
  lines: readonly (readonly { readonly step: number; readonly value: number }[])[],
  width: number,
  height: number,
): Sparkline | null {
  const points = lines.flat();
  if (points.length === 0) return null;
  const low = Math.min(...points.map((p) => p.value));
  const high = Math.max(...points.map((p) => p.value));
  const span = high - low || 1;
  const lastStep = Math.max(1, ...points.map((p) => p.step));
  const x = (step: number) => INSET + (step / lastStep) * (width - 2 * INSET);
  const y = (value: number) => height - INSET - ((value - low) / span) * (height - 2 * INSET);
  const paths = lines.map((line) =>
    line.map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.step).toFixed(1)} ${y(p.value).toFixed(1)}`).join(''),
  );
  return { low, high, paths };
}

/** Whether any arm has a value of this metric at its newest evaluation. */
export const hasMetric = (history: RaceHistory, metric: MetricName): boolean =>
  history.arms.some((_, arm) => lastMean(history, arm, metric) !== null);
