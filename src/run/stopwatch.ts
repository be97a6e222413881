/** Milliseconds: no shorter stretch is taken for a sleep. */
const SLEEP = 30_000;

/** A stretch that is so many times as long as the longest before is a sleep. */
const TIMES = 20;

/** Stretches before which nothing is known: the first ones compile and warm up. */
const FIRST = 3;

/**
 * Counts the time between starts and stops. Where the machine has slept in between, or its clock has jumped, the stretch
 * counts as the longest before it: a time left that is worked out from it stays true.
 */
export class Stopwatch {
  private total: number;
  private since: number | null = null;
  private stretches = 0;
  private longest = 0;

  /** @param before seconds counted already */
  constructor(
    private readonly now: () => number,
    before = 0,
  ) {
    this.total = 1000 * before;
  }

  start(): void {
    this.since ??= this.now();
  }

  stop(): void {
    if (this.since === null) return;
    const stretch = this.running();
    const slept = this.stretches >= FIRST && stretch > Math.max(SLEEP, TIMES * this.longest);
    this.total += slept ? this.longest : stretch;
    if (!slept) this.longest = Math.max(this.longest, stretch);
    this.stretches++;
    this.since = null;
  }

  /** Ends a stretch and begins the next one: between the two the machine may have slept. */
  lap(): void {
    this.stop();
    this.start();
  }

  seconds(): number {
    return (this.total + this.running()) / 1000;
  }

  private running(): number {
    return this.since === null ? 0 : Math.max(0, this.now() - this.since);
  }
}
