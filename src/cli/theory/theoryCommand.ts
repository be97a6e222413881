import { compact, fixed } from '../../analysis/format';
import { problemText } from '../../experiment/reading';
import { banditTables } from '../../tasks/bandit';
import { armTheories, MOST_RESPONSES, theoryProblems, type ArmTheory } from '../../theory/armTheory';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { loadConfig } from '../run/configSource';
import { table } from '../table';

const AT = { usual: '0,0.25,0.5,0.75,1', most: 100, max: 10 };

/** `lab theory`: what the exact theory says of a bandit's arms. */
export async function theoryCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('theory', args, {
    set: { type: 'string', multiple: true, default: [] as string[] },
    at: { type: 'string', default: AT.usual },
    json: { type: 'boolean', default: false },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('theory needs the name of a preset, a config file or a link');
  if (surplus !== undefined)
    throw new UsageError(`theory takes one preset, config file or link; "${surplus}" is too much`);
  const ats = readShares(values.at);
  const { config } = await loadConfig(source, values.set);
  const { task } = config;
  const problems = theoryProblems(config);
  if (problems.length > 0 || task.kind !== 'bandit') throw new UsageError(problemText(problems));
  // Shared tables are the same for every seed.
  const seeds = task.tables === 'shared' || (task.referenceLogits && task.rewards) ? 1 : config.seeds;
  const tables = Array.from({ length: seeds }, (_, s) => banditTables(task, config.firstSeed + s));
  const { arms, best } = armTheories(config, tables, ats);
  const document = { format: 'pilaf-lab/theory', version: 1, arms, best };
  process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : report(arms, best.constant, ats, seeds));
  return EXIT.success;
}

function readShares(text: string): number[] {
  const shares = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (shares.length <= AT.most && shares.every((share) => share >= 0 && share <= AT.max)) return shares;
  throw new UsageError(
    `--at: "${text}" is not allowed; give at most ${AT.most} numbers from 0 (the reference) to ${AT.max}, with commas between; 1 is the optimum`,
  );
}

function report(arms: readonly ArmTheory[], best: number | null, ats: readonly number[], seeds: number): string {
  const rows = arms.map(({ arm, alignment, constant, efficiency }) => [
    arm,
    ...alignment.map(({ cosine }) => (cosine === null ? '–' : fixed(cosine, 4))),
    constant === null ? '∞' : compact(constant),
    efficiency === null ? '–' : `${fixed(100 * efficiency, 1)}%`,
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const lines = table(
    [
      { title: 'arm', align: 'left' },
      ...ats.map((at) => right(`cos at ${compact(at)}`)),
      right('c'),
      right('efficiency'),
    ],
    rows,
  );
  return [
    `Exact theory${seeds > 1 ? `, means over the tables of ${seeds} seeds` : ''}.`,
    '',
    lines,
    'cos at f: between the expected DPO step and the gradient of J, at logits h_ref + f·r*/β (1: the optimum, a limit).',
    'c: n·(J* − J) tends to it with n labels in all. efficiency: the best design’s c over the arm’s.',
    best === null
      ? `No best design: there are more than ${MOST_RESPONSES} responses, or rewards are too wide over β for numbers to tell.`
      : `The best design’s c: ${compact(best)}.`,
    '',
  ].join('\n');
}
