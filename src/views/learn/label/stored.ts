import { labelLines, parseLabels, type LabelRecord } from '../../../experiment/documents/labels';
import { recall, remember } from '../../kit/remembered';
import { isAllowed } from '../query';
import type { Side } from './cards';
import { LABEL_SETTINGS, LABELLED_SAMPLERS, LABELLED_TASKS, labelConfig, type LabelSetup } from './setup';

/** Each experiment's labels have a name of their own: to begin another throws none away. */
export const nameOf = ({ task, first, second, rounds, seed }: LabelSetup): string =>
  ['labelling', task, first, second, rounds, seed].join('/');
const LAST = 'labelling/last';
/** Where older pages have stored the only one. */
const OLDER = 'labelling';

/** A labelling that an earlier visit may have left. */
export interface StoredLabelling {
  readonly setup: LabelSetup;
  readonly records: readonly LabelRecord[];
  readonly repeats: { readonly same: number; readonly all: number };
  readonly votes: readonly Side[];
  readonly ties: boolean;
}

/** What an earlier visit has left of these settings, or of the last ones; null where nothing can be used. */
export function readStored(asked?: LabelSetup): StoredLabelling | null {
  const text = asked ? (recall(nameOf(asked)) ?? recall(OLDER)) : recall(recall(LAST) ?? OLDER);
  if (!text) return null;
  try {
    const stored = JSON.parse(text) as Omit<StoredLabelling, 'records'> & { readonly records: string };
    const { setup, repeats, votes, ties } = stored;
    if (!isSetup(setup) || typeof ties !== 'boolean') return null;
    if (asked && nameOf(asked) !== nameOf(setup)) return null;
    const parsed = parseLabels(stored.records);
    if (!parsed.ok) return null;
    labelConfig(setup);
    const sides = votes.filter((side) => ['left', 'right', 'tie'].includes(side));
    const { same, all } = repeats;
    if (![same, all].every((count) => Number.isInteger(count) && count >= 0) || same > all) return null;
    return { setup, records: parsed.value, repeats: { same, all }, votes: sides, ties };
  } catch {
    return null;
  }
}

/** What the controls can set: an older version may have stored something else. */
const isSetup = ({ task, first, second, rounds, seed }: LabelSetup): boolean =>
  LABELLED_TASKS.includes(task) &&
  [first, second].every((sampler) => LABELLED_SAMPLERS.includes(sampler)) &&
  isAllowed(LABEL_SETTINGS.rounds, rounds) &&
  isAllowed(LABEL_SETTINGS.seed, seed);

/** Whether this browser keeps it. */
export function store({ records, ...rest }: StoredLabelling): boolean {
  const name = nameOf(rest.setup);
  return remember(name, JSON.stringify({ ...rest, records: labelLines(records) })) && remember(LAST, name);
}

export const forget = (setup: LabelSetup): void => void remember(nameOf(setup), '');
