/**
 * Measures forms of the policy on the current backend. The forms of a cell, which is a model size and a fleet, take
 * turns: a round of one is a training step cut into phases, some whole steps, and an evaluation.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Contestant } from './contestant';
import { countStep, emptyPool, type Counting, type Counts } from './counts';
import { PHASES, ROUTINE_TIMES, type BenchRow, type RATES, type Summary } from './results';
import { timeRoutines } from './routineTimes';
import { quartiles } from './statistics.mjs';
import { completionLengthOf, parametersOf, workload, type Form, type SizeName } from './workload';

export interface CellRequest {
  readonly size: SizeName;
  readonly fleet: number;
  readonly forms: readonly Form[];
  /** What a form may take for its rounds, its budget. */
  readonly seconds: number;
  /** Rounds at most. */
  readonly repetitions: number;
}

/** A row of which the measuring process does not know its own name. */
export type EngineRow = Omit<BenchRow, 'column' | 'environment' | 'run'> & { readonly form: Form };

export interface CellReport {
  readonly rows: readonly EngineRow[];
  /** What was left out and why, a sentence each. */
  readonly notes: readonly string[];
}

/** Rounds at least, at full pace. */
const LEAST_ROUNDS = 3;
/** A round takes about as long as so many training steps. */
const STEPS_OF_ROUND = 4;
/** A form whose round takes longer than so many budgets has a single one. */
const HURRY = 1.5;
/** A form whose round takes longer than so many budgets does without whole steps and evaluations. */
const HASTE = 6;
/** A form of which a training step takes longer than so many budgets is left out. */
const PATIENCE = 15;
/** Steps before anything is counted, at full pace: tfjs' pool of buffers grows over the first ones. */
const WARM_UP_STEPS = 4;
/** Whole steps are timed together until they take about this long: clocks in browsers are coarse. */
const STEPS_MILLISECONDS = 200;
const MOST_STEPS = 8;

/** Rounds that are repeated; one round; or only a step cut into phases, which is then the step. */
type Pace = 'full' | 'once' | 'hasty';

/** What can be said of tfjs' pool only once it has stopped growing. */
const WARM_ONLY: readonly string[] = ['allocatedBytesPerStep', 'grownBytesPerStep'] satisfies (keyof Counts)[];

const paceOf = (step: number, budget: number): Pace => {
  const round = STEPS_OF_ROUND * step;
  if (round <= HURRY * budget) return 'full';
  return round <= HASTE * budget ? 'once' : 'hasty';
};

const TIMES = [...PHASES, ...ROUTINE_TIMES];
type Times = Partial<Record<(typeof TIMES)[number], number>>;

/** A form that takes part in a cell. */
interface Entrant {
  readonly contestant: Contestant;
  readonly counts: Counts | null;
  readonly pace: Pace;
  /** Whole steps to time together. */
  readonly steps: number;
  readonly rounds: Times[];
  spent: number;
}

export class Engine {
  /** Seconds of a step that were measured last, by form. */
  private readonly known = new Map<Form, { size: SizeName; fleet: number; seconds: number }>();

  constructor(private readonly counting: Counting) {}

  async measure(cell: CellRequest): Promise<CellReport> {
    const notes: string[] = [];
    const entrants: Entrant[] = [];
    try {
      for (const form of cell.forms) {
        const entrant = await this.enter(form, cell);
        if (typeof entrant === 'number') notes.push(leftOut(form, cell, entrant));
        else entrants.push(entrant);
      }
      await takeTurns(entrants, cell);
    } finally {
      for (const { contestant } of entrants) contestant.dispose();
      emptyPool();
    }
    return { rows: entrants.flatMap((entrant) => rowsOf(entrant, cell)), notes };
  }

  /** Warms a form up and counts its launches; seconds of a step where they are too many. */
  private async enter(form: Form, cell: CellRequest): Promise<Entrant | number> {
    const { size, fleet, seconds: budget } = cell;
    const foreseen = this.foresee(form, size, fleet);
    if (foreseen > PATIENCE * budget) return foreseen;
    emptyPool();
    const held = this.counting.memory.since().liveBytes;
    const contestant = new Contestant(form, size, fleet);
    const common = { contestant, rounds: [], spent: 0, steps: 1 };
    try {
      if (paceOf(foreseen, budget) === 'hasty') return { ...common, counts: null, pace: 'hasty' };
      let step = (await contestant.timeSteps(1)) / 1000;
      if (step > PATIENCE * budget) {
        this.known.set(form, { size, fleet, seconds: step });
        contestant.dispose();
        return step;
      }
      // The first step compiles kernels: a form that seemed slow may not be.
      let measured = { counts: null as Counts | null, seconds: step };
      if (paceOf(step, budget) !== 'full') measured = await this.measureStep(contestant, held);
      const pace = paceOf(measured.seconds, budget);
      if (pace === 'full') {
        await contestant.timeSteps(WARM_UP_STEPS);
        measured = await this.measureStep(contestant, held);
      } else if (measured.counts) {
        measured.counts = Object.fromEntries(
          Object.entries(measured.counts).filter(([metric]) => !WARM_ONLY.includes(metric)),
        );
      }
      const { counts } = measured;
      step = measured.seconds;
      this.known.set(form, { size, fleet, seconds: step });
      const steps = Math.max(1, Math.min(MOST_STEPS, Math.round(STEPS_MILLISECONDS / 1000 / step)));
      return { ...common, counts, steps, pace };
    } catch (error) {
      contestant.dispose();
      throw error;
    }
  }

