import type { OracleConfig } from '../../experiment/config/oracles';
import { rewardOf, type RewardForm } from '../reviews/bounds';
import type { OracleScore } from '../task';
import type { Oracle } from './oracles/oracle';
import { oracleOf } from './oracles/table';
import { wordsOf } from './words';

/** The reward of a completion after its prompt, and what each of its tokens contributes to it. */
export type Score = (prompt: readonly number[], completion: readonly number[]) => OracleScore;

/**
 * A weighted sum of oracles, each of which credits words. A word's credit is its last token's; what the end is credited
 * with, or the lack of one, is the last token's.
 *
 * @param pieces what each token id adds to a text
 * @param ends tokens that end one
 * @param learnt the oracles that have learnt, by their checkpoint's name
 */
export function scoreBy(
  pieces: readonly string[],
  ends: readonly number[],
  oracles: readonly OracleConfig[],
  form: RewardForm,
  learnt?: ReadonlyMap<string, Oracle>,
): Score {
  const rows = oracles.map((config) => ({ oracle: oracleOf(config, learnt), weight: config.weight }));
  return (prompt, completion) => {
    const before = prompt.map((id) => pieces[id]!).join('');
    let at = before.length;
    /** Where each token's text ends. */
    const stops = completion.map((id) => (at += pieces[id]!.length));
    const whole = before + completion.map((id) => pieces[id]!).join('');
    const words = wordsOf(whole);
    // A word that the prompt has begun is the completion's.
    const own = words.findIndex((word) => word.end > before.length);
    const first = own < 0 ? words.length : own;
    const text = { text: whole, from: before.length, words, first, ended: ends.includes(completion.at(-1)!) };
    const contributions = completion.map(() => 0);
    for (const { oracle, weight } of rows) {
      oracle.credits(text).forEach((credit, i) => {
        if (credit === 0) return;
        const word = words[first + i];
        const token = word ? stops.findIndex((end) => end >= word.end) : completion.length - 1;
        if (token >= 0) contributions[token]! += weight * credit;
      });
    }
    const sum = contributions.reduce((a, b) => a + b, 0);
    return { reward: rewardOf(form, sum), contributions };
  };
}
