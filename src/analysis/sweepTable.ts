import {
  cellCount,
  cellSettings,
  cellValues,
  valueText,
  type CellValues,
  type SweepAxis,
  type SweepDocument,
} from '../experiment/documents/sweep';
import type { ArmSummary, SavingSummary, SweepCell } from '../experiment/documents/sweepResults';
import type { Interval } from '../math/statistics';

/** What a table of a sweep can show of an arm. */
export const QUANTITIES = {
  labelSaving: {
    title: 'labels saved',
    explanation: 'The share of the first arm’s labels not needed to reach its final J for good.',
    share: true,
    compares: true,
  },
  samplingSaving: {
    title: 'sampling saved',
    explanation: 'The share of the first arm’s sampling cost not needed to reach its final J for good.',
    share: true,
    compares: true,
  },
  annotationSaving: {
    title: 'responses saved',
    explanation:
      'The share of the responses shown for the first arm’s labels not needed to reach its final J for good.',
    share: true,
    compares: true,
  },
  difference: {
    title: 'J minus the first arm’s',
    explanation: 'J at the end minus the first arm’s, paired by seed.',
    share: false,
    compares: true,
  },
  lateObjective: {
    title: 'J, last quarter',
    explanation: 'Reward − β·KL, mean over the evaluations in the last quarter of the steps and over seeds.',
    share: false,
    compares: false,
  },
  objective: { title: 'J', explanation: 'Reward − β·KL at the end, mean over seeds.', share: false, compares: false },
  gap: {
    title: 'J* − J',
    explanation: 'How far J is below the optimum at the end, mean over seeds.',
    share: false,
    compares: false,
  },
  rewardSpread: {
    title: 'reward spread',
    explanation:
      'The standard deviation of rewards within a prompt at the end, mean over seeds: what a sampler can choose among.',
    share: false,
    compares: false,
  },
} as const;
export type Quantity = keyof typeof QUANTITIES;
export const QUANTITY_NAMES = Object.keys(QUANTITIES) as Quantity[];

/** An estimate with its 95% interval, whose ends are null where it has none. −∞ is a saving that was never reached. */
export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** What a cell says about an arm; null where the quantity does not exist. */
export function estimateOf(arm: ArmSummary, quantity: Quantity): Estimate | null {
  switch (quantity) {
    case 'labelSaving':
    case 'samplingSaving':
    case 'annotationSaving':
      return ofShare(arm[quantity]);
    case 'difference':
    case 'lateObjective':
    case 'objective':
    case 'gap':
    case 'rewardSpread':
      return ofInterval(arm[quantity]);
    default:
      return quantity satisfies never;
  }
}

const ofInterval = (found: Interval | null): Estimate | null =>
  found && {
    value: found.mean,
    low: found.half === null ? null : found.mean - found.half,
    high: found.half === null ? null : found.mean + found.half,
  };

const ofShare = (found: SavingSummary | null): Estimate | null =>
  found && {
    value: found.saved ?? -Infinity,
    low: found.interval && (found.interval.low ?? -Infinity),
    high: found.interval && (found.interval.high ?? -Infinity),
  };

/** Whether an estimate leaves its sign open: its interval contains 0, or it has none. */
export const isUndecided = ({ low, high }: Estimate): boolean =>
  low === null || high === null || (low <= 0 && high >= 0);

/** "34%" or "−0.012"; “never” where it was not reached. */
export function estimateText({ value }: Estimate, quantity: Quantity): string {
  if (value === -Infinity) return 'never';
  const text = QUANTITIES[quantity].share ? `${Math.abs(100 * value).toFixed(0)}%` : sized(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Three decimals, and three digits of what is small. */
const sized = (size: number): string =>
  size === 0 || size >= 0.01 ? size.toFixed(size < 10 ? 3 : 2) : size.toPrecision(2).replace('e-', 'e−');

/** Cells of a sweep by rows and columns. */
export interface SweepLayout {
  /** What the leading axes of a grid of more than two are set to here; else ''. */
  readonly title: string;
  readonly rowTitle: string;
  readonly columnTitle: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Cell numbers, [row][column]. */
  readonly numbers: readonly (readonly number[])[];
}

/**
 * All cells of a sweep: the last two axes of a grid are rows and columns, and every setting of the axes before them
 * has a layout of its own (small multiples). One axis makes a column, a list one row a cell.
 */
export function sweepLayouts(document: SweepDocument): SweepLayout[] {
  const { axes = [] } = document;
  const [down, across] = axes.slice(-2);
  if (!down || !across) return [columnLayout(document, down)];
  const width = across.values.length;
  const size = down.values.length * width;
  return Array.from({ length: cellCount(document) / size }, (_, panel) => ({
    title: settingsText(cellValues(document, panel * size), axes.length - 2),
    rowTitle: down.path,
    columnTitle: across.path,
    rows: down.values.map(valueText),
    columns: across.values.map(valueText),
    numbers: down.values.map((_, row) => across.values.map((__, column) => panel * size + row * width + column)),
  }));
}

function columnLayout(document: SweepDocument, axis: SweepAxis | undefined): SweepLayout {
  const numbers = Array.from({ length: cellCount(document) }, (_, i) => i);
  const settings = (number: number) => settingsText(cellSettings(document, number)) || 'the base';
  return {
    title: '',
    rowTitle: axis?.path ?? 'cell',
    columnTitle: '',
    rows: axis ? axis.values.map(valueText) : numbers.map(settings),
    columns: [''],
    numbers: numbers.map((number) => [number]),
  };
}

/** "beta=0.1 seeds=4", of the first so many settings. */
const settingsText = (values: CellValues, count?: number): string =>
  Object.entries(values)
    .slice(0, count)
    .map(([path, value]) => `${path}=${valueText(value)}`)
    .join(' ');

/** Estimates of the arm at an index in the layout's cells; null where a cell or its value is missing. */
export function estimates(
  { numbers }: SweepLayout,
  cells: readonly SweepCell[],
  arm: number,
  quantity: Quantity,
): (Estimate | null)[][] {
  const byNumber = new Map(cells.map((cell) => [cell.number, cell]));
  return numbers.map((row) =>
    row.map((number) => {
      const summary = byNumber.get(number)?.arms[arm];
      return summary ? estimateOf(summary, quantity) : null;
    }),
  );
}

/** An arm's name where all cells agree on it; else its place. */
export function armTitle(cells: readonly SweepCell[], arm: number): string {
  const names = new Set(cells.flatMap(({ arms }) => arms[arm]?.arm ?? []));
  const [name] = names;
  return names.size === 1 && name !== undefined ? name : `arm ${arm}`;
}

/** Arms that have the quantity: all, or those after the first where it is a comparison. */
export function armsWith(cells: readonly SweepCell[], quantity: Quantity): number[] {
  const count = Math.max(0, ...cells.map(({ arms }) => arms.length));
  return Array.from({ length: count }, (_, i) => i).filter((i) => i > 0 || !QUANTITIES[quantity].compares);
}
