import type { BackendInfo } from '../../../experiment/documents/results';
import {
  answerIn,
  labelKey,
  labelLines,
  labelsByKey,
  parseLabels,
  type LabelRecord,
} from '../../../experiment/documents/labels';
import { armName } from '../../../experiment/config/names';
import type { ExperimentConfig } from '../../../experiment/config/schema';
import { problemText, type Problem } from '../../../experiment/reading';
import { messageOf } from '../../../math/foreign';
import { STREAM, uniform } from '../../../math/random';
import type { Question } from '../../../training/annotator';
import type { SampledText } from '../../../training/reports';
import { LabClient } from '../../../worker/client';
import type { Found, Notice } from '../../../worker/protocol';
import { now } from '../../browser/clock';
import { takeLock } from '../../browser/locks';
import { readText } from '../../browser/readText';
import { Query, queryText, unlessUsual } from '../query';
import { chosenBy, cardsOf, type Card, type Side } from './cards';
import { lackingIn, recordOf, type GivenAnswer } from './records';
import { LABEL_SETTINGS, LABELLED_SAMPLERS, LABELLED_TASKS, labelConfig, type LabelSetup } from './setup';
import { forget, nameOf, readStored, store } from './stored';

/**
 * - setup: nothing has begun;
 * - working: the engine starts, replays earlier labels, or trains;
 * - asking: a pair is shown;
 * - summary: a round has been trained on;
 * - final: the two policies' texts are compared;
 * - over: which arm was which.
 */
export type LabelPhase = 'setup' | 'working' | 'asking' | 'summary' | 'final' | 'over';

/** Texts of both policies that are watched from round to round, and compared at the end. */
export const WATCHED_TEXTS = 3;
export const FINAL_TEXTS = 12;

/** The same hashes in every browser and in the runner. */
const BACKEND = 'wasm';

/** Both policies' completions of one prompt. */
export interface FinalPair {
  readonly prompt: string;
  /** By arm. */
  readonly texts: readonly [string, string];
  /** Whether the first arm's is on the right. */
  readonly flipped: boolean;
}

/** A person labels for two arms that race blind. */
export class Labelling {
  setup = $state.raw<LabelSetup>({ task: 'reviews', first: 'vanilla', second: 'pilaf', rounds: 4, seed: 0 });
  problems = $state.raw<readonly Problem[]>([]);
  phase = $state<LabelPhase>('setup');
  /** What the page says while it works, or of what went wrong. */
  message = $state('');
  failed = $state(false);
  ties = $state(true);
  records = $state.raw<readonly LabelRecord[]>([]);
  cards = $state.raw<readonly Card[]>([]);
  given = $state.raw<readonly GivenAnswer[]>([]);
  /** Both policies' texts after every round, the start included. // [rounds + 1][2] */
  texts = $state.raw<readonly (readonly (readonly SampledText[])[])[]>([]);
  finals = $state.raw<readonly FinalPair[]>([]);
  votes = $state.raw<readonly Side[]>([]);
  /** Of pairs that came twice: how often the same completion won. */
  repeats = $state.raw({ same: 0, all: 0 });
  hashes = $state.raw<readonly string[]>([]);
  backend = $state.raw<BackendInfo | null>(null);
  /** Whether this browser keeps what was labelled. */
  isKept = $state(true);

  readonly config: ExperimentConfig = $derived(labelConfig(this.setup));
  readonly card = $derived(this.cards[this.given.length] ?? null);
  readonly final = $derived(this.finals[this.votes.length] ?? null);
  readonly arms = $derived(this.config.arms.map(armName));
  readonly labelsInAll = $derived(2 * this.config.schedule.pairs * this.setup.rounds);
  /** How often a label agrees with what the oracle would say on average; ties left out. */
  readonly agreement = $derived.by(() => {
    let [same, all] = [0, 0];
    for (const record of this.records) {
      const judged = this.#judged.find((question) => labelKey(question) === labelKey(record));
      if (record.tie || !judged || judged.rewards[0] === judged.rewards[1]) continue;
      all++;
      const likelier = judged.rewards[0] > judged.rewards[1] ? 'first' : 'second';
      if (answerIn(record, judged) === likelier) same++;
    }
    return { same, all };
  });
  readonly seconds = $derived(
    this.records.length === 0 ? 0 : this.records.reduce((sum, { seconds }) => sum + seconds, 0) / this.records.length,
  );

