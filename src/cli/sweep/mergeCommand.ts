import { cellCount, cellName } from '../../experiment/documents/sweep';
import {
  SWEEP_FORMAT,
  SWEEP_VERSION,
  type SweepCell,
  type SweepResults,
} from '../../experiment/documents/sweepResults';
import { otherModel } from '../../run/models';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { checkWritable, writeAtomically } from '../files';
import { refuseSame } from '../run/outputs';
import { readCells, type CellFile } from './sweepFile';
import { readQuantity, sweepReport } from './sweepReport';

/** `lab merge`: one document of a sweep's files, whatever the cells' order and number of files. */
export function mergeCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('merge', args, {
    out: { type: 'string' },
    partial: { type: 'boolean', default: false },
    show: { type: 'string' },
  });
  if (positionals.length === 0) throw new UsageError('merge needs the files that sweep wrote');
  const quantity = readQuantity(values.show);
  if (values.out !== undefined) checkWritable(values.out);
  refuseSame(
    [['--out', values.out]],
    positionals.map((path) => ['a file that is merged', path] as const),
  );
  const results = merged(
    positionals.map((path) => ({ path, ...readCells(path) })),
    values.partial,
  );
  if (values.out !== undefined) writeAtomically(values.out, `${JSON.stringify(results)}\n`);
  process.stdout.write(sweepReport(results.sweep, results.cells, quantity));
  if (values.out !== undefined) process.stdout.write(`The sweep is in ${values.out}.\n`);
  return EXIT.success;
}

interface Shard extends CellFile {
  readonly path: string;
}

function merged(shards: readonly Shard[], partial: boolean): SweepResults {
  const first = shards[0]!;
  const { fingerprint, sweep } = first.head;
  const foreign = shards.find(({ head }) => head.fingerprint !== fingerprint);
  if (foreign) throw new UsageError(`${foreign.path} belongs to another sweep than ${first.path}`);
  const models: Record<string, string> = {};
  for (const { path, head } of shards) {
    const other = otherModel(models, head.models);
    if (other !== null) throw new UsageError(`${path} cannot be merged with the files before it: ${other}`);
    Object.assign(models, head.models);
  }
  const cells = new Map<number, { readonly path: string; readonly cell: SweepCell }>();
  let backend: { readonly path: string; readonly info: SweepResults['backend'] } | null = null;
  for (const { path, lines } of shards) {
    for (const { number, values, arms, backend: info } of lines) {
      backend ??= { path, info };
      if (JSON.stringify(info) !== JSON.stringify(backend.info)) {
        const names = [backend.info, info].map(({ name, adapter }) =>
          adapter === null ? name : `${name} on ${adapter}`,
        );
        throw new UsageError(`${backend.path} ran on ${names[0]}, ${path} on ${names[1]}; a sweep needs one backend`);
      }
      const cell = { number, values, arms };
      const twin = cells.get(number);
      if (twin && JSON.stringify(twin.cell) !== JSON.stringify(cell)) {
        throw new UsageError(`${cellName(sweep, number)} has other results in ${path} than in ${twin.path}`);
      }
      cells.set(number, twin ?? { path, cell });
    }
  }
  if (!backend) throw new UsageError(`${first.path} has no finished cell`);
  const missing = Array.from({ length: cellCount(sweep) }, (_, i) => i).filter((number) => !cells.has(number));
  if (missing.length > 0 && !partial) throw new UsageError(`${missingText(missing)}; --partial does without`);
  return {
    format: SWEEP_FORMAT,
    version: SWEEP_VERSION,
    fingerprint,
    sweep,
    backend: backend.info,
    cells: [...cells.values()].map(({ cell }) => cell).sort((a, b) => a.number - b.number),
  };
}

const MOST_NAMED = 12;

function missingText(missing: readonly number[]): string {
  const more = missing.length - MOST_NAMED;
  const named = missing.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return missing.length === 1 ? `cell ${named} is missing` : `cells ${named} are missing`;
}
