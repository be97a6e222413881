import type { PlotData } from 'plotly.js';
import { fixed } from '../analysis/format';
import type { ArmLook } from './colours';
import { baseAxis, baseLayout, type ChartTheme, type Figure } from './figure';

export interface AlignmentLine {
  readonly arm: string;
  readonly look: ArmLook;
  /** Null where a gradient is 0. */
  readonly points: readonly { readonly at: number; readonly cosine: number | null }[];
}

/** How well each arm's expected DPO gradient points along ∇J, on the way from the reference to the optimum. */
export function alignmentFigure(lines: readonly AlignmentLine[], theme: ChartTheme): Figure {
  const traces = lines.map(({ arm, look, points }): Partial<PlotData> => ({
    type: 'scatter',
    mode: 'lines',
    name: arm,
    x: points.map(({ at }) => at),
    y: points.map(({ cosine }) => cosine),
    line: { color: look.colour, width: 2.2, dash: look.dash },
    hovertemplate: `${arm}: cosine %{y:.4f} at %{x:.2f}<extra></extra>`,
  }));
  const ats = lines[0]?.points.map(({ at }) => at) ?? [];
  const found = lines.flatMap(({ points }) => points.flatMap(({ cosine }) => (cosine === null ? [] : [cosine])));
  const lowest = Math.min(0.9, ...found);
  return {
    traces,
    layout: {
      ...baseLayout(theme, 'alignment'),
      xaxis: { ...baseAxis(theme, 'share of the way from the reference to the optimum', false), range: [0, 1] },
      yaxis: { ...baseAxis(theme, 'cosine with ∇J', false), range: [lowest - 0.03, 1.02] },
    },
    summary: `Alignment of ${lines.map(({ arm }) => arm).join(', ')} with the gradient of J, from the reference to the optimum`,
    table: () => ({
      columns: ['at', ...lines.map(({ arm }) => arm)],
      rows: ats.map((at, i) => [
        fixed(at, 2),
        ...lines.map(({ points }) => {
          const cosine = points[i]?.cosine ?? null;
          return cosine === null ? '–' : fixed(cosine, 4);
        }),
      ]),
    }),
  };
}
