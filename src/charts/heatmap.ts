import type { PlotData, Shape } from 'plotly.js';
import {
  armTitle,
  estimates,
  estimateText,
  isUndecided,
  QUANTITIES,
  sweepLayouts,
  type Estimate,
  type Quantity,
  type SweepLayout,
} from '../analysis/sweepTable';
import { foreign } from '../math/foreign';
import { fieldAt } from '../experiment/config/fields';
import type { SweepResults } from '../experiment/documents/sweepResults';
import type { Mode } from './colours';
import { between, channels, luminance, type Rgb } from './contrast';
import { baseAxis, baseLayout, type ChartTheme, type DataTable, type Figure } from './figure';
import { escaped } from './plane';

/** A sweep as a map: a coloured cell for each setting, with its value written in it. */

export interface HeatmapOptions {
  /** Which of the sweep's layouts. */
  readonly panel: number;
  /** Which arm is shown; comparisons are against the first. */
  readonly arm: number;
  readonly quantity: Quantity;
  readonly mode: Mode;
  /** Cells with a frame, by number. */
  readonly framed?: readonly number[];
}

/** Below zero, zero, above: brown, neutral and blue-green keep apart under the common colour deficiencies (ColorBrewer's BrBG). */
const DIVERGING: Readonly<Record<Mode, readonly [string, string, string]>> = {
  light: ['#a6611a', '#f5f5f5', '#018571'],
  dark: ['#d8a55b', '#33363d', '#4fc3ae'],
};
/** For what has no sign that matters. */
const SEQUENTIAL: Readonly<Record<Mode, readonly [string, string]>> = {
  light: ['#f5f5f5', '#2166ac'],
  dark: ['#33363d', '#6fb1e8'],
};

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly estimate: Estimate;
}

export function heatmapFigure(
  results: Pick<SweepResults, 'sweep' | 'cells'>,
  theme: ChartTheme,
  { panel, arm, quantity, mode, framed = [] }: HeatmapOptions,
  view: string,
): Figure {
  const layouts = sweepLayouts(results.sweep);
  const layout = layouts[panel];
  if (!layout) throw new RangeError(`the sweep has ${layouts.length} panels and no ${panel}`);
  const found = estimates(layout, results.cells, arm, quantity);
  const cells = found.flatMap((row, r) =>
    row.flatMap((estimate, column): Cell[] => (estimate ? [{ row: r, column, estimate }] : [])),
  );
  // Panels of one sweep share their colours.
  const values = layouts
    .flatMap((one) => estimates(one, results.cells, arm, quantity).flat())
    .flatMap((estimate) => (estimate && Number.isFinite(estimate.value) ? [estimate.value] : []));
  const signed = QUANTITIES[quantity].compares;
  const undecided = ({ estimate }: Cell) => signed && isUndecided(estimate);
  const title = [heading(results, arm, quantity), layout.title].filter(Boolean).join('; ');
  const labels = layout.rows.map((row) => foreign(row, LONGEST_LABEL));
  const margin = Math.max(64, 30 + 6.2 * Math.max(...labels.map(({ length }) => length)));
  const axis = (text: string, names: readonly string[]) => ({
    ...baseAxis(theme, text, false),
    type: 'linear' as const,
    showgrid: false,
    tickvals: names.map((_, i) => i),
    ticktext: names.map(escaped),
    range: [-0.5, names.length - 0.5],
  });
  // A list reads from the top; an axis grows upwards.
  const isList = results.sweep.axes === undefined;
  const listAxis = { ...axis('', labels), range: [labels.length - 0.5, -0.5] };
  return {
    traces: [
      cellsTrace(cells, undecided, theme, { values, quantity, mode, rows: layout.rows, columns: layout.columns }),
    ],
    layout: {
      ...baseLayout(theme, view),
      bargap: 0,
      shapes: cells
        .filter(({ row, column }) => framed.includes(layout.numbers[row]![column]!))
        .map(({ row, column }) => frame(row, column, theme)),
      margin: { l: margin, r: 14, t: 10, b: 42 },
      xaxis: axis(escaped(pathTitle(layout.columnTitle)), layout.columns),
      yaxis: isList ? listAxis : axis(escaped(pathTitle(layout.rowTitle)), labels),
    },
    points: cells.map(({ row, column }) => layout.numbers[row]![column]!),
    summary: summary(title, cells, undecided),
    table: () => dataTable(layout, found, quantity, title),
  };
}

const frame = (row: number, column: number, theme: ChartTheme): Partial<Shape> => ({
  type: 'rect',
  x0: column - 0.5,
  x1: column + 0.5,
  y0: row - 0.5,
  y1: row + 0.5,
  line: { color: theme.ink, width: 2.5 },
});

const heading = ({ cells }: Pick<SweepResults, 'cells'>, arm: number, quantity: Quantity): string => {
  const { title, compares } = QUANTITIES[quantity];
  return `${armTitle(cells, arm)}: ${title}${compares ? `, against ${armTitle(cells, 0)}` : ''}`;
};

