/**
 * Losses on labelled pairs of completions. A log-ratio is log π_θ(y|x) − log π_ref(y|x) of a whole completion, in nats.
 *
 * - `dpo`: −log σ(β·h) with h the chosen log-ratio less the rejected one (Rafailov et al. 2023, arXiv 2305.18290,
 *   equation 7). With `smoothing` ε it expects a share ε of flipped labels, −(1 − ε)·log σ(β·h) − ε·log σ(−β·h), which
 *   is conservative DPO (Mitchell 2023, https://ericmitchell.ai/cdpo.pdf).
 * - `ipo`: (h − 1/(2β))² (Azar et al. 2023, arXiv 2310.12036, equation 17).
 * - `hinge`: max(0, 1 − β·h) (Zhao et al. 2023, arXiv 2305.10425, on log-ratios as in Liu et al. 2023, arXiv 2309.06657).
 * - `kto`: every completion for itself, chosen ones 1 − σ(β·(log-ratio − z)), rejected ones 1 − σ(β·(z − log-ratio)),
 *   both weights 1 (Ethayarajh et al. 2024, arXiv 2402.01306, equation 8); a pair's loss is the mean of its two.
 */
import { dpoLoss, logSigmoid, sigmoid } from './bradleyTerry';

/** In the order of the numbers that stand for them in the kernels; a new one goes last. */
export const LOSS_KINDS = ['dpo', 'ipo', 'hinge', 'kto'] as const;
export type LossKind = (typeof LOSS_KINDS)[number];

export interface PreferenceLoss {
  readonly kind: LossKind;
  readonly beta: number;
  /** ε of conservative DPO, from 0 to ½; the other losses have none. */
  readonly smoothing: number;
}

/** A pair's loss and its derivatives in the two log-ratios. */
export interface PairLoss {
  readonly loss: number;
  readonly chosenSlope: number;
  readonly rejectedSlope: number;
}

/**
 * KTO's reference point z for a batch: the mean of its log-ratios, at least 0, as an estimate of KL(π_θ‖π_ref) that is
 * not differentiated. The paper estimates it from mismatched prompts and completions, which would cost another pass.
 */
export function referencePoint(logRatios: readonly number[]): number {
  if (logRatios.length === 0) return 0;
  return Math.max(0, logRatios.reduce((sum, x) => sum + x, 0) / logRatios.length);
}

/** @param point `referencePoint` of the batch, which only KTO looks at */
export function pairLoss(
  { kind, beta, smoothing }: PreferenceLoss,
  chosen: number,
  rejected: number,
  point: number,
): PairLoss {
  const margin = beta * (chosen - rejected);
  switch (kind) {
    case 'dpo': {
      const kept = -(1 - smoothing) * sigmoid(-margin);
      return opposed(
        smoothing === 0 ? dpoLoss(margin) : -(1 - smoothing) * logSigmoid(margin) - smoothing * logSigmoid(-margin),
        beta * (smoothing === 0 ? kept : kept + smoothing * sigmoid(margin)),
      );
    }
    case 'ipo': {
      const excess = chosen - rejected - 1 / (2 * beta);
      return opposed(excess ** 2, 2 * excess);
    }
    case 'hinge':
      return opposed(Math.max(0, 1 - margin), margin < 1 ? -beta : 0);
    case 'kto': {
      const [doubtOfChosen, doubtOfRejected] = [sigmoid(-beta * (chosen - point)), sigmoid(-beta * (point - rejected))];
      return {
        loss: (doubtOfChosen + doubtOfRejected) / 2,
        chosenSlope: (-beta * doubtOfChosen * (1 - doubtOfChosen)) / 2,
        rejectedSlope: (beta * doubtOfRejected * (1 - doubtOfRejected)) / 2,
      };
    }
  }
}

/** Slopes of a loss that sees the difference of the log-ratios only. */
const opposed = (loss: number, slope: number): PairLoss => ({ loss, chosenSlope: slope, rejectedSlope: 0 - slope });
