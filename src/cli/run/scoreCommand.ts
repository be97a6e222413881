import { createInterface } from 'node:readline';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { textReader } from '../../experiment/documents/scoredTexts';
import { problemText } from '../../experiment/reading';
import type { Task } from '../../training/task';
import { readArguments } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { loadConfig } from './configSource';
import { prepared } from './prepared';

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
  const { promptLength } = task;
  const read = textReader({ vocabulary, promptLength, completionLength, ends: (token) => task.ends(token) });
  return (line) => {
    const texts = read(line);
    if (!texts.ok) return { error: problemText(texts.problems) };
    try {
      return texts.value.map(({ prompt, completion }) => task.reward(firstSeed, prompt, completion));
    } catch (error) {
      return { error: sentence(error) };
    }
  };
}
