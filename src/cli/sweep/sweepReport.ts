import {
  armsWith,
  armTitle,
  estimates,
  estimateText,
  isUndecided,
  QUANTITIES,
  QUANTITY_NAMES,
  sweepLayouts,
  type Estimate,
  type Quantity,
  type SweepLayout,
} from '../../analysis/sweepTable';
import type { SweepDocument } from '../../experiment/documents/sweep';
import type { SweepCell } from '../../experiment/documents/sweepResults';
import { UsageError } from '../errors';
import { table } from '../table';
import { tuningReport } from './tuningReport';

/** The value of `--show`. */
export function readQuantity(text: string | undefined): Quantity | undefined {
  const quantity = QUANTITY_NAMES.find((name) => name === text);
  if (text !== undefined && quantity === undefined) {
    throw new UsageError(`--show: "${text}" is not one of ${QUANTITY_NAMES.join(', ')}`);
  }
  return quantity;
}

/** A table of a sweep's cells for every arm that has the quantity; the first two axes are its rows and columns. */
export function sweepReport(document: SweepDocument, cells: readonly SweepCell[], asked: Quantity | undefined): string {
  if (document.tuning && asked === undefined) return tuningReport(document, cells);
  const alone = cells.every(({ arms }) => arms.length < 2);
  const quantity = asked ?? (alone ? 'objective' : 'labelSaving');
  const arms = armsWith(cells, quantity);
  if (arms.length === 0) return cells.length === 0 ? '' : `--show ${quantity} compares arms, and there is one only.\n`;
  return arms.map((arm) => armText(document, cells, arm, quantity)).join('\n');
}

function armText(document: SweepDocument, cells: readonly SweepCell[], arm: number, quantity: Quantity): string {
  const { title, compares } = QUANTITIES[quantity];
  const against = compares ? `, against ${armTitle(cells, 0)}` : '';
  const panels = sweepLayouts(document).map((layout) => panelText(layout, cells, arm, quantity));
  const note = compares ? '? marks an interval that contains 0.\n' : '';
  return `${armTitle(cells, arm)}: ${title}${against}, with 95% intervals\n${panels.join('\n')}${note}`;
}

function panelText(layout: SweepLayout, cells: readonly SweepCell[], arm: number, quantity: Quantity): string {
  const found = estimates(layout, cells, arm, quantity);
  const corner = layout.columnTitle ? `${layout.rowTitle} ↓  ${layout.columnTitle} →` : layout.rowTitle;
  const lines = table(
    [
      { title: corner, align: 'left' },
      ...layout.columns.map((column) => ({ title: column || QUANTITIES[quantity].title, align: 'right' as const })),
    ],
    layout.rows.map((row, r) => [row, ...found[r]!.map((estimate) => cellText(estimate, quantity))]),
  );
  return layout.title === '' ? lines : `${layout.title}\n${lines}`;
}

/** "34% (31 to 36)", "0.041 (0.037 to 0.045)", with "?" where the sign is open. */
function cellText(estimate: Estimate | null, quantity: Quantity): string {
  if (!estimate) return '–';
  const { low, high } = estimate;
  const centre = estimateText(estimate, quantity);
  if (low === null || high === null || high === -Infinity) return centre;
  const end = (value: number) => estimateText({ value, low: null, high: null }, quantity).replace('%', '');
  const mark = QUANTITIES[quantity].compares && isUndecided(estimate) ? ' ?' : '';
  return `${centre} (${end(low)} to ${end(high)})${mark}`;
}
