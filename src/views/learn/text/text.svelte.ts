import type { Problem } from '../../../experiment/reading';
import { selectPair, type SelectedPair } from '../../../experiment/samplers/select';
import { softmax } from '../../../math/logits';
import { messageOf } from '../../../math/foreign';
import { categorical, STREAM, uniform } from '../../../math/random';
import { logNormaliser, logRatios, tokenAgainstSequence, type WordLogits } from '../../../theory/nextWord';
import { interpolatedProbabilities } from '../../../theory/pairDistribution';
import type { SampledCompletion, Words } from '../../../training/reports';
import { isAllowed, Query, queryText, setting, unlessUsual, type Setting } from '../query';
import type { PolicyName } from '../prompt/policies';

/** A trained policy that the page ships; its card beside it says how it was made. */
export const SHIPPED = { name: 'reviews-pilaf', beta: 0.1 };

export const SETTINGS = {
  prompt: setting('prompt', 'Prompt', { min: 0, max: 999, integer: true }, 0, 'Which of the test prompts.'),
  alpha: setting(
    'alpha',
    'α, how far PILAF pushes',
    { min: 0, max: 5 },
    0.5,
    'π⁺ and π⁻ have logits h_θ ± α·(h_θ − h_ref), word by word. The paper sets α = β.',
  ),
  candidates: setting('n', 'N', { min: 2, max: 64, integer: true }, 8, 'How many texts best-of-N draws.'),
  seed: setting('seed', 'Seed', { min: 0, max: 9999, integer: true }, 0, 'Another seed draws other words.'),
} as const satisfies Record<string, Setting>;

/** The models whose next word is shown, with their coefficients in α. */
export const MODELS = { reference: -1, policy: 0, plus: 'plus', minus: 'minus' } as const;
export type ModelName = Extract<PolicyName, keyof typeof MODELS>;
export const MODEL_NAMES = Object.keys(MODELS) as ModelName[];

/** Of every model so many of its likeliest words are shown. */
const LIKELIEST = 5;
/** A word that no model gives as much is not shown. */
const LEAST = 0.0005;

/** A word that was written, with what could have stood there. */
interface Written {
  readonly id: number;
  readonly logits: WordLogits;
}

export interface Candidate {
  readonly completion: SampledCompletion;
  readonly written: readonly Written[];
  readonly logRatio: number;
}

/** Whom the page asks for a policy's words. */
export interface Reader {
  words(of: number | string, prompt: number, beginnings: readonly (readonly number[])[]): Promise<WordsAt>;
}

/** Of a policy as it was after a step: that of a race which goes on is replaced now and then. */
type WordsAt = Words & { readonly step: number };

/** One text, word by word, under a trained policy and its reference. */
export class TextLesson {
  /** A run of the race by its index, or the name of a shipped policy. */
  of = $state<number | string>(SHIPPED.name);
  beta = $state(SHIPPED.beta);
  prompt = $state<number>(SETTINGS.prompt.usual);
  alpha = $state<number>(SETTINGS.alpha.usual);
  candidates = $state<number>(SETTINGS.candidates.usual);
  seed = $state<number>(SETTINGS.seed.usual);
  written = $state.raw<readonly Written[]>([]);
  /** What could come next; null while it is fetched, and where the text is over. */
  next = $state.raw<Words | null>(null);
  /** The last that was heard: its prompts and vocabulary hold for all. */
  known = $state.raw<Words | null>(null);
  drawn = $state.raw<readonly Candidate[]>([]);
  busy = $state(false);
  message = $state('');
  problems = $state.raw<readonly Problem[]>([]);

