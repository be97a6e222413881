import { expect, test } from '@playwright/test';
import { note } from './many';

/** Long use, and what it leaves behind: `npm run soak`, an hour each, side by side; SOAK_MINUTES says otherwise. */
export const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 60);

/**
 * Minutes before the first look. What a page shows for the first time it keeps the template of, and the code; the runner
 * has compiled its code and stored its first states by then, also on a busy machine.
 */
export const WARM_UP = Math.ceil(MINUTES / 3);

/** For a test's start: a busy machine needs longer than the use itself. */
export const takeTime = (): void => test.setTimeout(60_000 * (2 * MINUTES + 60));

/** What may have grown by the end. */
const GROWTH = 0.05;

export type Measures = Readonly<Record<string, number>>;

export const HEAP = 'JS heap';

/** It grows with use, as the browser compiles what is used often. */
export const CODE = 'compiled code';

/** It grows to 10,000 texts, of each of which Plotly keeps the size that it has measured. */
export const TEXTS = 'texts that Plotly has measured';

/** It grows with the shapes of the experiments that were run: tfjs keeps every kernel that it has compiled for the GPU. */
export const KERNELS = 'compiled kernels';

/** Notes a row of the table, and fails where something has grown that is not said to grow. */
export function report(what: string, how: string, start: Measures, end: Measures): void {
  const lines = Object.entries(start).map(([name, before]) => {
    const now = end[name] ?? NaN;
    const isKept = [CODE, TEXTS, KERNELS].some((grows) => name.startsWith(grows)) || now <= before * (1 + GROWTH);
    return { name, isKept, text: `${name} ${shown(before)} → ${shown(now)}` };
  });
  const kept = lines.filter(({ isKept }) => isKept);
  note('fault', what);
  note('how', how);
  note('tries', String(lines.length));
  note('survived', String(kept.length));
  note('saw', lines.map(({ text }) => text).join('; '));
  expect(kept.map(({ name }) => name)).toEqual(lines.map(({ name }) => name));
}

/** Of several looks the least of each thing. */
export const leastOf = (looks: readonly Measures[]): Measures =>
  Object.fromEntries(Object.keys(looks[0]!).map((name) => [name, Math.min(...looks.map((look) => look[name]!))]));

const shown = (value: number): string => (value > 1e6 ? `${(value / 2 ** 20).toFixed(1)} MB` : value.toFixed(0));
