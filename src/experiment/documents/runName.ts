import { isObject } from '../../math/foreign';
import { armName } from '../config/names';
import { TASKS } from '../config/tasks';
import { PRESETS, type Preset } from '../presets/presets';
import type { ExperimentConfig } from '../config/schema';

/** The preset that a config is, to the last value. */
export function presetOf(config: ExperimentConfig): Preset | null {
  const text = canonical(config);
  return PRESETS.find((preset) => canonical(preset.config) === text) ?? null;
}

/** Where the page shows a config that is a preset's; null where it is none. */
export function presetAddress(config: ExperimentConfig): string | null {
  const preset = presetOf(config);
  return preset && `#${preset.id}`;
}

/** What a run is called until somebody names it. */
export function runName(config: ExperimentConfig): string {
  const preset = presetOf(config);
  if (preset) return preset.title;
  const [first, second, ...others] = config.arms.map(armName);
  const arms = [first, second].filter((name) => name !== undefined).join(', ');
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `${TASKS[config.task.kind].title}: ${arms}${more}`;
}

/** `name`, or with the first number behind it that no other has. */
export function uniqueName(name: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name} ${i}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

/** Equal for configs that differ in the order of their keys only. */
const canonical = (config: ExperimentConfig): string =>
  JSON.stringify(config, (_, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
