import type { Problem } from '../../../experiment/reading';
import { resolveSampler, SAMPLER_NAMES, takesN, type SamplerName } from '../../../experiment/samplers/table';
import { softmax } from '../../../math/logits';
import { evaluatePrompt } from '../../../theory/evaluate';
import { armPairs } from '../../../theory/armPairs';
import { interpolatedProbabilities } from '../../../theory/pairDistribution';
import { afterPairs, drawPair, trained, updated, type DrawnPair, type Lesson } from '../../../theory/lesson';
import { optimum } from '../../../theory/optimum';
import { isAllowed, Query, queryText, setting, unlessUsual, type Setting } from '../query';

export const LETTERS = 'ABCDEFGH';

/** A design by r_θ is sought anew at every step of training: too long for a drag. */
export const SAMPLERS_SHOWN = SAMPLER_NAMES.filter((name) => name !== 'implicit-design');

export const SETTINGS = {
  responses: setting('k', 'Responses', { min: 3, max: 8, integer: true }, 5, 'How many answers the prompt has.'),
  beta: setting(
    'beta',
    'β, the price of KL',
    { min: 0.05, max: 20 },
    1,
    'A small β lets the policy move far from the reference.',
  ),
  alpha: setting(
    'alpha',
    'α, how far PILAF pushes',
    { min: 0, max: 20 },
    1,
    'π⁺ and π⁻ have logits h_θ ± α·(h_θ − h_ref). The paper sets α = β.',
  ),
  trained: setting(
    'trained',
    'Steps of training before',
    { min: 0, max: 400, integer: true },
    30,
    'AdamW steps down the sampler’s expected DPO gradient, from the reference.',
  ),
  n: setting('n', 'N', { min: 2, max: 64, integer: true }, 8, 'How many answers best-of-N draws for a pair.'),
  reward: setting('rewards', 'Reward', { min: -10, max: 10 }, 0, 'The oracle’s score of an answer.'),
  reference: setting('reference', 'Reference logit', { min: -10, max: 10 }, 0, 'The reference’s logit of an answer.'),
  seed: setting('seed', 'Seed', { min: 0, max: 9999, integer: true }, 0, 'Another seed draws other pairs.'),
  share: setting(
    'share',
    'Share of pairs drawn with a',
    { min: 0, max: 1 },
    0.5,
    'The others are both from the policy.',
  ),
  first: setting(
    'first',
    'First a',
    { min: -5, max: 5 },
    1,
    'h_θ + a·(h_θ − h_ref): 0 is the policy, −1 the reference.',
  ),
  second: setting(
    'second',
    'Second a',
    { min: -5, max: 5 },
    -1,
    'h_θ + a·(h_θ − h_ref): 0 is the policy, −1 the reference.',
  ),
  pairs: setting('pairs', 'Pairs drawn', { min: 0, max: 2000, integer: true }, 0, 'Pairs that the policy learnt from.'),
} as const satisfies Record<string, Setting>;

/** The rare answers are the good ones. */
const USUAL = { rewards: [0, 1, -1, 2, 3, -2, 1.5, -0.5], reference: [1.5, 1, 0.5, 0, -0.5, 0.8, -1, 0.2] };

/** How far the pair in hand has been told. */
export type Stage = 'rest' | 'pair' | 'label';

export interface LearntPair {
  readonly drawn: DrawnPair;
  /** The policy's logits before. // [K] */
  readonly before: Float64Array;
  /** What the reader had thought would gain. */
  readonly guess: number | null;
}

