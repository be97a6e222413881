import type { Problem } from '../../../experiment/reading';
import {
  resolveSampler,
  SAMPLER_NAMES,
  type ResolvedSampler,
  type SamplerName,
} from '../../../experiment/samplers/table';
import { cosine, directions } from '../../../theory/alignment';
import { armPairs } from '../../../theory/armPairs';
import { asymptoticConstant, policyCovariance } from '../../../theory/asymptotics';
import { bestDesign } from '../../../theory/bestDesign';
import { evaluatePrompt } from '../../../theory/evaluate';
import { optimum } from '../../../theory/optimum';
import { logitsAt, type Prompt } from '../../../theory/prompt';
import { isAllowed, Query, queryText, setting, unlessUsual, type Setting } from '../query';
import { bounded, ellipseOf, movement, placeOf, type Point, type Triple } from './simplex';

export const SETTINGS = {
  beta: setting(
    'beta',
    'β, the price of KL',
    { min: 0.1, max: 20 },
    0.6,
    'A small β lets the optimum lie far from the reference.',
  ),
  reward: setting('rewards', 'Reward', { min: -10, max: 10 }, 0, 'The oracle’s score of an answer.'),
  reference: setting('reference', 'Reference logit', { min: -10, max: 10 }, 0, 'The reference’s logit of an answer.'),
  labels: setting(
    'labels',
    'Labels',
    { min: 10, max: 100_000, integer: true },
    500,
    'How many labels the ellipses are drawn for. The theory is about many.',
  ),
  chance: setting('at', 'Probability', { min: 0, max: 1 }, 0.2, 'The policy’s probability of an answer.'),
} as const satisfies Record<string, Setting>;

const USUAL = { rewards: [0, 1.5, 3], reference: [1, 0.5, -0.5], at: [0.15, 0.7] };

const FIRST_SHOWN: readonly SamplerName[] = ['vanilla', 'pilaf', 't-pilaf', 'hybrid', 'uniform'];

/** What flow lines can be drawn of. */
export type Flow = 'none' | 'objective' | SamplerName;
/** Those of which nothing need be said, and that are known at once. */
export const SAMPLERS_SHOWN = SAMPLER_NAMES.filter((name) => name !== 'custom' && name !== 'implicit-design');

export const FLOWS: readonly Flow[] = ['none', 'objective', ...SAMPLERS_SHOWN];

/** What the theory says of one sampler at the policy, and at the optimum. */
export interface SamplerFacts {
  readonly name: SamplerName;
  /** How the policy's probabilities would move. */
  readonly movement: Triple;
  readonly cosine: number | null;
  /** |∇L| in the logits. */
  readonly length: number;
  readonly constant: number;
  readonly efficiency: number;
  /** For one label; null where none is to be had. */
  readonly ellipse: ReturnType<typeof ellipseOf> | null;
}

const BETWEEN_LINES = 7;
const LINE_STEPS = 60;
const LINE_STEP = 0.012;
/** Where a line has come as near to its end as can be seen. */
const STILL = 1e-7;

/** One prompt with three answers, seen from above: the policy is a point of a triangle. */
export class TheoryLesson {
  rewards = $state<number[]>([...USUAL.rewards]);
  reference = $state<number[]>([...USUAL.reference]);
  beta = $state<number>(SETTINGS.beta.usual);
  labels = $state<number>(SETTINGS.labels.usual);
  at = $state.raw<Triple>([0.15, 0.7, 0.15]);
  flow = $state<Flow>('t-pilaf');
  shown = $state.raw<readonly SamplerName[]>(FIRST_SHOWN);
  problems = $state.raw<readonly Problem[]>([]);