/** A field's name where the path is one's, else the path. */
const pathTitle = (path: string): string => fieldAt(path)?.label ?? path;

interface Looks {
  /** Finite values of all panels. */
  readonly values: readonly number[];
  readonly quantity: Quantity;
  readonly mode: Mode;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
}

/** Letters of a row's label; hovering and the table have all of them. */
const LONGEST_LABEL = 30;

/** Bars of height 1 that touch one another: Plotly's basic bundle, which the page has, draws no heatmaps. */
function cellsTrace(
  cells: readonly Cell[],
  undecided: (cell: Cell) => boolean,
  theme: ChartTheme,
  { values, quantity, mode, rows, columns }: Looks,
): Partial<PlotData> {
  const largest = Math.max(0, ...values.map(Math.abs)) || 1;
  const smallest = Math.min(largest, ...values);
  const signed = QUANTITIES[quantity].compares || smallest < 0;
  const colours = signed ? DIVERGING[mode] : SEQUENTIAL[mode];
  // Never reached is as far below zero as the scale goes, unless it is undecided and has no number either.
  const heat = (cell: Cell) =>
    cell.estimate.value === -Infinity && undecided(cell) ? 0 : Math.max(cell.estimate.value, -largest);
  const range = signed ? [-largest, largest] : [0, largest];
  const fills = cells.map((cell) => shade(colours, (heat(cell) - range[0]!) / (range[1]! - range[0]!)));
  return {
    type: 'bar',
    x: cells.map(({ column }) => column),
    y: cells.map(() => 1),
    base: cells.map(({ row }) => row - 0.5),
    width: 1,
    marker: {
      // Written out: hatched bars take no numbers on a scale.
      color: fills.map(([r, g, b]) => `rgb(${r}, ${g}, ${b})`),
      line: { color: theme.surface, width: 1 },
      pattern: {
        shape: cells.map((cell) => (undecided(cell) ? '/' : '')),
        // The cell's own colour stays behind the hatching; with none here Plotly looks for a contrast to the whole list.
        fillmode: 'overlay',
        bgcolor: theme.surface,
        fgcolor: theme.muted,
        size: 6,
        solidity: 0.12,
      },
    },
    text: cells.map((cell) => `${estimateText(cell.estimate, quantity)}${undecided(cell) ? ' ?' : ''}`),
    textposition: 'inside',
    insidetextanchor: 'middle',
    textangle: 0,
    textfont: {
      family: theme.font,
      size: 12,
      color: fills.map(inkOn),
    },
    customdata: cells.map(
      (cell) =>
        `<b>${escaped(rows[cell.row]!)}</b>, <b>${escaped(columns[cell.column]!)}</b><br>` +
        `${inWords(cell.estimate, quantity)}${undecided(cell) ? `<br>${cell.estimate.low === null ? 'no interval' : 'the interval contains 0'}` : ''}`,
    ),
    hovertemplate: '%{customdata}<extra></extra>',
    cliponaxis: false,
  } as Partial<PlotData>;
}

/** The scale's colour at a share of its length, each channel interpolated and rounded. */
function shade(colours: readonly string[], share: number): Rgb {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const from = Math.min(colours.length - 2, Math.floor(place));
  return between(channels(colours[from]!), channels(colours[from + 1]!), place - from);
}

/** Black or white, whichever has the higher contrast. */
const inkOn = (colour: Rgb): string => (luminance(colour) > 0.179 ? '#000000' : '#ffffff');

/** "34% (31% to 36%)" */
function inWords(estimate: Estimate, quantity: Quantity): string {
  const { low, high } = estimate;
  const centre = estimateText(estimate, quantity);
  if (low === null || high === null || high === -Infinity) return centre;
  const end = (value: number) => estimateText({ value, low: null, high: null }, quantity);
  return `${centre} (${end(low)} to ${end(high)})`;
}

function summary(title: string, cells: readonly Cell[], undecided: (cell: Cell) => boolean): string {
  if (cells.length === 0) return `${title}; no cell has a value.`;
  const none = cells.filter((cell) => undecided(cell) && cell.estimate.low === null).length;
  const open = cells.filter(undecided).length - none;
  const decided = cells.filter((cell) => !undecided(cell));
  const above = decided.filter(({ estimate }) => estimate.value > 0).length;
  return `${title}. Of ${cells.length} cells ${above} are above 0, ${decided.length - above} are not, and ${open} have an interval that contains 0${none > 0 ? `; ${none} have none` : ''}.`;
}

function dataTable(
  { rowTitle, rows, columns }: SweepLayout,
  found: readonly (readonly (Estimate | null)[])[],
  quantity: Quantity,
  title: string,
): DataTable {
  return {
    columns: [rowTitle, ...columns.map((column) => column || title)],
    rows: rows.map((row, r) => [row, ...found[r]!.map((estimate) => (estimate ? inWords(estimate, quantity) : '–'))]),
  };
}
