import { availableParallelism } from 'node:os';
import { sweepFingerprint } from '../../analysis/sweepFingerprint';
import { checkpointNames } from '../../experiment/config/checkpointName';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { backendText, isSameBackend, type BackendInfo, type BackendName } from '../../experiment/documents/results';
import { cellConfig, cellCount, cellName, cellValues, type SweepDocument } from '../../experiment/documents/sweep';
import { CELLS_FORMAT, SWEEP_VERSION, type CellLine, type SweepHead } from '../../experiment/documents/sweepResults';
import { CellError, runCells } from '../../run/cells';
import { Pool } from '../../run/pool';
import type { Models } from '../../training/task';
import { sentence, UsageError } from '../errors';
import { checkWritable } from '../files';
import { onInterrupt } from '../interrupt';
import { WITHOUT_GPU } from '../nodeRuntime';
import { ProcessWorker } from '../pool/processWorker';
import { startProgress } from '../progress';
import { prepared } from '../run/prepared';
import { appendLine, openCells, type CellFile } from './sweepFile';

export interface SweepOptions {
  readonly title: string;
  readonly backend: BackendName | undefined;
  readonly jobs: number | undefined;
  /** Gets a line for every finished cell. */
  readonly out: string | undefined;
  /** Whether that file is gone on with. */
  readonly resume: boolean;
  /** Which cells are this machine's. */
  readonly isMine: (number: number) => boolean;
}

export interface PerformedSweep {
  readonly interrupted: boolean;
  /** Of all cells that have ended, those of an earlier call among them. */
  readonly cells: readonly Omit<CellLine, 'seconds'>[];
  /** What it ran on and how far it came, a sentence each. */
  readonly notes: readonly string[];
  /** Which cells broke, and why, in sentences; null where none did. */
  readonly broken: string | null;
}

/** Runs the cells that a sweep lacks. Throws UsageError before the first one where something does not fit. */
export async function performSweep(document: SweepDocument, options: SweepOptions): Promise<PerformedSweep> {
  const { title, backend: asked, jobs, out, resume, isMine } = options;
  if (out !== undefined) checkWritable(out);
  const models = await checkedModels(document);
  const head: SweepHead = {
    format: CELLS_FORMAT,
    version: SWEEP_VERSION,
    fingerprint: sweepFingerprint(document),
    sweep: document,
    ...(Object.keys(models).length > 0 ? { models } : {}),
  };
  const file: CellFile = out === undefined ? { head, lines: [] } : openCells(out, head, resume);
  const before = file.lines[0]?.backend;
  checkBackend(out, before, asked);
  const done = new Set(file.lines.map(({ number }) => number));
  const mine = Array.from({ length: cellCount(document) }, (_, i) => i).filter(isMine);
  const left = mine.filter((number) => !done.has(number));
  const lines: Omit<CellLine, 'seconds'>[] = [...file.lines];
  const ended = await run(document, left, {
    title,
    backend: asked ?? before?.name,
    before,
    models,
    jobs,
    add(line) {
      if (out !== undefined) appendLine(out, line);
      lines.push(line);
    },
    kept: () => outcome(out, mine, lines) + (out === undefined ? ' With --out they would be kept.' : ''),
  });
  return { ...ended, cells: lines, notes: [...ended.notes, outcome(out, mine, lines)] };
}

/** Every checkpoint that a cell names is there and whole; returns their hashes. Bandits have none. */
async function checkedModels(document: SweepDocument): Promise<Models> {
  const seen = new Set<string>();
  const models: Record<string, string> = {};
  for (let number = 0; number < cellCount(document); number++) {
    const config = configOf(document, number);
    const names = checkpointNames(config).join(' ');
    if (names === '' || seen.has(names)) continue;
    seen.add(names);
    const task = await prepared(config).catch((error: unknown) => {
      throw new UsageError(`${cellName(document, number)}: ${sentence(error)}`, { cause: error });
    });
    Object.assign(models, task.models);
  }
  return models;
}

function configOf(document: SweepDocument, number: number): ExperimentConfig {
  const config = cellConfig(document, number);
  if (!config.ok) throw new Error(`${cellName(document, number)} is not valid`);
  return config.value;
}

