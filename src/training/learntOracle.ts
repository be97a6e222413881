import { parseRewardModel, rewardsAlong } from '../policy/rewardModel';
import type { Oracle } from '../tasks/text/oracles/oracle';
import { modelCoder } from './modelCoder';

/**
 * An oracle that has learnt its judgement. A word is credited with how far the reward of the text up to its end is from
 * the one up to the word before; all credits add up to the whole text's reward less the prompt's alone. Throws an Error
 * for a file that is no reward model.
 */
export function learntOracle(bytes: Uint8Array): Oracle {
  const model = parseRewardModel(bytes);
  const { beginning, ends, length } = model;
  const coder = modelCoder(model);
  return {
    credits({ text, from, words, first, ended }) {
      const own = coder.encode(text);
      const ids = [beginning, ...own, ...(ended ? ends.slice(0, 1) : [])].slice(0, length);
      const rewards = rewardsAlong(model, ids);
      let at = 0;
      /** Where each token's letters end; the beginning has none. */
      const stops = [0, ...own.map((id) => (at += coder.pieces[id]!.length))].slice(0, length);
      const rewardAt = (end: number) => {
        const found = stops.findIndex((stop) => stop >= end);
        return rewards[found < 0 ? rewards.length - 1 : found]!;
      };
      let before = rewardAt(from);
      const credits = words.slice(first).map(({ end }) => {
        const now = rewardAt(end);
        const credit = now - before;
        before = now;
        return credit;
      });
      return [...credits, rewards.at(-1)! - before];
    },
  };
}
