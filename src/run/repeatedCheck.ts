import type { DeviceCheck } from '../training/checkDevice';

/** Milliseconds from one whole check of a device to the next, at least. */
const EVERY = 30_000;

/**
 * Says when a device is checked: wholly before the first step, at evaluations far enough apart, at the last one, and
 * where a run has diverged; quickly at all others, and before a state is stored.
 */
export class RepeatedCheck {
  private checkedAt = 0;
  private divergedAt = -1;

  /**
   * @param check undefined where nobody doubts the device
   * @param whole at the experiment's size
   * @param steps of the experiment
   * @param now milliseconds, monotonic
   */
  constructor(
    private readonly check: DeviceCheck | undefined,
    private readonly whole: (check: DeviceCheck) => Promise<void>,
    private readonly steps: number,
    private readonly now: () => number,
  ) {}

  async begin(): Promise<void> {
    if (!this.check) return;
    await this.whole(this.check);
    this.checkedAt = this.now();
  }

  /** A device that was right may go wrong later. */
  async evaluated(step: number): Promise<void> {
    if (this.now() - this.checkedAt >= EVERY || step === this.steps) await this.begin();
    else await this.check?.quick();
  }

  /** What is not finite may be the device's doing. Several runs may diverge in one step. */
  async diverged(step: number): Promise<void> {
    if (step === this.divergedAt) return;
    this.divergedAt = step;
    await this.begin();
  }

  /** What a wrong device has computed is not to be gone on from. */
  async stored(): Promise<void> {
    await this.check?.quick();
  }
}
