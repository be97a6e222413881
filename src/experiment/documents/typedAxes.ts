import { TASKS } from '../config/tasks';
import { armName } from '../config/names';
import { readJson } from '../reading';
import { SAMPLERS, takesN } from '../samplers/table';
import { FIELDS } from '../config/fields';
import { type ExperimentConfig } from '../config/schema';

/** A sweep's axes as somebody types them. */

/** What a text stands for: JSON where it is some, else itself. */
export function jsonOrText(text: string): unknown {
  const json = readJson(text);
  return json.ok ? json.value : text;
}

/** The values of an axis, with commas between: "0.1, 1", "dpo, ipo", or JSON such as "[[1, 0]], [[0, 1]]". */
export function parseValues(text: string): unknown[] {
  if (text.trim() === '') return [];
  const whole = jsonOrText(`[${text}]`);
  return Array.isArray(whole) ? whole : text.split(',').map((word) => jsonOrText(word.trim()));
}

/** Losses, by name or as JSON: "dpo, ipo". */
export const losses = (text: string): unknown[] =>
  parseValues(text).map((value) => (typeof value === 'string' ? { kind: value } : value));

/** The inverse of `parseValues`. */
export function valuesText(values: readonly unknown[]): string {
  const plain = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
  const same = JSON.stringify(parseValues(plain)) === JSON.stringify(values);
  return same ? plain : values.map((value) => JSON.stringify(value)).join(', ');
}

export interface SweepPath {
  readonly path: string;
  readonly label: string;
}

/** What of a config is worth sweeping over, to choose from; any other path does as well. */
export function suggestedPaths(config: ExperimentConfig): SweepPath[] {
  const exists = (path: string) =>
    path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | null)?.[key], config) !==
    undefined;
  const numbers = Object.values(FIELDS).filter(({ path }) => !path.includes('*') && path !== FIELDS.tableEntry.path);
  const arms = config.arms.flatMap((arm, i) => {
    const name = armName(arm);
    return [
      { path: `arms.${i}.sampler`, label: `Sampler of ${name}` },
      ...(SAMPLERS[arm.sampler].takesAlpha ? [{ path: `arms.${i}.alpha`, label: `α of ${name}` }] : []),
      ...(takesN(arm.sampler) ? [{ path: `arms.${i}.n`, label: `N of ${name}` }] : []),
      ...(arm.mixture ? [{ path: `arms.${i}.mixture`, label: `Mixture of ${name}` }] : []),
      { path: `arms.${i}.temperature`, label: `Temperature of ${name}` },
    ];
  });
  return [
    ...numbers.filter(({ path }) => exists(path)).map(({ path, label }) => ({ path, label })),
    { path: 'loss.kind', label: 'Loss' },
    { path: 'labeller.rule', label: 'Labels' },
    ...(TASKS[config.task.kind].transformer
      ? [{ path: 'task.checkpoint', label: 'Checkpoint, and with it the model’s width' }]
      : []),
    ...arms,
  ];
}
