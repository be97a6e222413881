import type { Annotations, Layout, LayoutAxis, PlotData } from 'plotly.js';

/** What a plot component draws, and the same numbers as a table and in words for whoever cannot see it. */
export interface Figure {
  readonly traces: readonly Partial<PlotData>[];
  readonly layout: Partial<Layout>;
  readonly summary: string;
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
    title: { text: title, font: { size: 12, color: theme.muted }, standoff: 8 },
    gridcolor: theme.grid,
    zeroline: false,
    showline: false,
    ticks: '',
    tickfont: { size: 11, color: theme.muted },
    nticks: 8,
    showticklabels: !empty,
  };
}

export function note(text: string, x: number, y: number, theme: ChartTheme): Partial<Annotations> {
  return { text, x, y, showarrow: false, font: { size: 11, color: theme.muted } };
}
