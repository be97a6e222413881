import { readArguments, readBackend, readWorkers } from '../arguments';
import { MAXIMUM_CELLS } from '../../experiment/documents/sweep';
import { EXIT, UsageError } from '../errors';
import { performSweep } from './performSweep';
import { readQuantity, sweepReport } from './sweepReport';
import { loadSweep } from './sweepSource';

/** One for each cell at most. */
const MOST_SHARDS = MAXIMUM_CELLS;

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
  const backend = readBackend(values.backend);
  const quantity = readQuantity(values.show);
  const jobs = readWorkers(values.jobs, '--jobs');
  const isMine = readShard(values.shard);
  const document = loadSweep(source, values.set);
  const { cells, notes, interrupted, broken } = await performSweep(document, {
    title: source,
    backend,
    jobs,
    out,
    resume,
    isMine,
  });
  process.stdout.write(sweepReport(document, cells, quantity));
  process.stdout.write(`${notes.join('\n')}\n`);
  if (broken !== null) process.stderr.write(`${broken}\n`);
  if (interrupted) return EXIT.interrupted;
  return broken === null ? EXIT.success : EXIT.failure;
}

/** `2/3` takes every third cell, from the second. */
function readShard(text: string | undefined): (number: number) => boolean {
  if (text === undefined) return () => true;
  const [, i, n] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const [index, count] = [Number(i), Number(n)];
  if (index >= 1 && index <= count && count <= MOST_SHARDS) return (number) => number % count === index - 1;
  throw new UsageError(`--shard: "${text}" is not allowed; give i/n, such as 1/3, with 1 ≤ i ≤ n ≤ ${MOST_SHARDS}`);
}
