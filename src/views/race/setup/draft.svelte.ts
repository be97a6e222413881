import { TASKS, type TaskKind, type TaskRow } from '../../../experiment/config/tasks';
import { armName } from '../../../experiment/config/names';
import type { Parsed, Problem } from '../../../experiment/reading';
import { SAMPLERS, type SamplerName } from '../../../experiment/samplers/table';
import { parseConfig } from '../../../experiment/config/config';
import { SHIPPED_REWARD_MODEL, type OracleConfig, type OracleName } from '../../../experiment/config/oracles';
import { fieldAt, FIELDS, type FieldName } from '../../../experiment/config/fields';
import { type ArmConfig, type ExperimentConfig, type LossConfig } from '../../../experiment/config/schema';

/** A number, or what was typed where it is none; '' where the field is left to its default. */
export type Entry = number | string;

export interface DraftComponent {
  weight: Entry;
  first: Entry;
  second: Entry;
}

/** A row of the sum that is the oracle of plain text; `word` and `words` count where the row takes them. */
export interface DraftOracle {
  of: OracleName;
  weight: Entry;
  word: string;
  words: Entry;
  /** A reward model's checkpoint. */
  model: string;
}

export interface DraftArm {
  readonly key: number;
  readonly sampler: SamplerName;
  enabled: boolean;
  name: string;
  alpha: Entry;
  temperature: Entry;
  n: Entry;
  weighted: boolean;
  /** Whether α falls to 0. */
  fades: boolean;
  mixture: DraftComponent[];
  /** What this arm has instead of the experiment's; '' and null where it has nothing of its own. */
  beta: Entry;
  learningRate: Entry;
  loss: LossConfig | null;
}

/** The config's numbers that the page lets people set, apart from the arms'. */
export type SettingName = Exclude<
  FieldName,
  'alpha' | 'temperature' | 'n' | 'weight' | 'coefficient' | 'tableEntry' | 'oracleWeight' | 'oracleWords'
>;

/** Numbers that may be absent; what that means, in a word or two. */
export const OPTIONAL: Partial<Record<SettingName, string>> = { startLearningRate: 'as the race', clip: 'none' };

/** What the schema fills in where an arm says nothing. */
const DEFAULTS = { temperature: 1, n: 8, weighted: false };

/** Parts that are chosen whole, because what is in them depends on a choice. */
type Parts = Pick<ExperimentConfig, 'loss' | 'labeller' | 'start' | 'rounds'>;

/**
 * The experiment as somebody is typing it. Nothing here touches what runs: Run takes the checked config.
 */
export class Draft {
  /** What it came with where it was made of no preset, for a sentence. */
  source = $state('');
  /** The preset that it was made of; null where it came with a link or a run that went on. */
  presetId = $state<string | null>(null);
  /** How often settings were loaded: what was asked for in some is not for the next. */
  loads = 0;
  /** What was loaded says about everything that has no control. */
  #base = $state.raw<ExperimentConfig | null>(null);
  #settings = $state<Partial<Record<SettingName, Entry>>>({});
  /** Parts of the config that were chosen whole. */
  #parts = $state.raw<Partial<Parts>>({});
  /** Interpolation strength of every arm that has none of its own; '' is each arm's β. */
  alpha = $state<Entry>('');
  schedule = $state<'constant' | 'linear'>('constant');
  tables = $state<'per-seed' | 'shared'>('per-seed');
  oracle = $state<'bounded' | 'sum'>('bounded');
  oracles = $state<DraftOracle[]>([]);
  /** The checkpoint that writes plain text. */
  model = $state('');
  arms = $state<DraftArm[]>([]);
  #nextKey = 0;

