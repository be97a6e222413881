import type { OracleConfig } from '../../../experiment/config/oracles';
import { ending } from './ending';
import { length } from './length';
import type { Oracle } from './oracle';
import { sentiment } from './sentiment';
import { simpleWords } from './simpleWords';
import { variety } from './variety';
import { wanted } from './wanted';

/**
 * The oracle of a row of the config's table.
 *
 * @param learnt those that have learnt, by their checkpoint's name; an Error says which of them is missing
 */
export function oracleOf(config: OracleConfig, learnt?: ReadonlyMap<string, Oracle>): Oracle {
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
    case 'learnt': {
      const oracle = learnt?.get(config.model);
      if (!oracle) throw new Error(`the reward model ${config.model} is not there`);
      return oracle;
    }
    default:
      throw new Error(`unknown oracle ${JSON.stringify(config satisfies never)}`);
  }
}
