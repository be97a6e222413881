/** The part of VADER that is used, which has no types of its own: a static method a rule. */
interface SentimentText {
  readonly words_and_emoticons: readonly string[];
  /** Whether some of the words, but not all, are in capitals. */
  readonly is_cap_diff: boolean;
}

interface Rules {
  /** `valences` with the word's own appended. */
  sentiment_valence(
    valence: number,
    text: SentimentText,
    word: string,
    index: number,
    valences: readonly number[],
  ): number[];
  but_check(words: readonly string[], valences: readonly number[]): number[];
}

declare const vader: { readonly SentimentIntensityAnalyzer: Rules };
export default vader;