/** One prompt and all that a reader can change about it; the rest follows. */
export class PromptLesson {
  rewards = $state<number[]>([]);
  reference = $state<number[]>([]);
  beta = $state<number>(SETTINGS.beta.usual);
  /** Null: as β. */
  alpha = $state<number | null>(null);
  trained = $state<number>(SETTINGS.trained.usual);
  n = $state<number>(SETTINGS.n.usual);
  seed = $state<number>(SETTINGS.seed.usual);
  pairs = $state<number>(SETTINGS.pairs.usual);
  /** Of a custom sampler. */
  share = $state<number>(SETTINGS.share.usual);
  first = $state<number>(SETTINGS.first.usual);
  second = $state<number>(SETTINGS.second.usual);
  sampler = $state<SamplerName>('pilaf');
  stage = $state<Stage>('rest');
  problems = $state.raw<readonly Problem[]>([]);
  /** What the reader thinks will gain, and how often that was right. */
  guessing = $state(false);
  guess = $state<number | null>(null);
  guesses = $state.raw({ right: 0, all: 0 });
  /** The pair that was learnt from last. */
  last = $state.raw<LearntPair | null>(null);

  readonly lesson: Lesson = $derived.by(() => {
    const { beta, sampler, n, seed, alpha, share, first, second } = this;
    const mixture = [
      { weight: 1 - share, first: 0, second: 0 },
      { weight: share, first, second },
    ];
    const arm = {
      ...{ sampler, temperature: 1, n, weighted: false },
      ...(alpha === null ? {} : { alpha }),
      ...(sampler === 'custom' ? { mixture } : {}),
    };
    return {
      prompt: { referenceLogits: [...this.reference], rewards: [...this.rewards], beta },
      sampler: resolveSampler(arm, beta),
      seed,
    };
  });
  readonly logits = $derived.by(() => this.#policy(this.lesson, this.trained, this.pairs));
  readonly drawn = $derived(drawPair(this.lesson, this.logits, this.pairs));
  readonly mu = $derived(armPairs(this.lesson.sampler, this.lesson.prompt, this.logits));
  readonly point = $derived.by(() => {
    const { referenceLogits, rewards, beta } = this.lesson.prompt;
    return evaluatePrompt(this.logits, referenceLogits, rewards, beta);
  });
  readonly best = $derived.by(() => {
    const { referenceLogits, rewards, beta } = this.lesson.prompt;
    return optimum(referenceLogits, rewards, beta);
  });
  readonly strength = $derived(this.alpha ?? this.beta);
  readonly policies = $derived.by(() => {
    const { logits, strength } = this;
    const { referenceLogits } = this.lesson.prompt;
    const pushed = (a: number) => interpolatedProbabilities(a, logits, referenceLogits);
    return {
      reference: softmax(referenceLogits),
      policy: softmax(logits),
      plus: pushed(strength),
      minus: pushed(-strength),
      optimum: this.best.policy,
    };
  });

  /** Where a policy has been computed to, for the next pair to go on from there. */
  #known: { lesson: Lesson; trained: number; pairs: number; logits: Float64Array } | null = null;

  constructor() {
    this.#resize(SETTINGS.responses.usual);
  }

  /** Takes what an address says. */
  open(text: string): void {
    const query = new Query(text);
    const responses = query.number(SETTINGS.responses);
    this.rewards = query.list(SETTINGS.reward, USUAL.rewards.slice(0, responses));
    this.reference = query.list(SETTINGS.reference, USUAL.reference.slice(0, responses));
    this.beta = query.number(SETTINGS.beta);
    this.alpha = query.optional(SETTINGS.alpha);
    this.trained = query.number(SETTINGS.trained);
    this.n = query.number(SETTINGS.n);
    this.seed = query.number(SETTINGS.seed);
    this.pairs = query.number(SETTINGS.pairs);
    this.share = query.number(SETTINGS.share);
    this.first = query.number(SETTINGS.first);
    this.second = query.number(SETTINGS.second);
    this.sampler = query.choice('sampler', SAMPLERS_SHOWN, 'pilaf');
    this.problems = query.problems;
    this.#putBack();
  }

  /** What an address says of it. */
  get address(): string {
    const { responses, beta, trained: steps, n, seed, pairs } = SETTINGS;
    const list = (values: readonly number[], usual: readonly number[]) =>
      values.every((value, k) => value === usual[k]) ? null : values.join(',');
    return queryText({
      sampler: this.sampler === 'pilaf' ? null : this.sampler,
      k: unlessUsual(responses, this.rewards.length),
      rewards: list(this.rewards, USUAL.rewards),
      reference: list(this.reference, USUAL.reference),
      beta: unlessUsual(beta, this.beta),
      alpha: this.alpha,
      trained: unlessUsual(steps, this.trained),
      n: takesN(this.sampler) ? unlessUsual(n, this.n) : null,
      seed: unlessUsual(seed, this.seed),
      pairs: unlessUsual(pairs, this.pairs),
      ...(this.sampler === 'custom'
        ? {
            share: unlessUsual(SETTINGS.share, this.share),
            first: unlessUsual(SETTINGS.first, this.first),
            second: unlessUsual(SETTINGS.second, this.second),
          }
        : {}),
    });
  }

  /** How many answers there are; those that stay keep their numbers. */
  #resize(responses: number): void {
    const sized = (own: readonly number[], usual: readonly number[]) =>
      usual.slice(0, responses).map((value, k) => own[k] ?? value);
    this.rewards = sized(this.rewards, USUAL.rewards);
    this.reference = sized(this.reference, USUAL.reference);
  }