  readonly prompt: Prompt = $derived({
    referenceLogits: [...this.reference],
    rewards: [...this.rewards],
    beta: this.beta,
  });
  readonly logits = $derived(this.at.map(Math.log));
  readonly best = $derived(optimum(this.prompt.referenceLogits, this.prompt.rewards, this.beta));
  readonly point = $derived(evaluatePrompt(this.logits, this.prompt.referenceLogits, this.prompt.rewards, this.beta));
  readonly rise: Triple = $derived.by(() => {
    const mu = armPairs(samplerOf('vanilla', this.beta), this.prompt, this.logits);
    return movement(this.at, directions(this.prompt, this.logits, mu).ascent);
  });
  /** What does not depend on where the policy is, by sampler. */
  readonly #atOptimum = $derived.by(() => {
    const { prompt, beta } = this;
    const logits = logitsAt(prompt, 1);
    const least = bestDesign(prompt).constant;
    return this.shown.map((name) => {
      const mu = armPairs(samplerOf(name, beta), prompt, logits);
      const constant = asymptoticConstant(prompt, mu);
      const covariance = policyCovariance(prompt, mu);
      return { constant, efficiency: least / constant, ellipse: covariance && ellipseOf(covariance) };
    });
  });
  readonly facts: SamplerFacts[] = $derived.by(() => {
    const { prompt, logits, at, beta } = this;
    return this.shown.map((name, i) => {
      const mu = armPairs(samplerOf(name, beta), prompt, logits);
      const { descent, ascent } = directions(prompt, logits, mu);
      return {
        name,
        movement: movement(at, descent),
        cosine: cosine([descent], [ascent]),
        length: Math.hypot(...descent),
        ...this.#atOptimum[i]!,
      };
    });
  });
  readonly lines: readonly (readonly Point[])[] = $derived.by(() => flowLines(this.prompt, this.flow));

  open(text: string): void {
    const query = new Query(text);
    this.rewards = query.list(SETTINGS.reward, USUAL.rewards);
    this.reference = query.list(SETTINGS.reference, USUAL.reference);
    this.beta = query.number(SETTINGS.beta);
    this.labels = query.number(SETTINGS.labels);
    const [a, b] = query.list(SETTINGS.chance, USUAL.at);
    this.at = bounded([a!, b!, Math.max(0, 1 - a! - b!)]);
    this.flow = query.choice('flow', FLOWS, 't-pilaf');
    this.shown = query.choices('samplers', SAMPLERS_SHOWN, FIRST_SHOWN);
    this.problems = query.problems;
  }

  get address(): string {
    const list = (values: readonly number[], usual: readonly number[]) =>
      values.every((value, k) => value === usual[k]) ? null : values.join(',');
    const rounded = this.at.slice(0, 2).map((p) => Number(p.toFixed(4)));
    return queryText({
      rewards: list(this.rewards, USUAL.rewards),
      reference: list(this.reference, USUAL.reference),
      beta: unlessUsual(SETTINGS.beta, this.beta),
      labels: unlessUsual(SETTINGS.labels, this.labels),
      at: list(rounded, USUAL.at),
      flow: this.flow === 't-pilaf' ? null : this.flow,
      samplers: this.shown.join() === FIRST_SHOWN.join() ? null : this.shown.join(','),
    });
  }

  set(name: 'beta' | 'labels', value: number): void {
    if (isAllowed(SETTINGS[name], value)) this[name] = value;
  }

  setReward(response: number, value: number): void {
    if (isAllowed(SETTINGS.reward, value)) this.rewards[response] = value;
  }

  show(name: SamplerName, isShown: boolean): void {
    this.shown = SAMPLERS_SHOWN.filter((one) => (one === name ? isShown : this.shown.includes(one)));
  }
}

export const samplerOf = (sampler: SamplerName, beta: number): ResolvedSampler =>
  resolveSampler({ sampler, temperature: 1, n: 8, weighted: false }, beta);

/** Where training goes from points all over the triangle, at one speed. */
function flowLines(prompt: Prompt, flow: Flow): Point[][] {
  if (flow === 'none') return [];
  const sampler = samplerOf(flow === 'objective' ? 'vanilla' : flow, prompt.beta);
  const lines: Point[][] = [];
  for (let i = 0; i <= BETWEEN_LINES; i++) {
    for (let j = 0; j <= BETWEEN_LINES - i; j++) {
      const share = (count: number) => (count + 0.15) / (BETWEEN_LINES + 0.45);
      let at = bounded([share(i), share(j), share(BETWEEN_LINES - i - j)]);
      const line = [placeOf(at)];
      for (let step = 0; step < LINE_STEPS; step++) {
        const logits = at.map(Math.log);
        const found = directions(prompt, logits, armPairs(sampler, prompt, logits));
        const moved = movement(at, flow === 'objective' ? found.ascent : found.descent);
        const [dx, dy] = placeOf(moved);
        const length = Math.hypot(dx, dy);
        if (length < STILL) break;
        const [a, b, c] = at.map((p, k) => p + (LINE_STEP * moved[k]!) / length);
        at = bounded([a!, b!, c!]);
        line.push(placeOf(at));
        // Near the optimum a step of one length goes to and fro.
        const turn =
          line.length > 2 ? Math.hypot(line.at(-1)![0] - line.at(-3)![0], line.at(-1)![1] - line.at(-3)![1]) : 1;
        if (turn < LINE_STEP) break;
      }
      lines.push(line);
    }
  }
  return lines;
}
