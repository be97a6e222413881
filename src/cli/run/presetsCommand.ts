import { findPreset, PRESETS, type Preset } from '../../experiment/presets/presets';
import { cellCount } from '../../experiment/documents/sweep';
import { SWEEPS } from '../../experiment/presets/sweeps';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { table } from '../table';

/** `lab presets`: a table of the presets and one of the sweeps, or the presets' full configs as JSON; with an id, that preset's config alone. */
export function presetsCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('presets', args, { json: { type: 'boolean', default: false } });
  const [id] = positionals;
  if (positionals.length > 1) throw new UsageError(`presets takes one preset, not "${positionals.join(' ')}"`);
  if (id !== undefined) process.stdout.write(json(knownPreset(id).config));
  else process.stdout.write(values.json ? json(PRESETS) : `${presetTable()}\n${sweepTable()}`);
  return EXIT.success;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function knownPreset(id: string): Preset {
  const preset = findPreset(id);
  if (!preset) throw new UsageError(`there is no preset "${id}"; there are ${PRESETS.map((p) => p.id).join(', ')}`);
  return preset;
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

function sweepTable(): string {
  return table(
    [
      { title: 'sweep', align: 'left' },
      { title: 'title', align: 'left' },
      { title: 'cells', align: 'right' },
    ],
    SWEEPS.map(({ id, title, document }) => [id, title, String(cellCount(document))]),
  );
}