  /** Whether an address said which experiment. */
  #asked = false;
  #client: LabClient | null = null;
  /** What no other tab labels meanwhile. */
  #held: { readonly name: string; readonly release: () => void } | null = null;
  #questions: readonly Question[] = [];
  #shownAt = 0;
  /** What the oracle thinks of the pairs that were asked. */
  #judged = $state.raw<readonly Question[]>([]);

  /** Takes what an address says, unless somebody labels. */
  open(text: string): void {
    if (this.phase !== 'setup') return;
    this.#asked = true;
    const query = new Query(text);
    this.setup = {
      task: query.choice('task', LABELLED_TASKS, 'reviews'),
      first: query.choice('first', LABELLED_SAMPLERS, 'vanilla'),
      second: query.choice('second', LABELLED_SAMPLERS, 'pilaf'),
      rounds: query.number(LABEL_SETTINGS.rounds),
      seed: query.number(LABEL_SETTINGS.seed),
    };
    this.problems = query.problems;
    this.#keepApart();
  }

  get address(): string {
    const { task, first, second, rounds, seed } = this.setup;
    return queryText({
      task: task === 'reviews' ? null : task,
      first: first === 'vanilla' ? null : first,
      second: second === 'pilaf' ? null : second,
      rounds: unlessUsual(LABEL_SETTINGS.rounds, rounds),
      seed: unlessUsual(LABEL_SETTINGS.seed, seed),
    });
  }

  change(setup: Partial<LabelSetup>): void {
    this.problems = [];
    this.setup = { ...this.setup, ...setup };
    this.#keepApart();
    // They are another experiment's, under whose settings they are found again.
    if (this.isKept) this.records = [];
  }

