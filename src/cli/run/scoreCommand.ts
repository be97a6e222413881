import { createInterface } from 'node:readline';
import * as v from 'valibot';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { problemText, readBy, readJson } from '../../experiment/reading';
import type { Task } from '../../training/task';
import { readArguments } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { loadConfig } from './configSource';
import { prepared } from './prepared';

const MOST_TEXTS = 4096;

/**
 * `lab score`: a task's oracle for other programs. A line of standard input is a list of texts, as token ids; a line of
 * standard output their rewards, or what is wrong with the list. It ends with its input.
 */
export async function scoreCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('score', args, {
    set: { type: 'string', multiple: true, default: [] },
  });
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) {
    throw new UsageError(`score takes one preset, config or link; given was "${positionals.join(' ')}"`);
  }
  const { config } = await loadConfig(source, values.set);
  const score = scoring(config, await prepared(config));
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    process.stdout.write(`${JSON.stringify(score(line))}\n`);
  }
  return EXIT.success;
}

/** Answers a line: rewards in its order, or an error that names the place. */
function scoring({ firstSeed }: ExperimentConfig, task: Task): (line: string) => number[] | { error: string } {
  const { vocabulary, completionLength } = task.policy;
  const ids = (least: number, most: number) => {
    const message = `must be a list of ${least} to ${most} whole numbers from 0 to ${vocabulary - 1}`;
    const id = v.pipe(
      v.number(message),
      v.integer(message),
      v.minValue(0, message),
      v.maxValue(vocabulary - 1, message),
    );
    return v.pipe(v.array(id, message), v.minLength(least, message), v.maxLength(most, message));
  };
  const endsOnce = 'goes on after a token that ends it';
  const schema = v.pipe(
    v.array(
      v.strictObject(
        {
          prompt: ids(1, task.promptLength),
          completion: v.pipe(
            ids(1, completionLength),
            v.check((completion) => !completion.slice(0, -1).some((id) => task.ends(id)), endsOnce),
          ),
        },
        'must be {"prompt": [ids], "completion": [ids]}',
      ),
      'must be a list of {"prompt": [ids], "completion": [ids]}',
    ),
    v.maxLength(MOST_TEXTS, `has more than ${MOST_TEXTS} texts`),
  );
  return (line) => {
    const json = readJson(line);
    if (!json.ok) return { error: 'the line is not JSON' };
    const texts = readBy(schema, json.value, 'the line');
    if (!texts.ok) return { error: problemText(texts.problems) };
    try {
      return texts.value.map(({ prompt, completion }) => task.reward(firstSeed, prompt, completion));
    } catch (error) {
      return { error: sentence(error) };
    }
  };
}
