import type { TextTask } from '../task';
import { completionLengths } from './analysis';
import { promptIds } from './grammar';
import { TEST_OPENINGS, TRAINING_OPENINGS } from './openings';
import { score } from './oracle';
import { text, VOCABULARY } from './vocabulary';

export { completionLengths, entropyPerCompletion, entropyPerWord } from './analysis';
export { PANEL_SIZE, scoreBy } from './panel';
export { sampleDerivation, sampleReview } from './grammar';
export { isGrammatical, logProbability } from './recogniser';

const prompts = TRAINING_OPENINGS.map(promptIds);
const testPrompts = TEST_OPENINGS.map(promptIds);

/** Restaurant reviews from a grammar of ours, labelled by a sentiment lexicon. */
export const reviews: TextTask = {
  kind: 'reviews',
  vocabulary: VOCABULARY,
  prompts,
  testPrompts,
  promptLength: Math.max(...[...prompts, ...testPrompts].map((prompt) => prompt.length)),
  completionLength: completionLengths().longest,
  score,
  text,
};