  /** The arms of a race must differ. */
  #keepApart(): void {
    if (this.setup.first !== this.setup.second) return;
    this.setup = { ...this.setup, second: this.setup.first === 'pilaf' ? 'vanilla' : 'pilaf' };
  }

  /** Goes on where an earlier visit has left what the address asks for, or else what it did last; not after a failure. */
  async comeBack(): Promise<void> {
    if (this.phase !== 'setup' || this.failed || this.records.length > 0) return;
    const stored = readStored(this.#asked ? this.setup : undefined);
    if (!stored) return;
    this.setup = stored.setup;
    await this.start();
  }

  /** Trains again on the labels that there are, and asks on. */
  goOnWithLabels(): void {
    this.#start(this.records);
  }

  /** Begins, or goes on with the labels of these settings that are kept. */
  async start(): Promise<void> {
    if (!(await this.#hold())) return;
    const stored = readStored(this.setup);
    this.repeats = stored?.repeats ?? { same: 0, all: 0 };
    this.votes = stored?.votes ?? [];
    this.ties = stored?.ties ?? this.ties;
    this.#start(stored?.records ?? []);
    this.#store();
  }

  /** Labels from a file take the person's place as far as they go. */
  async take(file: File): Promise<void> {
    const text = await readText(file);
    const read = text.ok ? parseLabels(text.value) : text;
    if (!read.ok) {
      this.#refuse(`${file.name}: ${problemText(read.problems)}.`);
      return;
    }
    const { steps } = this.config.schedule;
    const strange = read.value.find(
      ({ arm, seed, step }) => !this.arms.includes(arm) || seed !== this.setup.seed || step >= steps,
    );
    if (strange) {
      this.#refuse(
        `${file.name}: it has a label of arm "${strange.arm}", seed ${strange.seed}, step ${strange.step}, which this experiment does not have: choose its samplers, seed and rounds first.`,
      );
      return;
    }
    if (!(await this.#hold())) return;
    const kept = this.records.length > 0 ? this.records : (readStored(this.setup)?.records ?? []);
    const lacking = lackingIn(read.value, kept).length;
    if (lacking > 0) {
      this.records = kept;
      this.#refuse(
        `${file.name}: of the ${kept.length} labels that are kept for these settings it lacks ${lacking}. Go on with them, or throw them away first.`,
      );
      return;
    }
    this.votes = [];
    this.repeats = { same: 0, all: 0 };
    this.#start(read.value);
    this.#store();
  }

  /** Makes these settings' labels this tab's; says so where another has them. */
  async #hold(): Promise<boolean> {
    const name = nameOf(this.setup);
    if (this.#held?.name === name) return true;
    const release = await takeLock(`pilaf-lab/${name}`);
    if (!release) {
      this.#refuse('Another tab of this browser labels with these settings: go on there, or close it and try again.');
      return false;
    }
    this.#held?.release();
    this.#held = { name, release };
    return true;
  }

  /** Nothing has begun, or changed. */
  #refuse(message: string): void {
    this.phase = 'setup';
    this.failed = true;
    this.message = message;
  }

  /** Throws all labels away. */
  reset(): void {
    this.#client?.close();
    this.#client = null;
    this.#clear();
    this.phase = 'setup';
    this.message = '';
    this.failed = false;
    this.records = [];
    this.repeats = { same: 0, all: 0 };
    this.votes = [];
    forget(this.setup);
  }

  choose(side: Side): void {
    if (side === 'tie' && !this.ties) return;
    if (this.phase === 'final') this.#vote(side);
    if (this.phase !== 'asking' || !this.card) return;
    const answer = chosenBy(this.card, side);
    this.given = [...this.given, { answer, seconds: (now() - this.#shownAt) / 1000 }];
    this.#shownAt = now();
    this.#keep();
    if (this.given.length === this.cards.length) this.#train();
  }

  /** Takes the last answer back, until the round is trained on. */
  back(): void {
    if (this.phase === 'final') {
      this.votes = this.votes.slice(0, -1);
      this.#store();
    }
    if (this.phase !== 'asking' || this.given.length === 0) return;
    this.given = this.given.slice(0, -1);
    this.#shownAt = now();
    this.#keep();
  }

  /** From the summary to the next pairs. */
  goOn(): void {
    if (this.phase !== 'summary') return;
    this.phase = 'asking';
    this.#shownAt = now();
  }

  /** All labels as a file's text. */
  lines = (): string => labelLines(this.records);

  #clear(): void {
    this.cards = [];
    this.given = [];
    this.texts = [];
    this.finals = [];
    this.hashes = [];
    this.#judged = [];
  }

  #start(records: readonly LabelRecord[]): void {
    this.#client?.close();
    this.#clear();
    this.records = records;
    this.failed = false;
    this.phase = 'working';
    this.message = records.length > 0 ? 'Training on the labels so far…' : 'Starting…';
    this.#client = new LabClient((event) => this.#receive(event));
    this.#client.wanted = { only: BACKEND, workers: 1 };
    this.#client.start(this.config, false, []);
  }

  #receive(event: Notice): void {
    switch (event.type) {
      case 'ready':
        this.backend = event.backend;
        return;
      case 'asked':
        return this.#attempt(this.#show(event.questions));
      case 'report':
        if (event.report.type === 'finished') this.hashes = event.report.runs.map(({ hash }) => hash);
        return;
      case 'state':
        if (event.state === 'finished') this.#attempt(this.#finish());
        return;
      case 'refused':
        return this.#fail(`Not started. ${problemText(event.problems)}`);
      case 'failed':
      case 'lost':
      case 'wrong':
      case 'unavailable':
        return this.#fail(event.message);
      case 'waiting':
      case 'started':
      case 'snapshot':
      case 'unstored':
      case 'checking':
        return;
    }
    event satisfies never;
  }

  /** What a closed worker leaves unanswered is no news; anything else is. */
  #attempt(work: Promise<void>): void {
    const client = this.#client;
    work.catch((error: unknown) => {
      if (client === this.#client) this.#fail(messageOf(error));
    });
  }

  #fail(message: string): void {
    this.#refuse(`${message} The labels are kept: download them, or press Go on.`);
  }

  /** A round's pairs: those that have labels already are not shown again. */
  async #show(questions: readonly Question[]): Promise<void> {
    this.#questions = questions;
    this.#judged = [...this.#judged, ...questions];
    const known = labelsByKey(this.records);
    const strange = questions.find((question) => {
      const record = known.get(labelKey(question));
      return record && answerIn(record, question) === null;
    });
    if (strange) {
      this.#fail('The labels are of other completions than this experiment samples: they belong to other settings.');
      return;
    }
    await this.#look();
    this.cards = cardsOf(questions, this.setup.seed);
    this.given = [];
    for (const { question, repeats } of this.cards) {
      const record = known.get(labelKey(question));
      if (!record || repeats) break;
      this.given = [...this.given, { answer: answerIn(record, question)!, seconds: record.seconds }];
    }
    const isWhole = questions.every((question) => known.has(labelKey(question)));
    if (isWhole) return this.#train();
    // Labels from a file may be in any order: what is not answered in the cards' order is asked again.
    this.#keep();
    this.phase = this.texts.length > 1 && this.given.length === 0 ? 'summary' : 'asking';
    this.#shownAt = now();
  }

  /** Writes the round's labels so far into the records. */
  #keep(): void {
    const own = this.#questions.map(labelKey);
    const earlier = this.records.filter((record) => !own.includes(labelKey(record)));
    const fresh = this.cards.flatMap(({ question, repeats }, i): LabelRecord[] => {
      const given = this.given[i];
      return given && !repeats ? [recordOf(question, given)] : [];
    });
    this.records = [...earlier, ...fresh];
    this.#store();
  }

  #train(): void {
    const known = labelsByKey(this.records);
    const again = this.cards.findIndex(({ repeats }) => repeats);
    const second = this.given[again];
    if (second) {
      const { question } = this.cards[again]!;
      const before = answerIn(known.get(labelKey(question))!, question);
      this.repeats = { same: this.repeats.same + Number(second.answer === before), all: this.repeats.all + 1 };
    }
    const answers = this.#questions.map((question) => answerIn(known.get(labelKey(question))!, question)!);
    this.phase = 'working';
    this.message = 'Both policies train on these labels…';
    this.#store();
    this.#client?.send({ type: 'answer', answers });
  }

  /** What both policies write now. */
  async #look(): Promise<void> {
    const found = await Promise.all([0, 1].map((run) => this.#client!.texts(run, WATCHED_TEXTS)));
    this.texts = [...this.texts, found.map(({ found: one }) => valueIn(one))];
  }

  async #finish(): Promise<void> {
    await this.#look();
    const found = await Promise.all([0, 1].map((run) => this.#client!.texts(run, FINAL_TEXTS)));
    const [first = [], second = []] = found.map(({ found: one }) => valueIn(one));
    const { seed } = this.setup;
    this.finals = first.flatMap(({ prompt, text }, i): FinalPair[] => {
      const other = second[i]?.text ?? text;
      const flipped = uniform({ seed, stream: STREAM.display, step: 0, row: i, token: 1 }) < 0.5;
      return text === other ? [] : [{ prompt, texts: [text, other], flipped }];
    });
    this.votes = this.votes.slice(0, this.finals.length);
    this.phase = this.votes.length === this.finals.length ? 'over' : 'final';
  }

  #vote(side: Side): void {
    this.votes = [...this.votes, side];
    if (this.votes.length === this.finals.length) this.phase = 'over';
    this.#store();
  }

  #store(): void {
    const { setup, records, repeats, votes, ties } = this;
    this.isKept = store({ setup, records, repeats, votes, ties });
  }
}

/** Throws an Error with the reason where there is none. */
function valueIn<T>(found: Found<T>): T {
  if (found.ok) return found.value;
  throw new Error(found.problem);
}
