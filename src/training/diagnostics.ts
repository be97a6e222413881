import { pairLoss, referencePoint, type PreferenceLoss } from '../math/preferenceLosses';
import type { PreferencePair } from './pair';
import type { DiagnosticSums } from './snapshot';

const NOTHING: DiagnosticSums = { pairs: 0, loss: 0, chosenReward: 0, rejectedReward: 0, correct: 0, oracleGap: 0 };

/** Sums of a run's training diagnostics since the last evaluation, over fresh pairs before they are trained on. */
export class Diagnostics {
  sums: DiagnosticSums = { ...NOTHING };

  /** @param pairs of one step: KTO's loss depends on its neighbours */
  add(pairs: readonly PreferencePair[], objective: PreferenceLoss): void {
    const { beta } = objective;
    const point = referencePoint(pairs.flatMap(({ chosen, rejected }) => [chosen.logRatio, rejected.logRatio]));
    for (const { chosen, rejected } of pairs) {
      const margin = beta * (chosen.logRatio - rejected.logRatio);
      this.sums.pairs += 1;
      this.sums.loss += pairLoss(objective, chosen.logRatio, rejected.logRatio, point).loss;
      this.sums.chosenReward += beta * chosen.logRatio;
      this.sums.rejectedReward += beta * rejected.logRatio;
      this.sums.correct += correctness(margin);
      this.sums.oracleGap += Math.abs(chosen.reward - rejected.reward);
    }
  }

  /** Means per pair; null before the first pair. */
  means(): Record<'loss' | 'chosenReward' | 'rejectedReward' | 'margin' | 'accuracy' | 'oracleGap', number | null> {
    const { pairs, loss, chosenReward, rejectedReward, correct, oracleGap } = this.sums;
    const mean = (sum: number) => (pairs === 0 ? null : sum / pairs);
    return {
      loss: mean(loss),
      chosenReward: mean(chosenReward),
      rejectedReward: mean(rejectedReward),
      margin: mean(chosenReward - rejectedReward),
      accuracy: mean(correct),
      oracleGap: mean(oracleGap),
    };
  }

  forget(): void {
    this.sums = { ...NOTHING };
  }
}

/** Whether the implicit reward ranks a pair as its label does; a tie, as at the very start, is a coin toss. */
export const correctness = (margin: number): number => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0);