  /** Changes a setting; a pair in hand is put back, and pairs that were learnt from are drawn anew. */
  set(name: Exclude<keyof typeof SETTINGS, 'alpha' | 'reward' | 'reference'>, value: number): void {
    if (!isAllowed(SETTINGS[name], value)) return;
    if (name === 'responses') this.#resize(value);
    else this[name] = value;
    this.#putBack();
  }

  setAlpha(value: number | null): void {
    if (value !== null && !isAllowed(SETTINGS.alpha, value)) return;
    this.alpha = value;
    this.#putBack();
  }

  setReward(response: number, value: number): void {
    if (!isAllowed(SETTINGS.reward, value)) return;
    this.rewards[response] = value;
    this.#putBack();
  }

  setSampler(sampler: SamplerName): void {
    this.sampler = sampler;
    this.#putBack();
  }

  /** Tells one thing more of the pair in hand: what was drawn, its label, and what is learnt from it. */
  tell(): void {
    if (this.pairs >= SETTINGS.pairs.max) return;
    if (this.stage === 'rest') this.stage = 'pair';
    else if (this.stage === 'pair') this.stage = 'label';
    else this.#learn();
  }

  /** Learns from so many pairs at once. */
  learn(count: number): void {
    const until = Math.min(SETTINGS.pairs.max, this.pairs + count);
    this.#putBack();
    this.pairs = until;
  }

  /** Back to where training had come before the first pair. */
  restart(): void {
    this.pairs = 0;
    this.guesses = { right: 0, all: 0 };
    this.#putBack();
  }

  #learn(): void {
    const { drawn, logits, guess } = this;
    if (guess !== null) {
      const { right, all } = this.guesses;
      this.guesses = { right: right + Number(guess === drawn.chosen), all: all + 1 };
    }
    this.last = { drawn, before: logits, guess };
    this.guess = null;
    this.pairs++;
    this.stage = 'rest';
  }

  /** What was told of a pair belongs to other settings. */
  #putBack(): void {
    this.stage = 'rest';
    this.last = null;
    this.guess = null;
  }

  #policy(lesson: Lesson, steps: number, pairs: number): Float64Array {
    const known = this.#known;
    const goesOn = known?.lesson === lesson && known.trained === steps;
    let logits: Float64Array;
    if (goesOn && known.pairs <= pairs) {
      logits = known.logits;
      for (let index = known.pairs; index < pairs; index++) {
        logits = updated(lesson, logits, drawPair(lesson, logits, index));
      }
    } else logits = afterPairs(lesson, trained(lesson, steps), pairs);
    this.#known = { lesson, trained: steps, pairs, logits };
    return logits;
  }
}
