/** Cards that `?embed=` shows alone, and where in the page they are. A card's title has the id `<name>-title`. */
export const CARDS = {
  plane: 'race',
  curve: 'race',
  saved: 'race',
  results: 'race',
  pairs: 'race',
  diagnostics: 'race',
  prompt: 'learn/prompt',
  draw: 'learn/prompt',
  grid: 'learn/prompt',
  text: 'learn/text',
  best: 'learn/text',
  simplex: 'learn/theory',
  samplers: 'learn/theory',
  'race-theory': 'learn/theory',
} as const;
export type CardName = keyof typeof CARDS;
export const CARD_NAMES = Object.keys(CARDS) as CardName[];
