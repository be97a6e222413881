import VADER from 'vader-sentiment';
import type { Oracle } from './oracle';

const rules = VADER.SentimentIntensityAnalyzer;

/**
 * VADER (Hutto and Gilbert 2014): a word's rated valence from −4 to 4, turned by a negation, raised or lowered by an
 * adverb of degree, and weighed anew around "but". Its rules read one word after the other; the prompt's words are read
 * for what they do to those that follow. The emphasis of exclamation marks is left out: it belongs to no word.
 */
export const sentiment: Oracle = {
  credits({ words, first }) {
    const text = { words_and_emoticons: words.map((word) => word.text), is_cap_diff: false };
    const valences = text.words_and_emoticons.map((word, i) => rules.sentiment_valence(0, text, word, i, []).at(-1)!);
    return [...rules.but_check(text.words_and_emoticons, valences).slice(first), 0];
  },
};
