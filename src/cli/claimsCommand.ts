import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastMean } from '../analysis/aggregate';
import { judge } from '../analysis/verdict';
import type { PaperExperiment } from '../experiment/claims';
import { METRICS } from '../experiment/metrics';
import { PRESETS } from '../experiment/presets';
import { parseRecorded, type Recorded } from '../experiment/recorded';
import { readArguments } from './arguments';
import { EXIT, UsageError } from './errors';
import { checkWritable, RECORDED, ROOT, writeAtomically } from './files';

const INTRODUCTION = `# The paper’s claims, held against our runs

Written by \`npm run lab -- claims\` from the recorded runs in \`public/recorded\`. A verdict rests on a 95% interval over seeds: Student’s t of the differences seed by seed at the last evaluation, or a paired bootstrap for savings. _Agrees_ and _disagrees_ mean that the interval lies on one side; _undecided_ that it allows both. Models, prompts and rewards are not the paper’s, so only orders can be compared, not numbers; no interval is corrected for the number of claims.
`;

/** `lab claims`: the document of the paper's claims against the recorded runs. */
export function claimsCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('claims', args, { out: { type: 'string' } });
  if (positionals.length > 0) throw new UsageError(`claims takes no "${positionals[0]}"`);
  const out = values.out ?? join(ROOT, 'docs', 'claims.md');
  checkWritable(out);
  const sections = PRESETS.flatMap(({ id, title, paper }) => (paper ? [section(id, title, paper)] : []));
  writeAtomically(out, [INTRODUCTION, ...sections].join('\n'));
  process.stdout.write(`${out}\n`);
  return EXIT.success;
}

function section(id: string, title: string, paper: PaperExperiment): string {
  const path = join(RECORDED, `${id}.json`);
  const head = [`## ${title} (\`${id}\`)`, paper.did, `Different here: ${paper.changed}`];
  if (!existsSync(path)) return [...head, 'Not recorded yet.', ''].join('\n\n');
  const recorded = parseRecorded(JSON.parse(readFileSync(path, 'utf8')));
  return [...head, source(recorded), ...numbers(paper, recorded), verdicts(paper, recorded), ''].join('\n\n');
}

const source = ({ command, date, backend, version, history }: Recorded): string =>
  `\`${command}\`: version ${version}, ${date}, ${backend.name}, ${history.config.seeds} seeds.`;

/** Ours, with the paper's beside them where it has any. */
function numbers({ printed }: PaperExperiment, { history }: Recorded): string[] {
  if (!printed) return [];
  const { metrics, rows } = printed;
  const titles = metrics.flatMap((metric) => [`${METRICS[metric].label}, paper`, `${METRICS[metric].label}, here`]);
  const lines = Object.entries(rows).map(([arm, values]) => [
    arm,
    ...metrics.flatMap((metric, i) => {
      const here = lastMean(history, history.arms.indexOf(arm), metric);
      return [
        values?.[i]?.toFixed(2) ?? 'not available',
        here ? `${here.mean.toFixed(2)} ± ${here.half?.toFixed(2)}` : '–',
      ];
    }),
  ]);
  return [markdown(['arm', ...titles], lines)];
}

function verdicts({ claims }: PaperExperiment, { history }: Recorded): string {
  const lines = judge(history, claims).map(({ statement, verdict, evidence, seeds }) => [
    statement,
    `**${verdict}**`,
    evidence,
    String(seeds),
  ]);
  return markdown(['claim', 'verdict', 'found', 'seeds'], lines);
}

const markdown = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
