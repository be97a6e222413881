/**
 * Lets the plots of the page redraw one after the other, each in a task of its own, so that no task grows long
 * and clicks come in between.
 */
type Job = () => void;

/** Between two jobs: the browser paints what the last one has drawn, which on a slow machine takes as long again. */
const GAP_MILLISECONDS = 60;

const waiting = new Map<object, Job>();
let scheduled = false;

/** Draws soon; a newer job of the same owner replaces one that still waits. */
export function queueRedraw(owner: object, job: Job): void {
  waiting.set(owner, job);
  if (scheduled) return;
  scheduled = true;
  setTimeout(drawNext, GAP_MILLISECONDS);
}

export function cancelRedraw(owner: object): void {
  waiting.delete(owner);
}

function drawNext(): void {
  const next = waiting.entries().next().value;
  if (!next) {
    scheduled = false;
    return;
  }
  waiting.delete(next[0]);
  try {
    next[1]();
  } finally {
    setTimeout(drawNext, GAP_MILLISECONDS);
  }
}
