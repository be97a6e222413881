import { sweepFingerprint } from '../../analysis/sweepFingerprint';
import type { BackendInfo, BackendName } from '../../experiment/documents/results';
import { cellConfig, cellCount, cellName, cellValues, type SweepDocument } from '../../experiment/documents/sweep';
import { CELLS_FORMAT, SWEEP_VERSION, type CellLine, type SweepHead } from '../../experiment/documents/sweepResults';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { availableParallelism } from 'node:os';
import { CellError, runCells } from '../../run/cells';
import { Pool } from '../../run/pool';
import { checkpointNames } from '../../experiment/config/checkpointName';
import { readArguments, readBackend, readWorkers } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { checkWritable } from '../files';
import { onInterrupt } from '../interrupt';
import { prepared } from '../run/prepared';
import { ProcessWorker } from '../pool/processWorker';
import { startProgress } from '../progress';
import { appendLine, openCells, type CellFile } from './sweepFile';
import { loadSweep } from './sweepSource';
import { readQuantity, sweepReport } from './sweepReport';

const MOST_SHARDS = 1000;

/** `lab sweep`: the cells of a sweep, or a shard of them, one line each. */
export async function sweepCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('sweep', args, {
    set: { type: 'string', multiple: true, default: [] as string[] },
    backend: { type: 'string' },
    jobs: { type: 'string' },
    shard: { type: 'string' },
    out: { type: 'string' },
    resume: { type: 'boolean', default: false },
    show: { type: 'string' },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('sweep needs the name of a sweep or its file');
  if (surplus !== undefined) throw new UsageError(`sweep takes one sweep; "${surplus}" is too much`);
  const { out, resume } = values;
  if (resume && out === undefined) throw new UsageError('--resume needs --out, the file to go on with');
  const asked = readBackend(values.backend);
  const quantity = readQuantity(values.show);
  const jobs = readWorkers(values.jobs, '--jobs');
  const isMine = readShard(values.shard);
  const document = loadSweep(source, values.set);
  if (out !== undefined) checkWritable(out);
  await checkCheckpoints(document);

  const head: SweepHead = {
    format: CELLS_FORMAT,
    version: SWEEP_VERSION,
    fingerprint: sweepFingerprint(document),
    sweep: document,
  };
  const file: CellFile = out === undefined ? { head, lines: [] } : openCells(out, head, resume);
  const before = file.lines[0]?.backend;
  checkBackend(out, before, asked);
  const done = new Set(file.lines.map(({ number }) => number));
  const mine = Array.from({ length: cellCount(document) }, (_, i) => i).filter(isMine);
  const left = mine.filter((number) => !done.has(number));
  const lines: Omit<CellLine, 'seconds'>[] = [...file.lines];
  const ended = await run(document, left, {
    title: source,
    backend: asked ?? before?.name,
    before,
    jobs,
    add(line) {
      if (out !== undefined) appendLine(out, line);
      lines.push(line);
    },
  });
  process.stdout.write(sweepReport(document, lines, quantity));
  process.stdout.write(`${[...ended.notes, ...outcome(out, mine, lines)].join('\n')}\n`);
  return ended.interrupted ? EXIT.interrupted : EXIT.success;
}

/** `2/3` takes every third cell, from the second. */
function readShard(text: string | undefined): (number: number) => boolean {
  if (text === undefined) return () => true;
  const [, i, n] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const [index, count] = [Number(i), Number(n)];
  if (index >= 1 && index <= count && count <= MOST_SHARDS) return (number) => number % count === index - 1;
  throw new UsageError(`--shard: "${text}" is not allowed; give i/n, such as 1/3, with 1 ≤ i ≤ n ≤ ${MOST_SHARDS}`);
}

/** Every checkpoint that a cell names is there and whole. Bandits have none. */
async function checkCheckpoints(document: SweepDocument): Promise<void> {
  const seen = new Set<string>();
  for (let number = 0; number < cellCount(document); number++) {
    const config = configOf(document, number);
    const names = checkpointNames(config).join(' ');
    if (names === '' || seen.has(names)) continue;
    seen.add(names);
    await prepared(config).catch((error: unknown) => {
      throw new UsageError(`${cellName(document, number)}: ${sentence(error)}`, { cause: error });
    });
  }
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
  readonly jobs: number | undefined;
  readonly add: (line: CellLine) => void;
}

async function run(
  document: SweepDocument,
  numbers: readonly number[],
  { title, backend: wanted, before, jobs: most, add }: Manner,
): Promise<{ readonly interrupted: boolean; readonly notes: readonly string[] }> {
  if (numbers.length === 0) return { interrupted: false, notes: [] };
  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const fingerprint = sweepFingerprint(document);
  const cells = numbers.map((number) => ({
    number,
    steps: configOf(document, number).schedule.steps,
    order: () => ({ kind: 'cell', config: configOf(document, number), checkpoints: [] }) as const,
  }));
  const progress = startProgress(
    title,
    cells.reduce((sum, { steps }) => sum + steps, 0),
  );
  const notes: string[] = [];
  const start = performance.now();
  try {
    const pool = new Pool((backend) => new ProcessWorker(backend ?? wanted, backend !== undefined));
    await runCells(cells, pool, {
      workers: { gpu: most ?? 1, cores: most ?? availableParallelism() },
      signal: abort.signal,
      now: () => performance.now(),
      onReady(backend, jobs, reasons) {
        if (before && JSON.stringify(before) !== JSON.stringify(backend)) {
          throw new Error(`earlier cells ran on ${backendName(before)}, this is ${backendName(backend)}`);
        }
        notes.push(`Ran on ${backendName(backend)} in ${jobs === 1 ? 'one process' : `${jobs} processes`}`, ...reasons);
      },
      onProgress: ({ done, cells }) => progress.update(done, `${cells} of ${numbers.length} cells`),
      onCell(number, { arms, seconds }, backend) {
        add({ fingerprint, number, values: cellValues(document, number), arms: [...arms], backend, seconds });
      },
    });
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    throw new Error(`${cellName(document, error.cell)}: ${error.message}`, { cause: error });
  } finally {
    progress.clear();
    forget();
  }
  if (notes[0]) notes[0] += ` for ${((performance.now() - start) / 1000).toFixed(1)} s.`;
  return { interrupted: abort.signal.aborted, notes };
}

const backendName = ({ name, adapter }: BackendInfo): string => (adapter === null ? name : `${name} (${adapter})`);

function outcome(
  out: string | undefined,
  mine: readonly number[],
  lines: readonly { readonly number: number }[],
): string[] {
  const done = new Set(lines.map(({ number }) => number));
  const count = mine.filter((number) => done.has(number)).length;
  const said = `${count} of ${mine.length} cells are done`;
  if (out === undefined) return [`${said}.`];
  if (count === mine.length) return [`${said}, and in ${out}; lab -- merge makes one document of it.`];
  return [`${said}, and in ${out}; the same command with --resume goes on.`];
}
