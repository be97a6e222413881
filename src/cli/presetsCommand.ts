import { PRESETS } from '../experiment/presets';
import { readArguments } from './arguments';
import { EXIT, UsageError } from './errors';
import { table } from './table';

/** `lab presets`: a table of the presets, or their full configs as JSON. */
export function presetsCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('presets', args, { json: { type: 'boolean', default: false } });
  if (positionals.length > 0) throw new UsageError(`presets takes no "${positionals[0]}", only --json`);
  process.stdout.write(values.json ? `${JSON.stringify(PRESETS, null, 2)}\n` : presetTable());
  return EXIT.success;
}

function presetTable(): string {
  const rows = PRESETS.map(({ id, title, config }) => [
    id,
    title,
    String(config.arms.length),
    String(config.arms.length * config.seeds),
    String(config.schedule.steps),
  ]);
  return table(
    [
      { title: 'preset', align: 'left' },
      { title: 'title', align: 'left' },
      { title: 'arms', align: 'right' },
      { title: 'runs', align: 'right' },
      { title: 'steps', align: 'right' },
    ],
    rows,
  );
}
