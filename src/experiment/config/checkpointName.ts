import type { ExperimentConfig } from './schema';
import type { OracleConfig } from './oracles';
import { slug } from '../documents/slug';

const IMPORTED = /^[a-z0-9-]+-([0-9a-f]{8})$/;
const LONGEST = 31;

/** What a checkpoint is called that a page has imported: its file's name, and a hash of its bytes. */
export function importedName(file: string, hash: string): string {
  const stem = slug(file.replace(/[.](safetensors|bin|data)$/i, '')).replace(new RegExp(`-${hash}$`), '');
  return `${stem.slice(0, LONGEST).replace(/-$/, '') || 'checkpoint'}-${hash}`;
}

/** The hash in an imported checkpoint's name; null for other names. The bytes count, not what their file was called. */
export const hashIn = (name: string): string | null => IMPORTED.exec(name)?.[1] ?? null;

/** The checkpoints that a config names. */
export function checkpointNames({ task, start }: ExperimentConfig): string[] {
  return [
    ...('checkpoint' in task ? [task.checkpoint] : []),
    ...(start.kind === 'checkpoint' ? [start.checkpoint] : []),
    ...rewardModels(task).map(({ model }) => model),
  ];
}

/** The reward models among a task's oracles, and where the config names them. */
export function rewardModels(task: ExperimentConfig['task']): { readonly path: string; readonly model: string }[] {
  if (task.kind !== 'text') return [];
  const of = (field: string, oracles: readonly OracleConfig[]) =>
    oracles.flatMap((row, i) => (row.of === 'learnt' ? [{ path: `${field}.${i}.model`, model: row.model }] : []));
  return [...of('task.oracles', task.oracles), ...of('task.truth', task.truth ?? [])];
}
