import { costOf } from '../experiment/samplers/costs';
import type { RaceHistory } from '../experiment/documents/history';
import type { MetricName } from '../experiment/documents/metrics';
import { meanAt, newestIndex, stepsOf } from './aggregate';
import { compact, fixed, whole } from './format';

/** A single step of a race, part by part, a row an arm. */
export interface StepParts {
  readonly step: number;
  readonly arms: readonly {
    readonly arm: string;
    readonly sampled: string;
    readonly labelled: string;
    readonly updated: string;
  }[];
}

/** What the newest step did, where the one before it is evaluated too, as single stepping does; else null. */
export function stepParts(history: RaceHistory): StepParts | null {
  const { config, arms } = history;
  const last = newestIndex(history);
  const steps = stepsOf(history, 0);
  const step = steps[last];
  if (last < 1 || step === undefined || step - 1 !== steps[last - 1]) return null;
  const at = (arm: number, metric: MetricName, index: number) => meanAt(history, arm, metric, index)?.mean ?? null;
  const moved = (arm: number, metric: MetricName) => {
    const [before, after] = [at(arm, metric, last - 1), at(arm, metric, last)];
    return before === null || after === null ? '–' : `${fixed(before, 4)} → ${fixed(after, 4)}`;
  };
  return {
    step,
    arms: arms.map((arm, i) => {
      const own = config.arms[i]!;
      const { sampling } = costOf(own, own.beta ?? config.beta);
      const passes = sampling === null ? 'drawn exactly' : `${compact(sampling)} passes each`;
      const [labels, before] = [at(i, 'labels', last), at(i, 'labels', last - 1)];
      const fresh = labels === null || before === null ? 0 : labels - before;
      const [accuracy, gap] = [at(i, 'accuracy', last), at(i, 'oracleGap', last)];
      const seen =
        fresh === 0 || accuracy === null || gap === null
          ? 'none: it trained on earlier pairs'
          : `${whole(fresh)} labels; the policy had ${whole(100 * accuracy)}% right; scores ${fixed(gap, 2)} apart`;
      return {
        arm,
        sampled: fresh === 0 ? 'none' : `${whole(fresh)} pairs, ${passes}`,
        labelled: seen,
        updated: `J ${moved(i, 'objective')}, KL ${moved(i, 'kl')}`,
      };
    }),
  };
}
