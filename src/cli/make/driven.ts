import { setImmediate as breathe } from 'node:timers/promises';
import { startProgress, type Progress } from '../progress';

/** Where some work is, and what follows its bar. */
export interface Shown {
  readonly step: number;
  readonly of: number;
  readonly extra?: string;
}

/** Pulls work to its end under a bar that goes away whatever happens; signals are heard between two reports. */
export async function driven<Report, Result>(
  title: string,
  work: AsyncGenerator<Report, Result>,
  shown: (report: Report) => Shown,
): Promise<Result> {
  let progress: Progress | null = null;
  try {
    let next = await work.next();
    for (; !next.done; next = await work.next()) {
      const { step, of, extra } = shown(next.value);
      progress ??= startProgress(title, of);
      progress.update(step, extra);
      await breathe();
    }
    return next.value;
  } finally {
    progress?.clear();
  }
}