  readonly task: TaskKind = $derived(this.#base?.task.kind ?? 'bandit');
  readonly taskRow: TaskRow = $derived(TASKS[this.task]);
  readonly checked: Parsed<ExperimentConfig> = $derived.by(() => parseConfig(this.#candidate()));

  constructor(config: ExperimentConfig, presetId: string | null = null) {
    this.load(config, presetId);
  }

  /** Until something is changed, the checked config is this one. */
  load(config: ExperimentConfig, presetId: string | null = null, source = 'a link'): void {
    this.loads++;
    this.presetId = presetId;
    this.source = source;
    this.#base = config;
    this.#settings = {};
    this.#parts = {};
    this.alpha = '';
    this.schedule = config.schedule.learningRate;
    this.tables = config.task.kind === 'bandit' ? config.task.tables : 'per-seed';
    this.oracle = 'oracle' in config.task ? config.task.oracle : 'bounded';
    this.model = config.task.kind === 'text' ? config.task.checkpoint : '';
    this.oracles = config.task.kind === 'text' ? config.task.oracles.map(draftOracle) : [];
    this.arms = config.arms.map((arm) => this.#draftArm(arm));
  }

  setting(name: SettingName): Entry {
    const typed = this.#settings[name];
    if (typed !== undefined) return typed;
    const value = valueAt({ ...this.#base, ...this.#parts }, FIELDS[name].path);
    return typeof value === 'number' ? value : '';
  }

  /** Whether explicit tables, which have no control, leave this number without effect. */
  settled(name: SettingName): boolean {
    const task = this.#base?.task;
    if (task?.kind !== 'bandit') return false;
    const logits = task.referenceLogits !== undefined;
    const rewards = task.rewards !== undefined;
    if (name === 'prompts' || name === 'responses') return logits || rewards;
    if (name === 'referenceScale') return logits;
    if (name === 'rewardScale') return rewards;
    return name === 'taskSeed' && logits && rewards;
  }

  set(name: SettingName, value: Entry): void {
    this.#settings[name] = value;
  }

  /** Takes an arm's own value away, of every arm, so that the race's holds for all. */
  share(name: 'beta' | 'learningRate'): void {
    for (const arm of this.arms) arm[name] = '';
  }

  part<Name extends keyof Parts>(name: Name): Parts[Name] {
    return { ...this.#base!, ...this.#parts }[name];
  }

  /** Chooses a part; numbers that were typed in the one before it are forgotten. */
  choose<Name extends keyof Parts>(name: Name, value: Parts[Name]): void {
    this.amend(name, value);
    for (const setting of Object.keys(this.#settings) as SettingName[]) {
      if (FIELDS[setting].path.startsWith(`${name}.`)) this.#settings[setting] = undefined;
    }
  }

  /** Changes what is in a part; the numbers that were typed in it stay. */
  amend<Name extends keyof Parts>(name: Name, value: Parts[Name]): void {
    this.#parts = { ...this.#parts, [name]: value };
  }

  /** Adds an arm that takes its settings from the defaults; returns its key. */
  add(sampler: SamplerName): number {
    const mixture: ArmConfig['mixture'] = [
      { weight: 0.5, first: 0, second: 0 },
      { weight: 0.5, first: 1, second: -1 },
    ];
    const arm = this.#draftArm({
      sampler,
      ...DEFAULTS,
      ...(SAMPLERS[sampler].takesMixture ? { mixture } : {}),
    });
    this.arms.push(arm);
    return arm.key;
  }

  remove(key: number): void {
    this.arms = this.arms.filter((arm) => arm.key !== key);
  }

  /** What is wrong at a config path, in the words of the command line; null when nothing is. */
  problemAt(path: string): string | null {
    if (this.checked.ok) return null;
    return this.checked.problems.find((problem) => problem.path === path)?.message ?? null;
  }

  /** The config path of an arm's key, as the problems name it; null while the arm does not race. */
  armPath(arm: DraftArm, key: string): string | null {
    const index = this.arms.filter((other) => other.enabled).indexOf(arm);
    return index < 0 ? null : `arms.${index}.${key}`;
  }

  /** A problem with its field as the page calls it: an arm by its name, a number by its label. */
  inWords({ path, message }: Problem): string {
    const [, index, key] = /^arms\.(\d+)\.(.+)$/.exec(path) ?? [];
    const arm = this.arms.filter((other) => other.enabled)[Number(index)];
    if (arm && key !== undefined) return `${this.nameOf(arm)}, ${fieldAt(path)?.label ?? key}: ${message}`;
    return `${fieldAt(path)?.label ?? path}: ${message}`;
  }

  armProblem(arm: DraftArm, key: string): string | null {
    const path = this.armPath(arm, key);
    return path === null ? null : this.problemAt(path);
  }

  /** The arm as it would race, for its name and its price; unreadable numbers fall back to the defaults. */
  preview(arm: DraftArm): ArmConfig {
    return this.#armOf(arm, true) as ArmConfig;
  }

  nameOf(arm: DraftArm): string {
    return armName(this.preview(arm));
  }

  #alphaOf(arm: DraftArm): Entry {
    if (!SAMPLERS[arm.sampler].takesAlpha) return '';
    return arm.alpha === '' ? this.alpha : arm.alpha;
  }

  #draftArm(arm: ArmConfig): DraftArm {
    const { name = '', alpha = '', mixture = [], sampler, temperature, n, weighted } = arm;
    const { beta = '', learningRate = '', loss = null, alphaSchedule } = arm;
    return {
      key: this.#nextKey++,
      enabled: true,
      name,
      alpha,
      sampler,
      temperature,
      n,
      weighted,
      fades: alphaSchedule !== undefined,
      mixture: mixture.map((component) => ({ ...component })),
      beta,
      learningRate,
      loss,
    };
  }

  /** The whole config as typed: untrusted, to be checked by `parseConfig`. */
  #candidate(): unknown {
    const candidate: Tree = structuredClone({ ...this.#base, ...this.#parts });
    for (const [name, value] of Object.entries(this.#settings)) {
      if (value === undefined) continue;
      const absent = value === '' && name in OPTIONAL;
      setValueAt(candidate, FIELDS[name as SettingName].path, absent ? undefined : value);
    }
    setValueAt(candidate, 'schedule.learningRate', this.schedule);
    if (this.task === 'bandit') setValueAt(candidate, 'task.tables', this.tables);
    if (this.taskRow.sums) setValueAt(candidate, 'task.oracle', this.oracle);
    if (this.task === 'text') {
      setValueAt(candidate, 'task.oracles', this.oracles.map(oracleOf));
      setValueAt(candidate, 'task.checkpoint', this.model);
    }
    candidate['arms'] = this.arms.filter((arm) => arm.enabled).map((arm) => this.#armOf(arm, false));
    return candidate;
  }

  /** @param readable whether only numbers that can be read are taken; else all is as typed */
  #armOf(arm: DraftArm, readable: boolean): Tree {
    const typed = (entry: Entry, fallback: Entry): Entry => (readable && typeof entry !== 'number' ? fallback : entry);
    const coefficient = (entry: Entry): Entry => (entry === 'uniform' ? entry : typed(entry, 0));
    const own = (key: string, entry: Entry): Tree => (typed(entry, '') === '' ? {} : { [key]: entry });
    const mixture = arm.mixture.map(({ weight, first, second }) => ({
      weight: typed(weight, 0),
      first: coefficient(first),
      second: coefficient(second),
    }));
    return {
      sampler: arm.sampler,
      temperature: typed(arm.temperature, DEFAULTS.temperature),
      n: typed(arm.n, DEFAULTS.n),
      weighted: arm.weighted,
      ...(arm.name === '' ? {} : { name: arm.name }),
      ...own('alpha', this.#alphaOf(arm)),
      ...(arm.fades ? { alphaSchedule: 'linear' } : {}),
      ...(SAMPLERS[arm.sampler].takesMixture ? { mixture } : {}),
      ...own('beta', arm.beta),
      ...own('learningRate', arm.learningRate),
      ...(arm.loss === null ? {} : { loss: arm.loss }),
    };
  }
}

export const draftOracle = (oracle: OracleConfig): DraftOracle => ({
  of: oracle.of,
  weight: oracle.weight,
  word: oracle.of === 'word' ? oracle.word : 'friend',
  words: oracle.of === 'length' ? oracle.words : 30,
  model: oracle.of === 'learnt' ? oracle.model : SHIPPED_REWARD_MODEL,
});

function oracleOf({ of, weight, word, words, model }: DraftOracle): Tree {
  const own: Partial<Record<OracleName, Tree>> = { word: { word }, length: { words }, learnt: { model } };
  return { of, weight, ...own[of] };
}

/** Reads what was typed: a number where it is one, else the text itself, which the check will then name. */
export function entryOf(text: string): Entry {
  const trimmed = text.trim().replace('−', '-');
  const value = Number(trimmed);
  return trimmed !== '' && Number.isFinite(value) ? value : trimmed;
}

type Tree = Record<string, unknown>;

function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (node as Tree | null)?.[key], tree);
}

function setValueAt(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<Tree>((node, key) => node[key] as Tree, tree);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}
