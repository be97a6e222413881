import type { Layout, LayoutAxis, PlotData } from 'plotly.js';
import { compact } from '../analysis/format';

/** What a plot component draws, and the same numbers as a table and in words for whoever cannot see it. */
export interface Figure {
  readonly traces: readonly Partial<PlotData>[];
  readonly layout: Partial<Layout>;
  readonly summary: string;
  /** The training step of each point, by trace; null for traces whose points are none. Plots that have some mark one another's. */
  readonly steps?: readonly (readonly number[] | null)[];
  /** What each point of the first trace stands for, where one can be picked. */
  readonly points?: readonly number[];
  /** Made only when somebody opens it. */
  readonly table: () => DataTable;
}

export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Colours of everything in a plot that is not an arm, as the page's style sheet sets them. */
export interface ChartTheme {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly font: string;
}

/** A plot keeps the reader's zoom while `view` stays the same. */
export function baseLayout(theme: ChartTheme, view: string): Partial<Layout> {
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: theme.font, size: 12, color: theme.muted },
    margin: { l: 52, r: 14, t: 10, b: 42 },
    showlegend: false,
    hovermode: 'closest',
    hoverlabel: {
      bgcolor: theme.surface,
      bordercolor: theme.grid,
      font: { family: theme.font, size: 12, color: theme.ink },
      align: 'left',
    },
    uirevision: view,
  };
}

/** Without data an axis shows its name and no numbers. */
export function baseAxis(theme: ChartTheme, title: string, empty: boolean): Partial<LayoutAxis> {
  return {
    title: { text: title, font: { size: 12, color: theme.muted } },
    gridcolor: theme.grid,
    zeroline: false,
    showline: false,
    ticks: '',
    tickfont: { size: 11, color: theme.muted },
    nticks: 8,
    // Both spare Plotly to measure every tick's text at every redraw.
    tickangle: 0,
    ticklabeloverflow: 'allow',
    showticklabels: !empty,
  };
}

/** Plotly adds and subtracts what an axis shows: further out than this it throws. */
const FARTHEST = 1e300;

/** The range of an axis, which values near the largest that there are do not break. */
export const axisRange = (low: number, high: number): [number, number] => [
  Math.max(-FARTHEST, low),
  Math.min(FARTHEST, high),
];

/** Ticks of a logarithmic axis whose range is given in decades: 1, 2, 5 where they have room, powers of ten else. */
export function logTicks([low, high]: readonly [number, number]): Pick<LayoutAxis, 'tickvals' | 'ticktext'> {
  const digits = high - low > 2 ? [1] : high - low > 0.8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const values: number[] = [];
  for (let decade = Math.floor(low); decade <= high; decade++) {
    for (const digit of digits) {
      const value = digit * 10 ** decade;
      if (Math.log10(value) >= low && Math.log10(value) <= high) values.push(value);
    }
  }
  return { tickvals: values, ticktext: values.map(compact) };
}
