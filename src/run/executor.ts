import type { ExperimentConfig } from '../experiment/config/schema';
import type { Task } from '../training/task';
import { drawMixture } from '../reference/mixtureSamples';
import { encodeTextModel } from '../policy/textModel';
import { runCell } from './cell';
import { otherModel } from './models';
import type { ImportedCheckpoints, Note, Order, OrderKind, OrderOf, Outcomes } from './orders';
import { Part } from './part';
import { RepeatedCheck } from './repeatedCheck';
import type { RunnerEnvironment } from './runner';

/** What an executor needs of the thread or process that it is in. */
export interface ExecutorEnvironment extends RunnerEnvironment {
  readonly prepare: (config: ExperimentConfig, checkpoints: ImportedCheckpoints) => Promise<Task>;
  /** Lets the thread's message queue run. */
  readonly breathe: () => Promise<void>;
  /** Bytes that the thread's backend holds. */
  readonly memory: () => number;
  /** Gives back memory that the backend only keeps. */
  readonly release: () => void;
}

/** Carries out what a pool orders in the thread of one of its workers, one order after the other. */
export class Executor {
  private part: Part | null = null;
  /** Of the device, at the part's size. */
  private check: RepeatedCheck | null = null;
  /** Whether the pretraining in hand is to end. */
  private halted = false;

  constructor(private readonly environment: ExecutorEnvironment) {}

  /** Rejects with a sentence where it breaks. */
  execute<Kind extends OrderKind>(order: OrderOf<Kind>, onNote: (note: Note) => void): Promise<Outcomes[Kind]>;
  async execute(order: Order, onNote: (note: Note) => void): Promise<Outcomes[OrderKind]> {
    switch (order.kind) {
      case 'cell':
        return this.cell(order, onNote);
      case 'open':
        return this.open(order, onNote);
      case 'advance':
        return this.advance(order);
      case 'snapshot':
        return this.snapshot();
      case 'finish':
        return this.finish();
      case 'mixture':
        return this.mixture(order, onNote);
      case 'pretrain':
        return this.pretrain(order, onNote);
      default:
        throw new Error(`unknown order ${JSON.stringify(order satisfies never)}`);
    }
  }

  /** Ends early what the order in hand does before a part's first step, or a pretraining. */
  halt(): void {
    this.part?.halt();
    this.halted = true;
  }

  private async cell(order: OrderOf<'cell'>, onNote: (note: Note) => void) {
    await this.drop();
    const { config } = order;
    const task = await this.prepared(order);
    return runCell(config, task, { ...this.environment, onStep: (step) => onNote({ type: 'step', step }) });
  }

  /** Throws an Error where it is made of other checkpoints than it was elsewhere. */
  private async prepared({ config, checkpoints, models }: OrderOf<'cell' | 'open'>): Promise<Task> {
    const task = await this.environment.prepare(config, checkpoints);
    const problem = otherModel(models, task.models);
    if (problem !== null) throw new Error(problem);
    return task;
  }

  private async mixture({ config, draws }: OrderOf<'mixture'>, onNote: (note: Note) => void) {
    await this.drop();
    const drawing = drawMixture(await this.environment.prepare(config, []), draws);
    let next = await drawing.next();
    for (let step = 1; !next.done; step++, next = await drawing.next()) {
      onNote({ type: 'step', step });
      await this.environment.breathe();
    }
    return next.value;
  }

  private async pretrain({ asked }: OrderOf<'pretrain'>, onNote: (note: Note) => void) {
    await this.drop();
    this.halted = false;
    // Large, and seldom asked for.
    const { pretrainText } = await import('../reference/pretrainText');
    for await (const { step, loss, look, model } of pretrainText(asked)) {
      const file = async () => encodeTextModel(await model());
      // Nobody is shown, or keeps, what a device has written that has gone wrong.
      if (look) await this.environment.check?.quick();
      onNote({ type: 'pretraining', step, loss, ...(look && { look: { ...look, file: new Blob([await file()]) } }) });
      await this.environment.breathe();
      if (!this.halted && step < asked.steps) continue;
      await this.environment.check?.quick();
      return file();
    }
    throw new Error('a pretraining has no steps');
  }

  private async open(order: OrderOf<'open'>, onNote: (note: Note) => void) {
    await this.drop();
    const { config, runs, from } = order;
    const task = await this.prepared(order);
    const { check, now, memory } = this.environment;
    this.check = new RepeatedCheck(check, (device) => device.whole(config, task), config.schedule.steps, now);
    await this.check.wholly();
    this.part = new Part(config, task, runs, from, memory);
    return this.part.open(async (note) => {
      onNote(note);
      // It may take minutes, in which the part may be halted.
      await this.environment.breathe();
    });
  }

  private async advance({ until, evaluates, showsPairs }: OrderOf<'advance'>) {
    try {
      const leg = await this.opened().advance(until, evaluates, showsPairs);
      for (const report of leg.reports) await this.check?.reported(report);
      return leg;
    } catch (error) {
      await this.check?.broke(error);
      throw error;
    }
  }

  private async snapshot() {
    const snapshot = await this.opened().snapshot();
    await this.check?.stored(snapshot.step);
    return snapshot;
  }

  private async finish() {
    const reports = await this.opened().finish();
    for (const report of reports) await this.check?.reported(report);
    return reports;
  }

  private opened(): Part {
    if (this.part) return this.part;
    throw new Error('no part of a race is open here');
  }

  /** Frees what the order before has left. */
  async drop(): Promise<void> {
    await this.part?.drop();
    this.part = null;
    this.environment.release();
  }
}
