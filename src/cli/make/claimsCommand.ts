import { join } from 'node:path';
import { endMean } from '../../analysis/ends';
import { corrected, judge, type CorrectedJudgement } from '../../analysis/verdict';
import { countText, fixed, withInterval } from '../../analysis/format';
import type { PaperExperiment } from '../../experiment/presets/claims';
import { METRICS } from '../../experiment/documents/metrics';
import { PRESETS } from '../../experiment/presets/presets';
import type { Recorded } from '../../experiment/documents/recorded';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { checkWritable, ROOT, writeAtomically } from '../files';
import { recordedOf } from '../recordedRuns';

const INTRODUCTION = `# The paper’s claims, held against our runs

Written by \`npm run lab -- claims\` from the recorded runs in \`public/recorded\`. A verdict rests on a 95% interval over seeds: Student’s t of the differences seed by seed, or for savings the paired t test inverted. _Agrees_ and _disagrees_ mean that the interval lies on one side; _undecided_ that it allows both; _not testable here_ that the design would give the same whether the claim is true or not. On reviews, J, reward and KL are the mean of the evaluations in the last quarter of the steps, but for savings, whose goal is the last evaluation. What a pair costs is known exactly and decides by itself. _Corrected_ is the verdict after Holm’s correction over all tests of this document. Models, prompts and rewards are not the paper’s, so only orders can be compared, not numbers.
`;

/** `lab claims`: the document of the paper's claims against the recorded runs. */
export function claimsCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('claims', args, { out: { type: 'string' } });
  if (positionals.length > 0) throw new UsageError(`claims takes no "${positionals[0]}"`);
  const out = values.out ?? join(ROOT, 'docs', 'claims.md');
  checkWritable(out);
  const presets = PRESETS.flatMap(({ id, title, paper }) =>
    paper ? [{ id, title, paper, recorded: recordedOf(id) }] : [],
  );
  const judgements = presets.map(({ paper, recorded }) => (recorded ? judge(recorded.history, paper.claims) : []));
  const all = corrected(judgements.flat());
  const sections = presets.map((preset, i) => section(preset, all.splice(0, judgements[i]!.length)));
  writeAtomically(out, [INTRODUCTION, ...sections].join('\n'));
  process.stdout.write(`${out}\n`);
  return EXIT.success;
}

interface PaperPreset {
  readonly id: string;
  readonly title: string;
  readonly paper: PaperExperiment;
  readonly recorded: Recorded | null;
}

function section({ id, title, paper, recorded }: PaperPreset, judgements: readonly CorrectedJudgement[]): string {
  const head = [`## ${title} (\`${id}\`)`, paper.did, `Different here: ${paper.changed}`];
  if (!recorded) return [...head, 'Not recorded yet.', ''].join('\n\n');
  const found = paper.judgedAt
    ? `Its runs are among those of \`${paper.judgedAt}\`, where the claims are judged.`
    : verdicts(judgements);
  return [...head, source(recorded), ...numbers(paper, recorded), found, ''].join('\n\n');
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
      const here = endMean(history, history.arms.indexOf(arm), metric);
      return [values?.[i] === undefined ? 'not available' : fixed(values[i], 2), withInterval(here)];
    }),
  ]);
  return [markdown(['arm', ...titles], lines)];
}

const verdicts = (judgements: readonly CorrectedJudgement[]): string =>
  markdown(
    ['claim', 'verdict', 'corrected', 'found', 'seeds'],
    judgements.map(({ statement, verdict, corrected: after, evidence, seeds, planned }) => [
      statement,
      `**${verdict}**`,
      after,
      evidence,
      countText(seeds, planned),
    ]),
  );

const markdown = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
