import { recall, remember } from '../kit/remembered';

/** What a browser promises about what it stores. */
export type Promised = 'kept' | 'for now' | 'unknown';

const NAME = 'runs-kept';

async function promiseOf(answer: () => Promise<boolean>): Promise<Promised> {
  try {
    return (await answer()) ? 'kept' : 'for now';
  } catch {
    return 'unknown';
  }
}

/** Asks the browser, once there is something worth keeping, not to throw it away where space is short. */
export const askToPersist = (): Promise<Promised> => promiseOf(() => navigator.storage.persist());

export const promised = (): Promise<Promised> => promiseOf(() => navigator.storage.persisted());

/** Notes how many runs are stored, beside the storage that a browser may clear. */
export const noteRuns = (count: number): void => void remember(NAME, String(count));

/** How many there were when they were noted last. */
export const notedRuns = (): number => Number(recall(NAME)) || 0;