  readonly logits: WordLogits | null = $derived(
    this.next && { policy: this.next.policy, reference: this.next.reference },
  );
  /** Probabilities of every next word. // [V] each */
  readonly models: Readonly<Record<ModelName, Float64Array>> | null = $derived.by(() => {
    const { logits, alpha } = this;
    if (!logits) return null;
    const of = (a: number) => interpolatedProbabilities(a, logits.policy, logits.reference);
    return { reference: of(-1), policy: of(0), plus: of(alpha), minus: of(-alpha) };
  });
  /** Ids of the likeliest words of all models, the policy's first. */
  readonly likeliest: readonly number[] = $derived.by(() => {
    const { models } = this;
    if (!models) return [];
    const ids = MODEL_NAMES.flatMap((name) => {
      const order = Array.from(models[name].keys()).sort((a, b) => models[name][b]! - models[name][a]!);
      return order.slice(0, LIKELIEST);
    });
    const isLikely = (id: number) => MODEL_NAMES.some((name) => models[name][id]! >= LEAST);
    const once = ids.filter((id, i) => ids.indexOf(id) === i && isLikely(id));
    return once.sort((a, b) => models.policy[b]! - models.policy[a]!);
  });
  readonly isOver = $derived.by(() => {
    const last = this.written.at(-1)?.id;
    if (!this.known) return false;
    return (last !== undefined && this.known.ends.includes(last)) || this.written.length >= this.known.completionLength;
  });
  readonly completion: SampledCompletion = $derived(this.#completionOf(this.written, this.known?.scores[0]));
  readonly logNormalisers = $derived(
    this.written.reduce((sum, { logits }) => sum + logNormaliser(logits, this.alpha), 0),
  );
  readonly comparison = $derived.by(() => {
    const { alpha, drawn } = this;
    const texts = drawn.map(({ logRatio, written }) => ({
      logRatio,
      logNormalisers: written.reduce((sum, { logits }) => sum + logNormaliser(logits, alpha), 0),
    }));
    return texts.length === 0 ? null : tokenAgainstSequence(texts, alpha);
  });
  /** Which two of the candidates best-of-N takes, by its own reward and by the oracle's. */
  readonly taken: { readonly implicit: SelectedPair; readonly oracle: SelectedPair } | null = $derived.by(() => {
    const scored = this.drawn.map(({ written, logRatio, completion: { reward } }) => ({
      ids: written.map(({ id }) => id),
      logRatio,
      reward,
    }));
    if (scored.length < 2) return null;
    const take = (rule: 'implicit-extremes' | 'oracle-extremes') => selectPair(rule, scored, ({ reward }) => reward);
    return { implicit: take('implicit-extremes'), oracle: take('oracle-extremes') };
  });

  #reader: Reader | null = null;
  /** The step of the policy that what is written is of; null where nothing is. */
  #step: number | null = null;
  /** The race whose runs can be read. */
  #race = -1;
  /** Counts what was asked for: an answer that comes too late is left. */
  #turn = 0;
  /** Counts the draws, so that each has luck of its own. */
  #draws = 0;

  open(text: string): void {
    const query = new Query(text);
    const prompt = query.number(SETTINGS.prompt);
    const isOther = prompt !== this.prompt;
    this.prompt = prompt;
    this.alpha = query.number(SETTINGS.alpha);
    this.candidates = query.number(SETTINGS.candidates);
    this.seed = query.number(SETTINGS.seed);
    this.problems = query.problems;
    if (isOther) void this.startOver();
  }

  get address(): string {
    return queryText({
      prompt: unlessUsual(SETTINGS.prompt, this.prompt),
      alpha: unlessUsual(SETTINGS.alpha, this.alpha),
      n: unlessUsual(SETTINGS.candidates, this.candidates),
      seed: unlessUsual(SETTINGS.seed, this.seed),
    });
  }

  /**
   * Begins to read; where something is written already, goes on there.
   *
   * @param race tells one race from another: a run's policy is gone with its race
   */
  async begin(reader: Reader, race: number): Promise<void> {
    this.#reader = reader;
    const isGone = typeof this.of === 'number' && race !== this.#race;
    this.#race = race;
    if (isGone) return this.choosePolicy(SHIPPED.name, SHIPPED.beta);
    if (this.next === null && !this.isOver) await this.#look();
  }

  set(name: 'alpha' | 'candidates' | 'seed', value: number): void {
    if (isAllowed(SETTINGS[name], value)) this[name] = value;
  }

  async choosePolicy(of: number | string, beta: number): Promise<void> {
    this.of = of;
    this.beta = beta;
    await this.startOver();
  }

  async choosePrompt(prompt: number): Promise<void> {
    this.prompt = prompt;
    await this.startOver();
  }

  async startOver(): Promise<void> {
    this.written = [];
    this.drawn = [];
    this.#draws = 0;
    this.#step = null;
    await this.#look();
  }

  async take(id: number): Promise<void> {
    const { logits } = this;
    if (!logits || this.isOver) return;
    this.written = [...this.written, { id, logits }];
    await this.#look();
  }

  async draw(model: ModelName): Promise<void> {
    const probabilities = this.models?.[model];
    if (!probabilities || this.isOver) return;
    const at = { seed: this.seed, stream: STREAM.text, step: this.#draws++, row: 0, token: this.written.length };
    await this.take(categorical(probabilities, uniform(at)));
  }

  async back(): Promise<void> {
    this.written = this.written.slice(0, -1);
    await this.#look();
  }

  /** N texts of the policy, from the prompt on. */
  async drawCandidates(): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    const turn = ++this.#turn;
    const count = this.candidates;
    const rows = Array.from({ length: count }, (): Written[] => []);
    const over = rows.map(() => false);
    const step = 1_000_000 + this.#draws++;
    this.busy = true;
    try {
      const ids = rows.map((): number[] => []);
      let words = await reader.words(this.of, this.prompt, ids);
      const { vocabulary, ends, completionLength, step: at } = words;
      for (let token = 0; over.includes(false); token++) {
        for (const [row, written] of rows.entries()) {
          const part = (all: Float32Array) => all.slice(row * vocabulary.length, (row + 1) * vocabulary.length);
          const logits = { policy: part(words.policy), reference: part(words.reference) };
          const u = uniform({ seed: this.seed, stream: STREAM.text, step, row, token });
          const id = over[row]
            ? ends[0]!
            : categorical(interpolatedProbabilities(0, logits.policy, logits.reference), u);
          ids[row]!.push(id);
          if (!over[row]) written.push({ id, logits });
          over[row] ||= ends.includes(id) || token + 1 === completionLength;
        }
        words = await reader.words(this.of, this.prompt, ids);
        if (turn !== this.#turn) return;
        if (words.step !== at) throw new Error(`${replacedBy(words.step)} Draw again, or pause the race.`);
      }
      // What stands behind an end is not read.
      this.drawn = rows.map((written, row) => {
        const completion = this.#completionOf(written, words.scores[row]);
        return { completion, written, logRatio: completion.implicitReward / this.beta };
      });
    } catch (error) {
      if (turn === this.#turn) this.message = messageOf(error);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }

  async #look(): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    const turn = ++this.#turn;
    this.busy = true;
    this.next = null;
    try {
      const ids = this.written.map(({ id }) => id);
      const words = await reader.words(this.of, this.prompt, [ids]);
      if (turn !== this.#turn) return;
      this.known = words;
      // Words of two policies make no text of either.
      if (this.#step !== null && this.#step !== words.step) {
        await this.startOver();
        this.message = `${replacedBy(words.step)} The text begins anew; pause the race to write one.`;
        return;
      }
      this.#step = words.step;
      this.next = this.isOver ? null : words;
      this.message = '';
    } catch (error) {
      if (turn === this.#turn) this.message = messageOf(error);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }

  #completionOf(written: readonly Written[], score: Words['scores'][number] | undefined): SampledCompletion {
    const tokens = written.map(({ id, logits }, t) => ({
      text: this.known?.vocabulary[id] ?? '',
      implicitReward: this.beta * logRatios(logits)[id]!,
      contribution: score?.contributions[t] ?? 0,
      policyProbability: softmax(logits.policy)[id]!,
      referenceProbability: softmax(logits.reference)[id]!,
    }));
    return {
      tokens,
      reward: score?.reward ?? NaN,
      implicitReward: tokens.reduce((sum, { implicitReward }) => sum + implicitReward, 0),
      origin: 'policy',
    };
  }
}

const replacedBy = (step: number): string => `The race has gone on, and its policy is now that of step ${step}.`;
