import { samplersDocument } from '../../experiment/samplers/document';
import { SAMPLER_NAMES, SAMPLERS } from '../../experiment/samplers/table';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { table } from '../table';

/** `lab samplers`: the table of samplers, or all that another program needs to draw as they do. */
export function samplersCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('samplers', args, { json: { type: 'boolean', default: false } });
  if (positionals.length > 0) throw new UsageError(`samplers takes no argument, not "${positionals.join(' ')}"`);
  process.stdout.write(values.json ? `${JSON.stringify(samplersDocument(), null, 2)}\n` : samplerTable());
  return EXIT.success;
}

const samplerTable = (): string =>
  table(
    [
      { title: 'sampler', align: 'left' },
      { title: 'draws', align: 'left' },
      { title: 'source', align: 'left' },
    ],
    SAMPLER_NAMES.map((name) => [name, SAMPLERS[name].description, SAMPLERS[name].source]),
  );
