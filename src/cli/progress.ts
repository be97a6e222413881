/** Where progress is shown; nothing where nobody looks. */
export interface Progress {
  /** `extra` follows the bar: a rate, a loss. Seconds left are estimated from the start of the bar where nobody says them; null: they are not known yet. */
  readonly update: (step: number, extra?: string, secondsLeft?: number | null) => void;
  /** Takes the bar away. */
  readonly clear: () => void;
}

const WIDTH = 30;
const INTERVAL_MILLISECONDS = 100;
const QUIET: Progress = { update: () => undefined, clear: () => undefined };

/** A bar on the terminal behind stderr, with the time left; silent where stderr is piped. */
export function startProgress(title: string, steps: number): Progress {
  const out = process.stderr;
  if (!out.isTTY) return QUIET;
  const start = performance.now();
  let shown = -Infinity;
  const estimate = (now: number, step: number): number | null =>
    step > 0 ? ((now - start) / 1000 / step) * (steps - step) : null;
  return {
    update(step, extra = '', secondsLeft) {
      const now = performance.now();
      if (now - shown < INTERVAL_MILLISECONDS && step < steps) return;
      shown = now;
      const left = secondsLeft === undefined ? estimate(now, step) : secondsLeft;
      const text = [`${title} ${bar(step / steps)} ${step}/${steps}`, extra, timeLeft(left)].filter(Boolean).join('  ');
      out.write(`\r\u001b[K${text.slice(0, Math.max(20, (out.columns || 80) - 1))}`);
    },
    clear: () => void out.write('\r\u001b[K'),
  };
}

function bar(share: number): string {
  const full = Math.round(share * WIDTH);
  return '█'.repeat(full) + '░'.repeat(WIDTH - full);
}

function timeLeft(left: number | null): string {
  if (left === null) return '';
  const seconds = Math.round(left);
  return seconds < 90 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
}
