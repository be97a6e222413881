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
      const trimmed = text.trimStart();
      const own = coder.encode(trimmed);
      const ids = [beginning, ...own, ...(ended ? ends.slice(0, 1) : [])].slice(0, length);
      const rewards = rewardsAlong(model, ids);
      // Many tokenizers put a space before a text, which is none of its letters.
      const added = coder.pieces[own[0] ?? beginning]!.startsWith(' ') ? 1 : 0;
      let at = text.length - trimmed.length - added;
      /** Where each token's letters end; the beginning has none. */
      const stops = [at, ...own.map((id) => (at += coder.pieces[id]!.length))].slice(0, length);
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
