import { foreign, isObject } from '../../math/foreign';
import { fieldAt } from '../config/fields';
import { armName } from '../config/names';
import type { ExperimentConfig } from '../config/schema';
import { valueText } from './sweep';

/** A setting that is not the same in all of some configs. */
export interface Difference {
  /** Dotted, as `--set` takes it; `arms` where the arms themselves are others. */
  readonly path: string;
  readonly label: string;
  /** One text per config; `ABSENT` where a config has no such setting. */
  readonly values: readonly string[];
}

export const ABSENT = '–';
const MOST_OF_ARMS = 300;

/** Settings without a number's field, as people call them. */
const LABELS: Readonly<Record<string, string>> = {
  arms: 'Arms',
  'labeller.reader': 'Who labels',
  'labeller.rule': 'Labels',
  'loss.kind': 'Loss',
  'rounds.accumulate': 'Keeps earlier rounds’ pairs',
  'rounds.movingReference': 'Reference moves with the rounds',
  'rounds.resetOptimiser': 'AdamW starts anew each round',
  'schedule.learningRate': 'Learning rate over time',
  'start.checkpoint': 'Start’s checkpoint',
  'start.kind': 'Start',
  'task.checkpoint': 'Checkpoint',
  'task.kind': 'Task',
  'task.tables': 'Tables',
};

/** Every setting in which the configs differ, in a config's own order. */
export function configDifferences(configs: readonly ExperimentConfig[]): Difference[] {
  const names = configs.map(({ arms }) => arms.map(armName));
  const sameArms = names.every((list) => JSON.stringify(list) === JSON.stringify(names[0]));
  const flat = configs.map((config, i) => {
    const { arms, ...rest } = config;
    const settings = new Map<string, unknown>();
    if (sameArms) arms.forEach((arm, place) => flatten(settings, `arms.${place}`, arm));
    else settings.set('arms', foreign(names[i]!.join(', '), MOST_OF_ARMS));
    flatten(settings, '', rest);
    return settings;
  });
  const paths = [...new Set(flat.flatMap((settings) => [...settings.keys()]))];
  return paths.flatMap((path) => {
    const found = flat.map((settings) => settings.get(path));
    if (found.every((value) => JSON.stringify(value) === JSON.stringify(found[0]))) return [];
    const values = found.map((value) =>
      value === undefined ? ABSENT : path === 'arms' && typeof value === 'string' ? value : valueText(value),
    );
    return [{ path, label: labelOf(path, names[0] ?? []), values }];
  });
}

/** What is null is absent. */
function flatten(into: Map<string, unknown>, path: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (!isObject(value)) into.set(path, value);
  else for (const [key, part] of Object.entries(value)) flatten(into, path === '' ? key : `${path}.${key}`, part);
}

function labelOf(path: string, arms: readonly string[]): string {
  const [, place, own] = /^arms[.](\d+)[.](.+)$/.exec(path) ?? [];
  if (place !== undefined && own !== undefined) {
    return `${arms[Number(place)]}: ${shortened(fieldAt(path)?.label) ?? own}`;
  }
  return shortened(fieldAt(path)?.label) ?? LABELS[path] ?? path;
}

/** "β, the price of KL" is β. */
const shortened = (label: string | undefined): string | undefined => label?.split(',')[0];
