import { foreign } from '../../math/foreign';
import { canonical } from '../config/canonical';
import { armName } from '../config/names';
import { TASKS } from '../config/tasks';
import { PRESETS, type Preset } from '../presets/presets';
import type { ExperimentConfig } from '../config/schema';
import { configDifferences } from './differences';
import { MAXIMUM_NAME } from './resultsFile';

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

/** More differences than this tell nobody what a run is. */
const MOST_DIFFERENCES = 3;
/** There is room for a number behind it. */
const MOST_LETTERS = MAXIMUM_NAME - 4;

/**
 * What a run is called until somebody names it: the preset that it is, or is but for a few settings, with those; else
 * its task and first arms.
 */
export function runName(config: ExperimentConfig): string {
  const preset = presetOf(config);
  if (preset) return preset.title;
  const near = PRESETS.filter((one) => one.config.task.kind === config.task.kind)
    .map(({ title, config: other }) => ({ title, count: configDifferences([other, config]).length, other }))
    .sort((a, b) => a.count - b.count)[0];
  if (near && near.count <= MOST_DIFFERENCES) return nameApart(near.title, config, near.other);
  const [first, second, ...others] = config.arms.map(armName);
  const arms = [first, second].filter((name) => name !== undefined).join(', ');
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return foreign(`${TASKS[config.task.kind].title}: ${arms}${more}`, MOST_LETTERS);
}

/** The name with what sets a config apart from its namesake: "Bandit race (β = 0.3)"; as it is where that is too much, or nothing. */
export function nameApart(name: string, config: ExperimentConfig, namesake: ExperimentConfig): string {
  const found = configDifferences([namesake, config]);
  if (found.length === 0 || found.length > MOST_DIFFERENCES) return name;
  const parts = found.map(({ path, label, values }) => (path === 'arms' ? values[1] : `${label} = ${values[1]}`));
  return foreign(`${name} (${parts.join(', ')})`, MOST_LETTERS);
}

/** `name`, or with the first number behind it that no other has. */
export function uniqueName(name: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name} ${i}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
