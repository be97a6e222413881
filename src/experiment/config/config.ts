import { accepted, readBy, type Parsed, type Problem } from '../reading';
import { isPairTable, SAMPLER_NAMES, SAMPLERS, takesN } from '../samplers/table';
import { armName } from './names';
import { configSchema, type ArmConfig, type ExperimentConfig } from './schema';
import { TASKS, tasksThat } from './tasks';

/** At most this many runs in one experiment: more would not fit a laptop's GPU. */
export const MAXIMUM_RUNS = 512;

/** Checks an untrusted value and fills in the defaults. */
export function parseConfig(input: unknown): Parsed<ExperimentConfig> {
  const parsed = readBy(configSchema, input, 'config', { all: true });
  if (!parsed.ok) return parsed;
  const config = withTableShape(parsed.value);
  const problems = crossChecks(config);
  return problems.length === 0 ? accepted(config) : { ok: false, problems };
}

/** Whether two arms' J can be compared: each charges its own β for KL. */
export const comparableObjectives = ({ arms, beta }: ExperimentConfig, a: number, b: number): boolean =>
  (arms[a]?.beta ?? beta) === (arms[b]?.beta ?? beta);

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
    ...personProblems(config),
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
  const sampler = SAMPLERS[arm.sampler];
  const { exact } = TASKS[config.task.kind];
  const exactTasks = tasksThat((row) => row.exact);
  if (!exact && sampler.exact) {
    at('sampler', `"${arm.sampler}" needs every completion's probability, so it runs on ${exactTasks} only`);
  }
  if (sampler.takesMixture) {
    const total = arm.mixture?.reduce((sum, c) => sum + c.weight, 0);
    if (total === undefined) at('mixture', 'is missing; a custom sampler needs a list of {weight, first, second}');
    else if (Math.abs(total - 1) > 1e-6) at('mixture', `weights sum to ${total}; they must sum to 1`);
  } else if (arm.mixture) {
    at('mixture', `belongs to a custom sampler; "${arm.sampler}" has a mixture of its own`);
  }
  if (!exact && arm.mixture?.some((c) => c.first === 'uniform' || c.second === 'uniform')) {
    at('mixture', `"uniform" runs on ${exactTasks} only`);
  }
  if (arm.alpha !== undefined && !sampler.takesAlpha) {
    at('alpha', `belongs to ${samplersThat('takesAlpha')}; "${arm.sampler}" has no α`);
  }
  if (arm.alphaSchedule !== undefined && !sampler.takesAlpha) {
    at('alphaSchedule', `belongs to ${samplersThat('takesAlpha')}; "${arm.sampler}" has no α`);
  }
  if (arm.weighted && !sampler.partition) {
    at('weighted', `weights belong to ${samplersThat('partition')}, not to "${arm.sampler}"`);
  }
  const twin = config.arms.findIndex((other) => armName(other) === armName(arm));
  if (twin < index) at('name', `"${armName(arm)}" is also the name of arm ${twin}; names must differ`);
  return problems;
}

const samplersThat = (trait: 'takesAlpha' | 'partition'): string =>
  SAMPLER_NAMES.filter((name) => SAMPLERS[name][trait]).join(' and ');

function lossProblems({ task, arms, loss, labeller }: ExperimentConfig): Problem[] {
  const all = [{ path: 'loss', loss }, ...arms.map((arm, i) => ({ path: `arms.${i}.loss`, loss: arm.loss ?? loss }))];
  const smoothed = all.find((one) => one.loss.smoothing > 0 && one.loss.kind !== 'dpo');
  return [
    ...(smoothed
      ? [{ path: `${smoothed.path}.smoothing`, message: `belongs to dpo; "${smoothed.loss.kind}" takes 0` }]
      : []),
    ...(labeller.reader === 'panel' && !TASKS[task.kind].panel
      ? [
          {
            path: 'labeller.reader',
            message: `"panel" rates words, so it labels ${tasksThat((row) => row.panel)} only`,
          },
        ]
      : []),
  ];
}

/** At most so many pairs between two steps: a person reads them. */
const MOST_QUESTIONS = 64;

function personProblems({ labeller, arms, seeds, start, rounds, schedule: { pairs } }: ExperimentConfig): Problem[] {
  if (labeller.reader !== 'person') return [];
  const problems: Problem[] = [];
  const at = (path: string, message: string) => problems.push({ path, message: `${message} where a person labels` });
  if (labeller.rule !== 'bradley-terry') at('labeller.rule', 'must be "bradley-terry", which then counts for nothing,');
  if (labeller.flip !== 0) at('labeller.flip', 'must be 0');
  if (start.kind === 'offline') at('start.kind', 'must be "reference" or "checkpoint"');
  if (rounds && rounds.pairs !== pairs) at('rounds.pairs', `must be schedule.pairs, ${pairs},`);
  const questions = arms.length * seeds * pairs;
  if (questions > MOST_QUESTIONS) {
    at('schedule.pairs', `makes ${questions} pairs a step over all runs; at most ${MOST_QUESTIONS} are allowed`);
  }
  return problems;
}

function roundProblems({ task, arms, rounds, start, schedule: { pairs } }: ExperimentConfig): Problem[] {
  const problems: Problem[] = [];
  const multiple = (path: string, count: number) => {
    if (count % pairs === 0) return;
    problems.push({ path, message: `${count} is not a multiple of schedule.pairs, which is ${pairs}` });
  };
  if (start.kind === 'offline') multiple('start.pairs', start.pairs);
  if (start.kind === 'checkpoint' && !TASKS[task.kind].transformer) {
    const message = `"checkpoint" holds a transformer, so it starts ${tasksThat((row) => row.transformer)} only`;
    problems.push({ path: 'start.kind', message });
  }
  if (!rounds) return problems;
  multiple('rounds.pairs', rounds.pairs);
  if (rounds.accumulate && rounds.movingReference) {
    const message = 'cannot go with rounds.movingReference: earlier pairs belong to another reference';
    problems.push({ path: 'rounds.accumulate', message });
  }
  const table = arms.findIndex(({ sampler }) => isPairTable(SAMPLERS[sampler].selection));
  if (table >= 0 && rounds.movingReference) {
    const message = `"${arms[table]!.sampler}" knows the first reference only, so it needs rounds.movingReference to be false`;
    problems.push({ path: `arms.${table}.sampler`, message });
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
  const { exact, maximumCompletions } = TASKS[task.kind];
  const candidates = arms.reduce((sum, arm) => sum + (takesN(arm.sampler) ? arm.n : 2), 0);
  const completions = `completions sampled per step over all arms and ${seeds} seeds`;
  limit('schedule.pairs', completions, candidates * schedule.pairs * seeds, maximumCompletions);
  if (!exact) {
    const evaluated = arms.length * seeds * evaluation.samples;
    limit('evaluation.samples', 'completions per evaluation over all runs', evaluated, maximumCompletions);
  }
  return problems;
}
