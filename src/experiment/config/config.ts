import { issueMessage, issuePath } from '../documents/issues';
import * as v from 'valibot';
import {
  configSchema,
  EXACT_SAMPLERS,
  SAMPLER_NAMES,
  takesAlpha,
  takesN,
  type ArmConfig,
  type ExperimentConfig,
  type LossConfig,
} from './schema';

/** One thing wrong with a config: where, and a sentence that names the value and what is allowed. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: ExperimentConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** At most this many runs in one experiment: more would not fit a laptop's GPU. */
export const MAXIMUM_RUNS = 512;

/** Completions sampled together: what a browser's memory holds, with a transformer's keys and values for each. */
const MAXIMUM_COMPLETIONS = { bandit: 1_048_576, reviews: 32_768 } as const;

/** Checks an untrusted value and fills in the defaults; never throws. */
export function parseConfig(input: unknown): ParsedConfig {
  const parsed = v.safeParse(configSchema, input);
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.issues.map((issue) => ({ path: issuePath(issue, 'config'), message: issueMessage(issue) })),
    };
  }
  const config = withTableShape(parsed.output);
  const problems = crossChecks(config);
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

/** The first problem as one sentence, for the command line and for dialogs. */
export function problemText(problems: readonly Problem[]): string {
  const first = problems[0];
  if (!first) return 'The config is valid.';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${first.path}: ${first.message}${more}`;
}

/** Whether two arms' J can be compared: each charges its own β for KL. */
export const comparableObjectives = ({ arms, beta }: ExperimentConfig, a: number, b: number): boolean =>
  (arms[a]?.beta ?? beta) === (arms[b]?.beta ?? beta);

/** The arm's name in charts and results: its own, or one made of what sets it apart. */
export function armName(arm: ArmConfig): string {
  if (arm.name) return arm.name;
  const parts: string[] = [];
  if (takesN(arm.sampler)) parts.push(`N = ${arm.n}`);
  if (arm.alpha !== undefined) parts.push(`α = ${arm.alpha}`);
  if (arm.temperature !== 1) parts.push(`T = ${arm.temperature}`);
  if (arm.beta !== undefined) parts.push(`β = ${arm.beta}`);
  if (arm.learningRate !== undefined) parts.push(`lr = ${arm.learningRate}`);
  if (arm.weighted) parts.push('weighted');
  if (arm.loss) parts.push(lossName(arm.loss));
  return parts.length === 0 ? SAMPLER_TITLES[arm.sampler] : `${SAMPLER_TITLES[arm.sampler]} (${parts.join(', ')})`;
}

/** DPO, cDPO 0.1, IPO … */
export function lossName({ kind, smoothing }: LossConfig): string {
  return smoothing > 0 ? `c${LOSS_TITLES[kind]}, ε = ${smoothing}` : LOSS_TITLES[kind];
}

export const LOSS_TITLES: Record<LossConfig['kind'], string> = {
  dpo: 'DPO',
  ipo: 'IPO',
  hinge: 'Hinge',
  kto: 'KTO',
};

export const SAMPLER_TITLES: Record<ArmConfig['sampler'], string> = {
  vanilla: 'Vanilla',
  hybrid: 'Hybrid',
  pilaf: 'PILAF',
  'best-of-n': 'Best-of-N',
  'best-of-n-oracle': 'Best-of-N (oracle)',
  uniform: 'Uniform',
  't-pilaf': 'T-PILAF',
  reference: 'Reference',
  'dpo-mix-p': 'DPO-Mix-P',
  custom: 'Custom',
};

/** Explicit tables set the bandit's shape. */
function withTableShape(config: ExperimentConfig): ExperimentConfig {
  if (config.task.kind !== 'bandit') return config;
  const given = config.task.referenceLogits ?? config.task.rewards;
  if (!given) return config;
  return { ...config, task: { ...config.task, prompts: given.length, responses: given[0]?.length ?? 0 } };
}

function crossChecks(config: ExperimentConfig): Problem[] {
  return [
    ...tableProblems(config),
    ...config.arms.flatMap((arm, i) => armProblems(config, arm, i)),
    ...lossProblems(config),
    ...roundProblems(config),
    ...sizeProblems(config),
  ];
}

function tableProblems({ task }: ExperimentConfig): Problem[] {
  if (task.kind !== 'bandit') return [];
  const problems: Problem[] = [];
  for (const name of ['referenceLogits', 'rewards'] as const) {
    const rows = task[name];
    if (!rows) continue;
    const ragged = rows.findIndex((row) => row.length !== task.responses);
    if (rows.length !== task.prompts || ragged >= 0) {
      const found = ragged >= 0 ? `row ${ragged} has ${rows[ragged]?.length} entries` : `it has ${rows.length} rows`;
      problems.push({
        path: `task.${name}`,
        message: `tables must have equal shape, here ${task.prompts} rows of ${task.responses} entries, but ${found}`,
      });
    }
  }
  return problems;
}

function armProblems(config: ExperimentConfig, arm: ArmConfig, index: number): Problem[] {
  const problems: Problem[] = [];
  const at = (key: string, message: string) => problems.push({ path: `arms.${index}.${key}`, message });
  if (config.task.kind !== 'bandit' && EXACT_SAMPLERS.includes(arm.sampler)) {
    at('sampler', `"${arm.sampler}" needs every completion's probability, so it runs on the bandit only`);
  }
  if (arm.sampler === 'custom') {
    const total = arm.mixture?.reduce((sum, c) => sum + c.weight, 0);
    if (total === undefined) at('mixture', 'is missing; a custom sampler needs a list of {weight, first, second}');
    else if (Math.abs(total - 1) > 1e-6) at('mixture', `weights sum to ${total}; they must sum to 1`);
  } else if (arm.mixture) {
    at('mixture', `belongs to a custom sampler; "${arm.sampler}" has a mixture of its own`);
  }
  if (config.task.kind !== 'bandit' && arm.mixture?.some((c) => c.first === 'uniform' || c.second === 'uniform')) {
    at('mixture', '"uniform" runs on the bandit only');
  }
  if (arm.alpha !== undefined && !takesAlpha(arm.sampler)) {
    at('alpha', `belongs to ${SAMPLER_NAMES.filter(takesAlpha).join(' and ')}; "${arm.sampler}" has no α`);
  }
  if (arm.weighted && arm.sampler !== 't-pilaf') at('weighted', `weights belong to t-pilaf, not to "${arm.sampler}"`);
  const twin = config.arms.findIndex((other) => armName(other) === armName(arm));
  if (twin < index) at('name', `"${armName(arm)}" is also the name of arm ${twin}; names must differ`);
  return problems;
}

