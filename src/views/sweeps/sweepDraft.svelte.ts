import { problemText, type Parsed } from '../../experiment/reading';
import { parseConfig } from '../../experiment/config/config';
import { fieldAt } from '../../experiment/config/fields';
import { runName } from '../../experiment/documents/runName';
import type { ExperimentConfig } from '../../experiment/config/schema';
import {
  cellCount,
  parseSweepDocument,
  sweepProblem,
  type CellValues,
  type SweepDocument,
} from '../../experiment/documents/sweep';
import { findSweep } from '../../experiment/presets/sweeps';
import { parseValues, valuesText } from '../../experiment/documents/typedAxes';

export interface DraftAxis {
  readonly key: number;
  path: string;
  /** As typed, with commas between. */
  values: string;
}

/** More cells than this belong on a command line. */
export const MOST_PAGE_CELLS = 400;

/** A sweep as somebody is typing it; at first a ready one. */
export class SweepDraft {
  /** Its ready sweep, while nothing has been changed. */
  presetId = $state<string | null>(null);
  /** What the base is, in a few words. */
  baseName = $state('');
  base = $state.raw<object>({});
  axes = $state<DraftAxis[]>([]);
  /** What every cell sets besides the axes, if there are any; from a file or a ready sweep, not typed. */
  list = $state.raw<readonly CellValues[] | null>(null);
  #nextKey = 0;

  readonly parsed: Parsed<SweepDocument> = $derived.by(() => checked(this.#candidate()));
  /** What its results are called. */
  readonly name: string = $derived(
    findSweep(this.presetId ?? '')?.title ??
      `${this.baseName}, by ${this.axes.map(({ path }) => fieldAt(path.trim())?.label ?? path).join(' × ') || 'cells of a list'}`,
  );
  readonly cells: number = $derived(this.parsed.ok ? cellCount(this.parsed.value) : 0);

  constructor(presetId: string) {
    this.loadPreset(presetId);
  }

  load(document: SweepDocument, presetId: string | null = null): void {
    this.base = document.base;
    const base = parseConfig(document.base);
    this.baseName = base.ok ? runName(base.value) : 'an experiment';
    this.presetId = presetId;
    this.list = document.list ?? null;
    this.axes = (document.axes ?? []).map(({ path, values }) => this.#axis(path, valuesText(values)));
  }

  loadPreset(id: string): void {
    const preset = findSweep(id);
    if (preset) this.load(preset.document, id);
  }

  /** Takes another experiment under the same axes. */
  rebase(config: ExperimentConfig): void {
    this.base = config;
    this.baseName = runName(config);
    if (this.list) this.makeGrid();
    this.presetId = null;
  }

  /** Without the list. */
  makeGrid(): void {
    this.list = null;
    this.presetId = null;
    if (this.axes.length === 0) this.addAxis();
  }

  addAxis(path = '', values = ''): void {
    this.axes.push(this.#axis(path, values));
    this.presetId = null;
  }

  removeAxis(key: number): void {
    this.axes = this.axes.filter((axis) => axis.key !== key);
    this.presetId = null;
  }

  #axis(path: string, values: string): DraftAxis {
    return { key: this.#nextKey++, path, values };
  }

  #candidate(): unknown {
    const { base, list } = this;
    const axes = this.axes.map(({ path, values }) => ({ path: path.trim(), values: parseValues(values) }));
    if (!list) return { base, axes };
    return axes.length === 0 ? { base, list } : { base, axes, list };
  }
}

/** Every cell can run, and they are not too many for a page. */
function checked(candidate: unknown): Parsed<SweepDocument> {
  const parsed = parseSweepDocument(candidate);
  if (!parsed.ok) return parsed;
  const count = cellCount(parsed.value);
  if (count > MOST_PAGE_CELLS) {
    const message = `makes ${count} cells; the page runs at most ${MOST_PAGE_CELLS}, the command line more`;
    return { ok: false, problems: [{ path: 'sweep', message }] };
  }
  const problem = sweepProblem(parsed.value);
  return problem ? { ok: false, problems: [problem] } : parsed;
}

/** What is wrong with a sweep, in a sentence; '' where nothing is. */
export const sweepProblems = (parsed: Parsed<SweepDocument>): string => (parsed.ok ? '' : problemText(parsed.problems));
