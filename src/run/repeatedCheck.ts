/** Milliseconds from one check of a device to the next, at least. */
const EVERY = 30_000;

/** Says when a device is checked: before the first step, at evaluations far enough apart, and at the last one. */
export class RepeatedCheck {
  private checkedAt = 0;

  /**
   * @param check rejects where the device computes wrong numbers
   * @param steps of the experiment
   * @param now milliseconds, monotonic
   */
  constructor(
    private readonly check: () => Promise<void>,
    private readonly steps: number,
    private readonly now: () => number,
  ) {}

  async begin(): Promise<void> {
    await this.check();
    this.checkedAt = this.now();
  }

  /** A device that was right may go wrong later. */
  async evaluated(step: number): Promise<void> {
    if (this.now() - this.checkedAt >= EVERY || step === this.steps) await this.begin();
  }
}
