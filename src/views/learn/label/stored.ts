import { labelLines, parseLabels, type LabelRecord } from '../../../experiment/documents/labels';
import { recall, remember } from '../../kit/remembered';
import type { Side } from './cards';
import { labelConfig, type LabelSetup } from './setup';

const STORED = 'labelling';

/** A labelling that an earlier visit may have left. */
export interface StoredLabelling {
  readonly setup: LabelSetup;
  readonly records: readonly LabelRecord[];
  readonly repeats: { readonly same: number; readonly all: number };
  readonly votes: readonly Side[];
  readonly ties: boolean;
}

/** What an earlier visit has left; null where there is nothing that can be used. */
export function readStored(): StoredLabelling | null {
  const text = recall(STORED);
  if (!text) return null;
  try {
    const stored = JSON.parse(text) as Omit<StoredLabelling, 'records'> & { readonly records: string };
    const { setup, repeats, votes, ties } = stored;
    const parsed = parseLabels(stored.records);
    if (!parsed.ok) return null;
    labelConfig(setup);
    const sides = votes.filter((side) => ['left', 'right', 'tie'].includes(side));
    const { same, all } = repeats;
    return { setup, records: parsed.value, repeats: { same, all }, votes: sides, ties };
  } catch {
    return null;
  }
}

/** Whether this browser keeps it. */
export const store = ({ records, ...rest }: StoredLabelling): boolean =>
  remember(STORED, JSON.stringify({ ...rest, records: labelLines(records) }));

export const forget = (): boolean => remember(STORED, '');
