import type { DeviceCheck } from '../training/checkDevice';
import { WrongNumbers } from '../training/wrongNumbers';
import type { Report } from '../training/reports';

/** Milliseconds from one whole check of a device to the next, at least, where nothing asks for one. */
const EVERY = 30_000;

/**
 * Says when a device is checked: wholly before the first step, at evaluations far enough apart, at the last one, where a
 * state is stored, where somebody has ended it early, where a run has diverged, and where something broke; quickly at all
 * other evaluations.
 */
export class RepeatedCheck {
  /** The last step at which the whole device was right, since the first of them; null before that. */
  rightAt: number | null = null;
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

  /** Checks the device at the experiment's size; throws WrongNumbers. */
  async wholly(): Promise<void> {
    if (!this.check) return;
    await this.whole(this.check);
    this.checkedAt = this.now();
  }

  /** Before anybody sees what a device, which may go wrong at any time, has brought. */
  async reported(report: Report): Promise<void> {
    if (report.type === 'evaluation') await this.evaluated(report.step);
    else if (report.type === 'diverged') await this.diverged(report.step);
    else if (report.type === 'snapshot') await this.stored(report.snapshot.step);
    else if (report.type === 'weights' && report.step !== this.rightAt) await this.stored(report.step);
  }

  /**
   * What a wrong device has computed is not to be gone on from. The quick check does not see all of it, but says more
   * plainly that the device was right before.
   */
  async stored(step: number): Promise<void> {
    await this.check?.quick();
    await this.whollyAt(step);
  }

  /** Numbers that are wrong may break what computes with them: throws that the device is wrong, where it is. */
  async broke(error: unknown): Promise<void> {
    if (error instanceof WrongNumbers) return;
    await this.wholly().catch((found: unknown) => {
      if (found instanceof WrongNumbers) throw found;
    });
  }

  private async whollyAt(step: number): Promise<void> {
    await this.wholly();
    this.rightAt = step;
  }

  private async evaluated(step: number): Promise<void> {
    if (this.now() - this.checkedAt >= EVERY || step === this.steps) await this.whollyAt(step);
    else await this.check?.quick();
  }

  /** What is not finite may be the device's doing. Several runs may diverge in one step. */
  private async diverged(step: number): Promise<void> {
    if (step === this.divergedAt) return;
    this.divergedAt = step;
    // What is evaluated at this step comes after it.
    await this.wholly();
  }
}
