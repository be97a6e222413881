/** Counts the time between starts and stops. */
export class Stopwatch {
  private total: number;
  private since: number | null = null;

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
    this.total += this.running();
    this.since = null;
  }

  seconds(): number {
    return (this.total + this.running()) / 1000;
  }

  private running(): number {
    return this.since === null ? 0 : this.now() - this.since;
  }
}
