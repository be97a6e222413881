import { parseConfig } from '../../experiment/config/config';
import { parsePermalink } from '../../experiment/config/permalink';
import { findPreset, PRESETS } from '../../experiment/presets/presets';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { parseJson } from '../../math/json';
import { setPath } from '../../experiment/config/setPath';
import { jsonOrText } from '../../experiment/documents/typedAxes';
import { compression } from '../compression';
import { known, sentence, UsageError } from '../errors';
import { MOST_TEXT_VALUES, readText } from '../readFile';

export interface LoadedConfig {
  readonly config: ExperimentConfig;
  /** What to call it in few words. */
  readonly title: string;
}

/**
 * The config of a preset, of a link or of a file, with the changes of `--set` in their order. A file holds a config, or
 * an object with one under "config", as a preset's entry and a results document are. Rejects with a UsageError.
 */
export async function loadConfig(source: string, changes: readonly string[]): Promise<LoadedConfig> {
  const link = linkIn(source);
  const input =
    link === null ? (findPreset(source)?.config ?? unwrapped(readJson(source, PRESETS))) : await readLink(link);
  return { config: known(parseConfig(changes.reduce(changed, input))), title: link === null ? source : 'linked' };
}

/** What stands behind the # of an address, with it; null where the source is no address. */
const linkIn = (source: string): string | null => /^(?:[a-z]+:[/][/][^#]*)?(#.*)$/s.exec(source.trim())?.[1] ?? null;

const readLink = async (link: string): Promise<ExperimentConfig> => known(await parsePermalink(link, compression));

/** What a JSON file holds; `presets` are the names that would have done as well. Throws UsageError. */
export function readJson(path: string, presets: readonly { readonly id: string }[]): unknown {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const names = presets.map(({ id }) => id).join(', ');
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new UsageError(`"${path}" is neither a preset (${names}) nor a link nor a file`, { cause: error });
    }
    throw new UsageError(`${path} cannot be read: ${sentence(error)}`, { cause: error });
  }
  try {
    return parseJson(text, MOST_TEXT_VALUES);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new UsageError(`${path} ${message}${cause ? `: ${sentence(cause)}` : ''}`, { cause: error });
  }
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, 'task')) return value;
  return Object.hasOwn(value, 'config') ? (value as { config: unknown }).config : value;
}

/** One `--set path=value`; the value is JSON where it parses, else text. */
export function changed(input: unknown, change: string): unknown {
  const equals = change.indexOf('=');
  if (equals < 1) throw new UsageError(`--set: "${change}" is not of the form path=value`);
  try {
    return setPath(input, change.slice(0, equals), jsonOrText(change.slice(equals + 1)));
  } catch (error) {
    throw new UsageError(sentence(error), { cause: error });
  }
}
