import { fixed, signed } from '../../../analysis/format';
import { isPairTable, type Coefficient, type ResolvedSampler } from '../../../experiment/samplers/table';
import { softmax } from '../../../math/logits';
import { armPairs } from '../../../theory/armPairs';
import type { DrawnPair, DrawnResponse } from '../../../theory/lesson';
import { interpolatedProbabilities } from '../../../theory/pairDistribution';
import type { Prompt } from '../../../theory/prompt';
import { LETTERS, type LearntPair } from './lesson.svelte';

/** What happens to a pair, in plain words. */

const letter = (response: number): string => LETTERS[response] ?? '?';

/** What a completion is drawn from, by its coefficient. */
function originOf(coefficient: Coefficient): string {
  if (coefficient === 'uniform') return 'all answers alike';
  if (coefficient === 0) return 'the policy';
  if (coefficient === -1) return 'the reference';
  return coefficient > 0 ? 'π⁺, pushed away from the reference' : 'π⁻, pulled back towards the reference';
}

/** Which kind of pair it is and what was drawn. */
export function pairCaption(
  { first, second, candidates }: DrawnPair,
  sampler: ResolvedSampler,
  prompt: Prompt,
  logits: ArrayLike<number>,
): string {
  if (candidates) {
    const drawn = candidates.map(letter).join(', ');
    if (sampler.selection === 'implicit-closest') {
      return `The policy drew ${drawn}. Of the different ones its own implicit reward tells ${letter(first.response)} and ${letter(second.response)} apart least: they are shown.${sameNote(first, second)}`;
    }
    const reader = sampler.selection === 'oracle-extremes' ? 'by the oracle’s reward' : 'by its own implicit reward';
    return `The policy drew ${drawn}. The best and the worst of them ${reader} are shown: ${letter(first.response)} and ${letter(second.response)}.${sameNote(first, second)}`;
  }
  if (isPairTable(sampler.selection)) {
    const mu = armPairs(sampler, prompt, logits)[first.response * logits.length + second.response]!;
    return `The sampler gives every pair a probability. It drew ${letter(first.response)} and ${letter(second.response)}, whose probability in this order is ${fixed(mu, 3)}.${sameNote(first, second)}`;
  }
  const chance = ({ response, coefficient }: DrawnResponse) =>
    fixed(interpolatedProbabilities(coefficient, logits, prompt.referenceLogits, sampler.temperature)[response]!, 2);
  if (first.coefficient === second.coefficient) {
    return `Both are drawn from ${originOf(first.coefficient)}: ${letter(first.response)}, whose chance there is ${chance(first)}, and ${letter(second.response)}, ${chance(second)}.${sameNote(first, second)}`;
  }
  const told = (drawn: DrawnResponse) => {
    const own = fixed(softmax(logits)[drawn.response]!, 2);
    const compared = drawn.coefficient === 0 ? '' : `, under the policy itself ${own}`;
    return `${letter(drawn.response)} from ${originOf(drawn.coefficient)} (its chance there is ${chance(drawn)}${compared})`;
  };
  return `One is drawn from each: ${told(first)}, and ${told(second)}.${sameNote(first, second)}`;
}

const sameNote = (first: DrawnResponse, second: DrawnResponse): string =>
  first.response === second.response ? ' It is the same answer twice, so there is nothing to learn from it.' : '';

/** The label and its probability. */
export function labelCaption({ first, second, probability, chosen }: DrawnPair): string {
  const said = `The annotator prefers ${letter(first.response)} to ${letter(second.response)} with probability σ(r*(${letter(first.response)}) − r*(${letter(second.response)})) = ${fixed(probability, 2)}`;
  const likely = chosen === first.response ? probability : 1 - probability;
  return `${said}, and says ${letter(chosen)}${likely < 0.5 && first.response !== second.response ? ', against the odds' : ''}.`;
}

/** What the policy learns. */
export function updateCaption({ drawn, before, guess }: LearntPair, after: ArrayLike<number>): string {
  const { chosen, rejected, gradient } = drawn;
  const [p, q] = [softmax(before), softmax(after)];
  const moved = (k: number) => `${letter(k)} from ${fixed(p[k]!, 3)} to ${fixed(q[k]!, 3)}`;
  const guessed =
    guess === null ? '' : guess === chosen ? ` You guessed ${letter(guess)}: right.` : ` You guessed ${letter(guess)}.`;
  if (chosen === rejected) return `The same answer won and lost: no logit moves.${guessed}`;
  return `The gradient raises the logit of ${letter(chosen)} by ${signed(-gradient[chosen]!, 3)} and lowers that of ${letter(rejected)} as much; no other logit moves. A step moves the probability of ${moved(chosen)}, and of ${moved(rejected)}.${guessed}`;
}
