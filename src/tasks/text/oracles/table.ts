import type { OracleConfig } from '../../../experiment/config/oracles';
import { ending } from './ending';
import { length } from './length';
import type { Oracle } from './oracle';
import { sentiment } from './sentiment';
import { simpleWords } from './simpleWords';
import { variety } from './variety';
import { wanted } from './wanted';

/** The oracle of a row of the config's table. */
export function oracleOf(config: OracleConfig): Oracle {
  switch (config.of) {
    case 'sentiment':
      return sentiment;
    case 'simple-words':
      return simpleWords;
    case 'variety':
      return variety;
    case 'ending':
      return ending;
    case 'word':
      return wanted(config.word);
    case 'length':
      return length(config.words);
    default:
      throw new Error(`unknown oracle ${JSON.stringify(config satisfies never)}`);
  }
}