/** One sweep, one backend: its cells are compared with one another. */
function checkBackend(out: string | undefined, before: BackendInfo | undefined, asked: BackendName | undefined): void {
  if (!before || !asked || before.name === asked) return;
  throw new UsageError(`--backend: the cells in ${out} ran on ${before.name}; go on with that, not with ${asked}`);
}

interface Manner {
  readonly title: string;
  readonly backend: BackendName | undefined;
  /** What earlier cells of the file ran on. */
  readonly before: BackendInfo | undefined;
  readonly models: Models;
  readonly jobs: number | undefined;
  readonly add: (line: CellLine) => void;
  /** How far the sweep came, and how it goes on, in a sentence. */
  readonly kept: () => string;
}

async function run(
  document: SweepDocument,
  numbers: readonly number[],
  { title, backend: wanted, before, models, jobs: most, add, kept }: Manner,
): Promise<Omit<PerformedSweep, 'cells'>> {
  if (numbers.length === 0) return { interrupted: false, notes: [], broken: null };
  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const fingerprint = sweepFingerprint(document);
  const cells = numbers.map((number) => ({
    number,
    steps: configOf(document, number).schedule.steps,
    order: () => ({ kind: 'cell', config: configOf(document, number), checkpoints: [], models }) as const,
  }));
  const progress = startProgress(
    title,
    cells.reduce((sum, { steps }) => sum + steps, 0),
  );
  const notes: string[] = [];
  const start = performance.now();
  let ranOn: BackendName | undefined;
  let broken: string | null = null;
  const said = (error: CellError) => {
    const way = ranOn === 'webgpu' ? ' With --backend wasm and a file of its own the sweep does without the GPU.' : '';
    return { text: `${cellName(document, error.cell)}: ${sentence(error)}`, way };
  };
  try {
    const pool = new Pool((backend) => new ProcessWorker(backend ?? wanted, backend !== undefined));
    const [first, ...others] = await runCells(cells, pool, {
      workers: { gpu: most ?? 1, cores: most ?? availableParallelism() },
      signal: abort.signal,
      now: () => performance.now(),
      onReady(backend, jobs, reasons) {
        if (before && !isSameBackend(before, backend)) {
          throw new Error(`earlier cells ran on ${backendText(before)}, this is ${backendText(backend)}`);
        }
        ranOn = backend.name;
        notes.push(`Ran on ${backendText(backend)} in ${jobs === 1 ? 'one process' : `${jobs} processes`}`, ...reasons);
      },
      onProgress: ({ done, cells, secondsLeft }) =>
        progress.update(done, `${cells} of ${numbers.length} cells`, secondsLeft),
      onCell(number, { arms, seconds }, backend) {
        add({ fingerprint, number, values: cellValues(document, number), arms: [...arms], backend, seconds });
      },
    });
    if (first) {
      const { text, way } = said(first);
      broken = `${text}${others.length > 0 ? ` ${others.length} more of its cells broke.` : ''}${way}`;
    }
  } catch (error) {
    if (error instanceof CellError) {
      const { text, way } = said(error);
      throw new Error(`${text} ${kept()}${way}`, { cause: error });
    }
    // It did not start. One sweep, one backend: where there are cells, another will not do.
    if (wanted === 'webgpu' && !ranOn && !before) {
      throw new Error(`${sentence(error)} ${WITHOUT_GPU}`, { cause: error });
    }
    throw ranOn ? new Error(`${sentence(error)} ${kept()}`, { cause: error }) : error;
  } finally {
    progress.clear();
    forget();
  }
  if (notes[0]) notes[0] += ` for ${((performance.now() - start) / 1000).toFixed(1)} s.`;
  return { interrupted: abort.signal.aborted, notes, broken };
}

function outcome(
  out: string | undefined,
  mine: readonly number[],
  lines: readonly { readonly number: number }[],
): string {
  const done = new Set(lines.map(({ number }) => number));
  const count = mine.filter((number) => done.has(number)).length;
  const said = `${count} of ${mine.length} cells are done`;
  if (out === undefined) return `${said}.`;
  if (count === mine.length) return `${said}, and in ${out}; lab -- merge makes one document of it.`;
  return `${said}, and in ${out}; the same command with --resume goes on.`;
}
