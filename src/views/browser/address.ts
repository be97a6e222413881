import { foreign } from '../../math/foreign';
import { BACKEND_NAMES, type BackendName } from '../../experiment/documents/results';
import { MOST_WORKERS } from '../../run/pool';
import { CARD_NAMES, type CardName } from '../stage/cards';

/** What the page's address asks for, and what is wrong with it, a sentence each. */
export interface Asked {
  readonly backend: BackendName | undefined;
  /** Into how many workers a race is spread where there is no GPU. */
  readonly workers: number | undefined;
  /** Large type, one card at a time. */
  readonly presents: boolean;
  /** The only card that is shown. */
  readonly embeds: CardName | null;
  readonly problems: readonly string[];
}

/** Reads `?backend=wasm&workers=2`, `?present` and `?embed=plane`. */
export function readAddress(search: string): Asked {
  const given = new URLSearchParams(search);
  const problems: string[] = [];
  const backend = given.get('backend');
  const known = BACKEND_NAMES.find((name) => name === backend);
  if (backend !== null && !known) problems.push(notAllowed('backend', backend, BACKEND_NAMES.join(', ')));
  const workers = given.get('workers');
  const count = workers !== null && /^\d{1,3}$/.test(workers) ? Number(workers) : NaN;
  const isCount = count >= 1 && count <= MOST_WORKERS;
  if (workers !== null && !isCount)
    problems.push(notAllowed('workers', workers, `whole numbers from 1 to ${MOST_WORKERS}`));
  const card = given.get('embed');
  const embeds = CARD_NAMES.find((name) => name === card) ?? null;
  if (card !== null && embeds === null) problems.push(notAllowed('embed', card, CARD_NAMES.join(', ')));
  const presents = given.has('present') && embeds === null;
  return { backend: known, workers: isCount ? count : undefined, presents, embeds, problems };
}

const notAllowed = (name: string, value: string, allowed: string): string =>
  `The address asks for ${name} "${foreign(value)}", which is not allowed; there are ${allowed}.`;
