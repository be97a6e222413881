/** The reviews' reward is bound·tanh(Σ contributions / scale), between −bound and bound. */
export const BOUNDS = { bound: 4, scale: 5.5 } as const;

/**
 * How contributions become a reward: bounded, so that ever more praise brings ever less, or their sum, with the same
 * slope where they are few; times a factor.
 */
export interface RewardForm {
  readonly oracle: 'bounded' | 'sum';
  readonly rewardScale: number;
}

export const PLAIN_FORM: RewardForm = { oracle: 'bounded', rewardScale: 1 };

/** @param sum of the contributions */
export function rewardOf({ oracle, rewardScale }: RewardForm, sum: number): number {
  const { bound, scale } = BOUNDS;
  return rewardScale * bound * (oracle === 'bounded' ? Math.tanh(sum / scale) : sum / scale);
}

/** The formula with a sum in words: "4·tanh(+2.1 / 5.5)", "2 · 4 · +2.1 / 5.5". */
export function rewardText({ oracle, rewardScale }: RewardForm, sum: string): string {
  const { bound, scale } = BOUNDS;
  const factor = rewardScale === 1 ? '' : `${rewardScale} · `;
  return factor + (oracle === 'bounded' ? `${bound}·tanh(${sum} / ${scale})` : `${bound} · ${sum} / ${scale}`);
}
