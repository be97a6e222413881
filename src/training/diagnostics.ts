import { pairLoss, referencePoint, type PreferenceLoss } from '../math/preferenceLosses';
import type { PreferencePair } from './pair';
import type { DiagnosticSums } from './snapshot';

const NOTHING: DiagnosticSums = { pairs: 0, loss: 0, chosenReward: 0, rejectedReward: 0, correct: 0, oracleGap: 0 };

/** Sums of a run's training diagnostics since the last evaluation, over fresh pairs before they are trained on. */
export class Diagnostics {
  sums: DiagnosticSums = { ...NOTHING };

  /** @param pairs of one step: KTO's loss depends on its neighbours */
  add(pairs: readonly PreferencePair[], objective: PreferenceLoss): void {
    const { beta, kind } = objective;
    const point =
      kind === 'kto'
        ? referencePoint(pairs.flatMap(({ chosen, rejected }) => [chosen.logRatio, rejected.logRatio]))
        : 0;
    // Local: a sum in an object is a new object at every addition.
    let { loss, chosenReward, rejectedReward, correct, oracleGap } = this.sums;
    for (const { chosen, rejected } of pairs) {
      loss += pairLoss(objective, chosen.logRatio, rejected.logRatio, point).loss;
      chosenReward += beta * chosen.logRatio;
      rejectedReward += beta * rejected.logRatio;
      correct += correctness(beta * (chosen.logRatio - rejected.logRatio));
      oracleGap += Math.abs(chosen.reward - rejected.reward);
    }
    this.sums = { pairs: this.sums.pairs + pairs.length, loss, chosenReward, rejectedReward, correct, oracleGap };
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
