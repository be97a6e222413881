import type { BackendName } from '../../../experiment/documents/results';
import type { TextPretraining } from '../../../experiment/config/textPretraining';
import type { Note } from '../../../run/orders';
import { createThread } from '../../../worker/createThread';
import { WebPoolWorker } from '../../../worker/poolWorker';
import { fleeting, type Checkpoints } from '../../browser/checkpoints.svelte';
import { reasonOf } from '../../runs/library.svelte';

type Pretraining = Extract<Note, { type: 'pretraining' }>;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** How far a policy is that learns from a text. */
export interface Learning {
  readonly name: string;
  readonly steps: number;
  readonly last: Pretraining | null;
  /** Nats per token, on the passages of every step and, at each look, on the unread part; they grow. */
  readonly losses: Point[];
  readonly heldOut: Point[];
  /** What it wrote when it was looked at last. */
  readonly texts: readonly string[];
  /** Its file then. */
  readonly kept: { readonly step: number; readonly file: Blob } | null;
}

/** Trains a small policy on somebody's text, in a worker of its own: a race goes on meanwhile. */
export class TextLearner {
  /** Null where nothing learns. */
  learning = $state.raw<Learning | null>(null);
  /** How the last one ended. */
  said = $state.raw<{ readonly text: string; readonly bad: boolean } | null>(null);

  readonly #checkpoints: Checkpoints;
  readonly #wanted: () => BackendName | undefined;
  #worker: WebPoolWorker | null = null;
  /** Counts the starts: what an older one still says is dropped. */
  #turn = 0;

  /** @param wanted the backend; undefined: the engine's own choice */
  constructor(checkpoints: Checkpoints, wanted: () => BackendName | undefined) {
    this.#checkpoints = checkpoints;
    this.#wanted = wanted;
  }

  /** Returns the name of the checkpoint; null where there is none. */
  async start(name: string, asked: TextPretraining): Promise<string | null> {
    this.cancel();
    const turn = ++this.#turn;
    this.said = null;
    this.learning = { name, steps: asked.steps, last: null, losses: [], heldOut: [], texts: [], kept: null };
    try {
      const worker = new WebPoolWorker(document.baseURI, this.#wanted(), false, createThread);
      this.#worker = worker;
      await worker.ready;
      const bytes = await worker.run({ kind: 'pretrain', asked }, (note) => {
        if (turn === this.#turn && note.type === 'pretraining') this.#heard(note);
      });
      const { taken, trouble } = await this.#add(name, bytes);
      if (turn === this.#turn) this.said = { text: `${taken} has learnt.${fleeting(trouble)}`, bad: false };
      return taken;
    } catch (error) {
      const text = turn === this.#turn ? await this.#broke(name, reasonOf(error)) : '';
      // Somebody may have begun another one meanwhile.
      if (turn === this.#turn) this.said = { text, bad: true };
      return null;
    } finally {
      if (turn === this.#turn) this.cancel();
    }
  }

  async #add(name: string, file: BlobPart): Promise<{ readonly taken: string; readonly trouble: string | null }> {
    const { name: taken, trouble } = await this.#checkpoints.add([new File([file], `${name}.safetensors`)], 'text');
    return { taken, trouble };
  }

  /** What it had learnt at the last look is kept. Returns what came of it, in sentences. */
  async #broke(name: string, reason: string): Promise<string> {
    const kept = this.learning?.kept;
    if (!kept) return `${name} has not learnt: ${reason}.`;
    try {
      const { taken, trouble } = await this.#add(name, kept.file);
      return `${name} stopped learning: ${reason}. ${taken} is what it had learnt by step ${kept.step}.${fleeting(trouble)}`;
    } catch (error) {
      return `${name} stopped learning: ${reason}. What it had learnt by step ${kept.step} is lost (${reasonOf(error)}).`;
    }
  }

  /** Ends it after the step in hand, with what it has learnt. */
  stop(): void {
    this.#worker?.halt();
  }

  /** Ends it, and it is gone. */
  cancel(): void {
    this.#turn++;
    this.#worker?.end();
    this.#worker = null;
    this.learning = null;
  }

  #heard(note: Pretraining): void {
    const before = this.learning;
    if (!before) return;
    const { step, loss, look } = note;
    before.losses.push({ step, value: loss });
    if (look) before.heldOut.push({ step, value: look.heldOut });
    const kept = look ? { step, file: look.file } : before.kept;
    this.learning = { ...before, last: note, texts: look?.texts ?? before.texts, kept };
  }
}
