import { messageOf } from '../math/foreign';
import { parseConfig } from '../experiment/config/config';
import type { ExperimentConfig } from '../experiment/config/schema';
import { refused, within } from '../experiment/reading';
import { memoryProblem, muchMemory } from '../run/memory';
import { otherModel } from '../run/models';
import type { ImportedCheckpoints } from '../run/orders';
import type { Experiment } from '../run/runner';
import { parseStored, type StoredExperiment } from '../run/storedExperiment';
import { problemOf } from '../training/checkpointAt';
import { nextWords, sampleTexts } from '../training/readPolicy';
import type { Task } from '../training/task';
import { Execution, type ExecutionEnvironment, type LookedAt } from './execution';
import type { Command, Found } from './protocol';

/** What the page may ask of a session, once the worker is open. */
export type SessionCommand = Exclude<Command, { type: 'open' | 'check' | 'takeout' }>;

/** What a session needs of the thread it runs in. */
export interface SessionEnvironment extends Omit<ExecutionEnvironment, 'experiment'> {
  readonly prepare: (config: ExperimentConfig, checkpoints: ImportedCheckpoints) => Promise<Task>;
  /** Runs experiments in several threads; absent where one does it all. */
  readonly spread?: ((checkpoints: ImportedCheckpoints) => Experiment) | undefined;
}

/**
 * Pumps one experiment at a time from its generator to the page. Commands may come at any moment: a new start ends
 * what runs, a refused one does not touch it.
 */
export class Session {
  private current: Execution | null = null;
  /** The shipped policy that was looked at last. */
  private shipped: { readonly name: string; readonly task: Task } | null = null;

  constructor(private readonly environment: SessionEnvironment) {}

  async handle(command: SessionCommand): Promise<void> {
    switch (command.type) {
      case 'start':
        return this.start(command);
      case 'restore':
        return this.restore(command);
      case 'pause':
        this.current?.pause();
        return;
      case 'resume':
        this.current?.resume();
        return;
      case 'step':
        this.current?.singleStep();
        return;
      case 'stop':
        await this.current?.stop();
        return;
      case 'answer':
        this.current?.answerQuestions(command.answers);
        return;
      case 'weights':
        return this.weights(command.ticket, command.id, command.run);
      case 'texts':
        return this.texts(command);
      case 'words':
        // Not waited for: a policy that is still on its way must not keep Stop waiting.
        void this.words(command);
        return;
      default:
        throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
    }
  }

  private async start({ id, config, paused, checkpoints }: SessionCommand & { type: 'start' }): Promise<void> {
    const parsed = parseConfig(config);
    if (parsed.ok) await this.begin(id, parsed.value, checkpoints, paused, null);
    else this.environment.post({ type: 'refused', id, problems: parsed.problems });
  }

  private async restore({ id, bytes, paused, checkpoints }: SessionCommand & { type: 'restore' }): Promise<void> {
    // A Blob may be gone when it is read.
    const saved = await bytes.arrayBuffer().then(
      (whole) => parseStored(new Uint8Array(whole)),
      (error: unknown) => refused('', messageOf(error)),
    );
    if (!saved.ok) {
      this.environment.post({ type: 'refused', id, problems: within('stored state', saved).problems });
      return;
    }
    await this.begin(id, saved.value.results.config, checkpoints, paused, saved.value);
  }

  private async begin(
    id: number,
    config: ExperimentConfig,
    checkpoints: ImportedCheckpoints,
    paused: boolean,
    from: StoredExperiment | null,
  ): Promise<void> {
    const { post, prepare } = this.environment;
    let task: Task;
    try {
      task = await prepare(config, checkpoints);
    } catch (error) {
      post({ type: 'refused', id, problems: [problemOf(error, 'task')] });
      return;
    }
    const other = otherModel(from?.models, task.models);
    if (other !== null) {
      post({ type: 'refused', id, problems: [{ path: 'stored state', message: other }] });
      return;
    }
    const tooLarge = memoryProblem(config, task, this.environment.backend.name);
    if (tooLarge) {
      post({ type: 'refused', id, problems: [tooLarge] });
      return;
    }
    const much = muchMemory(config, task);
    if (much) post({ type: 'waiting', what: `about ${much}` });
    // Only now is it certain that the new one can run: what runs may end.
    const previous = this.current;
    const environment = { ...this.environment, experiment: this.environment.spread?.(checkpoints) };
    this.current = new Execution(id, config, task, environment, paused, from);
    await previous?.stop();
    void this.current.run();
  }

  private weights(ticket: number, id: number, run: number): void {
    if (this.current?.id === id) this.current.weights(ticket, run);
    else this.environment.post({ type: 'weights', ticket, step: 0, bytes: null });
  }

  private async texts({ ticket, id, run, count }: SessionCommand & { type: 'texts' }): Promise<void> {
    const found = await attempted(async () => {
      const { task, weights, seed, step } = this.policyOf(id, run);
      return { step, value: await sampleTexts(task, weights, seed, Math.min(count, MOST_TEXTS)) };
    });
    this.environment.post({ type: 'texts', ticket, found });
  }

  private async words({ ticket, of, prompt, beginnings }: SessionCommand & { type: 'words' }): Promise<void> {
    const found = await attempted(async () => {
      const { task, weights, seed, step } =
        of.kind === 'run' ? this.policyOf(of.id, of.run) : await this.shippedPolicy(of.name);
      return { step, value: await nextWords(task, weights, seed, prompt, beginnings.slice(0, MOST_TEXTS)) };
    });
    this.environment.post({ type: 'words', ticket, found });
  }

  private policyOf(id: number, run: number): LookedAt {
    const found = this.current?.id === id ? this.current.policy(run) : null;
    if (!found)
      throw new Error(
        'there is no policy of this run to show: it has diverged, or it has to be paused or to end first',
      );
    return found;
  }

  private async shippedPolicy(name: string): Promise<LookedAt> {
    if (this.shipped?.name !== name) {
      const config = {
        task: { kind: 'reviews', checkpoint: 'reviews', oracle: 'bounded', rewardScale: 1 },
        start: { kind: 'checkpoint', checkpoint: name },
      };
      this.shipped = { name, task: await this.environment.prepare(config as ExperimentConfig, []) };
    }
    const { task } = this.shipped;
    return { task, weights: task.startWeights!, seed: 0, step: 0 };
  }
}

/** At most so many texts are looked at together. */
const MOST_TEXTS = 64;

async function attempted<T>(look: () => Promise<{ readonly step: number; readonly value: T }>): Promise<Found<T>> {
  try {
    return { ok: true, ...(await look()) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}