  private async measureStep(contestant: Contestant, held: number): Promise<{ counts: Counts; seconds: number }> {
    const { counts, milliseconds } = await countStep(contestant, this.counting, held);
    return { counts, seconds: milliseconds / 1000 };
  }

  /** Seconds of a step, in proportion to the last one measured; 0 where that was no smaller. */
  private foresee(form: Form, size: SizeName, fleet: number): number {
    const known = this.known.get(form);
    if (!known || known.fleet > fleet || parametersOf(known.size) > parametersOf(size)) return 0;
    const larger = parametersOf(size) / parametersOf(known.size);
    return known.seconds * (fleet / known.fleet) * larger;
  }
}

const leftOut = (form: Form, { size, fleet }: CellRequest, seconds: number): string =>
  `${form}, ${size}, fleet ${fleet}: left out, a step of it would take about ${Math.round(seconds)} s.`;

async function takeTurns(entrants: readonly Entrant[], { seconds, repetitions }: CellRequest): Promise<void> {
  const wants = ({ pace, rounds, spent }: Entrant) =>
    rounds.length < (pace === 'full' ? LEAST_ROUNDS : 1) ||
    (pace === 'full' && spent < seconds && rounds.length < repetitions);
  // One round that is not kept: phases that are waited for one by one have kernels and buffers of their own.
  for (const entrant of entrants) if (entrant.pace === 'full') await playRound(entrant);
  for (let turn = 0; entrants.some(wants); turn++) {
    // Nobody is always the first: a machine that heats up slows down whoever comes next.
    for (const entrant of turn % 2 === 0 ? entrants : entrants.toReversed()) {
      if (!wants(entrant)) continue;
      const start = performance.now();
      entrant.rounds.push(await playRound(entrant));
      entrant.spent += (performance.now() - start) / 1000;
    }
  }
}

async function playRound({ contestant, pace, steps }: Entrant): Promise<Times> {
  const phases = await contestant.timePhases();
  if (pace === 'hasty') return { ...phases, step: Object.values(phases).reduce((sum, time) => sum + time, 0) };
  const step = await contestant.timeSteps(steps);
  const evaluate = await contestant.timeEvaluation();
  const routines = tf.getBackend() === 'wasm' ? await timeRoutines(contestant, steps) : {};
  return { ...phases, step, evaluate, ...routines };
}

function rowsOf({ contestant: { form }, counts, rounds }: Entrant, { size, fleet }: CellRequest): EngineRow[] {
  const common = { form, size, fleet };
  const times = TIMES.flatMap((metric) => {
    const found = rounds.flatMap((round) => round[metric] ?? []);
    return found.length === 0 ? [] : [{ ...common, metric, unit: 'ms' as const, ...quartiles(found) }];
  });
  const rate = (metric: (typeof RATES)[number], things: number, phase: (typeof PHASES)[number]) =>
    times
      .filter((row) => row.metric === phase)
      .map((row) => ({ ...common, metric, unit: '1/s' as const, ...perSecond(things, row) }));
  const { pairs } = workload;
  return [
    ...times,
    ...rate('tokensPerSecond', fleet * 2 * pairs * completionLengthOf(size), 'sample'),
    ...rate('pairsPerSecond', fleet * pairs, 'step'),
    ...(Object.entries(counts ?? {}) as [keyof Counts, number][]).map(([metric, value]) => ({
      ...common,
      metric,
      unit: /bytes/i.test(metric) ? ('bytes' as const) : ('count' as const),
      ...{ median: value, low: value, high: value, n: 1 },
    })),
  ];
}

/** A rate's quartiles are those of its time, turned around. */
const perSecond = (things: number, { median, low, high, n }: Summary): Summary => ({
  median: (1000 * things) / median,
  low: (1000 * things) / high,
  high: (1000 * things) / low,
  n,
});
