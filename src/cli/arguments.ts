import { parseArgs, type ParseArgsConfig } from 'node:util';
import { HEAD_WIDTH } from '../experiment/config/textPretraining';
import { BACKEND_NAMES, type BackendName } from '../experiment/documents/results';
import { MOST_WORKERS } from '../run/pool';
import { UsageError } from './errors';

type OptionTypes = NonNullable<ParseArgsConfig['options']>;

/** Reads a command's arguments; throws UsageError for an option it does not have or a value left out. */
export function readArguments<T extends OptionTypes>(command: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(argumentProblem(command, options, error), { cause: error });
  }
}

/** Node's own messages run over several sentences. */
function argumentProblem(command: string, options: OptionTypes, error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
  const known = Object.keys(options).map((name) => `--${name}`);
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return `unknown option ${option}; ${command} takes ${known.join(', ')}`;
  }
  const name = option.split(',')[0]!;
  return `${name}: ${/argument missing|ambiguous/.test(message) ? 'its value is missing' : 'it does not take a value so'}`;
}

/** The value of `--backend`, undefined where it was not given. */
export function readBackend(text: string | undefined): BackendName | undefined {
  const name = BACKEND_NAMES.find((candidate) => candidate === text);
  if (text !== undefined && name === undefined) {
    throw new UsageError(`--backend: "${text}" is not one of ${BACKEND_NAMES.join(', ')}`);
  }
  return name;
}

/** The value of an option that is a whole number within bounds. */
export function readWhole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option}: "${text}" is not allowed; give a whole number from ${min} to ${max}`);
}

/** The value of `--width`, of whole heads. */
export function readWidth(text: string, max: number): number {
  const width = readWhole('--width', text, HEAD_WIDTH, max);
  if (width % HEAD_WIDTH === 0) return width;
  throw new UsageError(`--width: ${width} is not allowed; give a multiple of ${HEAD_WIDTH}, up to ${max}`);
}

/** Arguments as a shell reads them, for a command that somebody may paste. */
export const quoted = (args: readonly string[]): string =>
  args.map((arg) => (/^[\w./:=,@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(' ');

/** Those of a command's options that were given, as arguments again. */
export const optionsAgain = (options: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));

/** The value of an option that is a number of seconds. */
export function readSeconds(option: string, text: string): number {
  const value = /^\d{1,6}([.]\d+)?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= 86_400) return value;
  throw new UsageError(`${option}: "${text}" is not allowed; give seconds, more than 0 and at most 86400`);
}

/** The value of an option that is a number of processes; undefined where it was not given. */
export const readWorkers = (text: string | undefined, option = '--workers'): number | undefined =>
  text === undefined ? undefined : readWhole(option, text, 1, MOST_WORKERS);