function lossProblems({ task, arms, loss, labeller }: ExperimentConfig): Problem[] {
  const all = [{ path: 'loss', loss }, ...arms.map((arm, i) => ({ path: `arms.${i}.loss`, loss: arm.loss ?? loss }))];
  const smoothed = all.find((one) => one.loss.smoothing > 0 && one.loss.kind !== 'dpo');
  return [
    ...(smoothed
      ? [{ path: `${smoothed.path}.smoothing`, message: `belongs to dpo; "${smoothed.loss.kind}" takes 0` }]
      : []),
    ...(labeller.reader === 'panel' && task.kind !== 'reviews'
      ? [{ path: 'labeller.reader', message: '"panel" rates words, so it labels reviews only' }]
      : []),
  ];
}

function roundProblems({ task, arms, rounds, start, schedule: { pairs } }: ExperimentConfig): Problem[] {
  const problems: Problem[] = [];
  const multiple = (path: string, count: number) => {
    if (count % pairs === 0) return;
    problems.push({ path, message: `${count} is not a multiple of schedule.pairs, which is ${pairs}` });
  };
  if (start.kind === 'offline') multiple('start.pairs', start.pairs);
  if (start.kind === 'checkpoint' && task.kind !== 'reviews') {
    problems.push({ path: 'start.kind', message: '"checkpoint" holds a transformer, so it starts reviews only' });
  }
  if (!rounds) return problems;
  multiple('rounds.pairs', rounds.pairs);
  if (rounds.accumulate && rounds.movingReference) {
    const message = 'cannot go with rounds.movingReference: earlier pairs belong to another reference';
    problems.push({ path: 'rounds.accumulate', message });
  }
  const weighted = arms.findIndex((arm) => arm.weighted);
  if (weighted >= 0) {
    const message = 'T-PILAF’s loss weights follow the policy at every step, so they need rounds to be null';
    problems.push({ path: `arms.${weighted}.weighted`, message });
  }
  return problems;
}

function sizeProblems({ task, arms, seeds, schedule, evaluation }: ExperimentConfig): Problem[] {
  const problems: Problem[] = [];
  const limit = (path: string, what: string, count: number, most: number) => {
    if (count > most) problems.push({ path, message: `${what} are ${count}; at most ${most} are allowed` });
  };
  limit('seeds', `${arms.length} arms × ${seeds} seeds`, arms.length * seeds, MAXIMUM_RUNS);
  const candidates = arms.reduce((sum, arm) => sum + (takesN(arm.sampler) ? arm.n : 2), 0);
  const completions = `completions sampled per step over all arms and ${seeds} seeds`;
  limit('schedule.pairs', completions, candidates * schedule.pairs * seeds, MAXIMUM_COMPLETIONS[task.kind]);
  if (task.kind !== 'bandit') {
    const evaluated = arms.length * seeds * evaluation.samples;
    limit('evaluation.samples', 'completions per evaluation over all runs', evaluated, MAXIMUM_COMPLETIONS[task.kind]);
  }
  return problems;
}
