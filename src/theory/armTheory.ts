import { armName } from '../experiment/config/names';
import type { ExperimentConfig } from '../experiment/config/schema';
import { TASKS } from '../experiment/config/tasks';
import type { Problem } from '../experiment/reading';
import { resolveSampler, SAMPLERS, type ResolvedSampler } from '../experiment/samplers/table';
import { mean } from '../math/statistics';
import { alignmentAt } from './alignment';
import { armPairs } from './armPairs';
import { asymptoticConstant } from './asymptotics';
import { bestDesign } from './bestDesign';
import { MOST_ENUMERATED } from './closestOfN';
import { logitsAt, type Prompt } from './prompt';

/** What the exact theory says of an arm. Over several seeds' tables cosines and constants are means. */
export interface ArmTheory {
  readonly arm: string;
  /** Null where a gradient is 0. */
  readonly alignment: readonly { readonly at: number; readonly cosine: number | null }[];
  /** c(μ), summed over prompts; null where it is infinite. */
  readonly constant: number | null;
  /** The best design's constant over the arm's; null where it was not sought, or is beyond what numbers can tell. */
  readonly efficiency: number | null;
}

/** A bandit's tables, row-major. */
export interface Tables {
  readonly prompts: number;
  readonly responses: number;
  readonly referenceLogits: Float64Array; // [X·K]
  readonly rewards: Float64Array; // [X·K]
}

/** A larger design takes minutes. */
export const MOST_RESPONSES = 32;

export function promptsOf({ prompts, responses, referenceLogits, rewards }: Tables, beta: number): Prompt[] {
  const row = (table: Float64Array, x: number) => table.subarray(x * responses, (x + 1) * responses);
  return Array.from({ length: prompts }, (_, x) => ({
    referenceLogits: row(referenceLogits, x),
    rewards: row(rewards, x),
    beta,
  }));
}

/** What in a config the theory does not cover. */
export function theoryProblems({ task, arms, loss, labeller }: ExperimentConfig): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: string, found: unknown, allowed: string) =>
    problems.push({ path, message: `the theory does not cover ${JSON.stringify(found)}; give ${allowed}` });
  if (!TASKS[task.kind].exact) refuse('task.kind', task.kind, '"bandit"');
  if (labeller.reader !== 'oracle') refuse('labeller.reader', labeller.reader, '"oracle"');
  if (labeller.rule !== 'bradley-terry') refuse('labeller.rule', labeller.rule, '"bradley-terry"');
  if (labeller.flip !== 0) refuse('labeller.flip', labeller.flip, '0');
  const closest = arms.findIndex(({ sampler }) => SAMPLERS[sampler].selection === 'implicit-closest');
  if (closest >= 0 && task.kind === 'bandit' && task.responses > MOST_ENUMERATED) {
    refuse(`arms.${closest}.sampler`, arms[closest]!.sampler, `at most ${MOST_ENUMERATED} responses`);
  }
  const fading = arms.findIndex(({ alphaSchedule }) => alphaSchedule !== undefined);
  if (fading >= 0) refuse(`arms.${fading}.alphaSchedule`, arms[fading]!.alphaSchedule, 'none');
  const losses = arms.map((arm, i) => ({ path: arm.loss ? `arms.${i}.loss` : 'loss', own: arm.loss ?? loss }));
  const other = losses.find(({ own }) => own.kind !== 'dpo' || own.smoothing !== 0);
  if (other) refuse(other.path, other.own, '"dpo" without smoothing');
  return problems;
}

/** The samplers of a config's arms, each with its β. */
export const theoryArms = ({ arms, beta }: ExperimentConfig) =>
  arms.map((arm) => {
    const own = arm.beta ?? beta;
    return { name: armName(arm), beta: own, sampler: resolveSampler(arm, own) };
  });

/** c(μ) at the optimum, Σ over prompts. */
export const constantOfSampler = (sampler: ResolvedSampler, prompts: readonly Prompt[]): number =>
  prompts.reduce((sum, prompt) => sum + asymptoticConstant(prompt, armPairs(sampler, prompt, logitsAt(prompt, 1))), 0);

/** The least constant that any pair distribution has, Σ over prompts; null where the prompts are too large to tell. */
export function bestConstant(prompts: readonly Prompt[]): number | null {
  if (prompts.some(({ rewards }) => rewards.length > MOST_RESPONSES)) return null;
  return prompts.reduce((sum, prompt) => sum + bestDesign(prompt).constant, 0);
}

/** @param tables of every seed */
export function armTheories(
  config: ExperimentConfig,
  tables: readonly Tables[],
  ats: readonly number[],
): { readonly arms: readonly ArmTheory[]; readonly best: { readonly constant: number | null } } {
  const bests = new Map<number, number | null>();
  const bestAt = (beta: number): number | null => {
    if (!bests.has(beta)) {
      const found = tables.map((one) => bestConstant(promptsOf(one, beta)));
      bests.set(beta, found.includes(null) ? null : mean(found as number[]));
    }
    return bests.get(beta)!;
  };
  const arms = theoryArms(config).map(({ name, beta, sampler }) => {
    const seeds = tables.map((one) => promptsOf(one, beta));
    const constant = mean(seeds.map((prompts) => constantOfSampler(sampler, prompts)));
    const best = bestAt(beta);
    return {
      arm: name,
      alignment: ats.map((at) => {
        const cosines = seeds.map((prompts) => alignmentAt(sampler, prompts, at));
        return { at, cosine: cosines.includes(null) ? null : mean(cosines as number[]) };
      }),
      constant: Number.isFinite(constant) ? constant : null,
      efficiency: best !== null && isTold(best) && constant > 0 ? best / constant : null,
    };
  });
  const best = bestAt(config.beta);
  return { arms, best: { constant: best !== null && Number.isFinite(best) ? best : null } };
}

const isTold = (constant: number): boolean => Number.isFinite(constant) && constant > 0;
