import type { Evaluation } from './metrics';
import type { ExperimentConfig } from '../config/schema';

/** The results document, written by the runner and by the page alike. */
export const RESULTS_FORMAT = 'pilaf-lab/results';
export const RESULTS_VERSION = 1;

/**
 * From fastest to the one that runs everywhere. `wasm-relaxed` multiplies and adds in one instruction where the processor
 * can, so that its results differ between machines.
 */
export const BACKEND_NAMES = ['webgpu', 'wasm-relaxed', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** And PyTorch, on which `scale/` runs experiments. */
export const ENGINE_NAMES = [...BACKEND_NAMES, 'torch'] as const;

/** What truly ran, as it reports itself. */
export interface EngineInfo {
  readonly name: (typeof ENGINE_NAMES)[number];
  /** GPU adapter in the driver's words; null where there is none. */
  readonly adapter: string | null;
}

/** The same where it ran here, as the backend and its adapter report it. */
export interface BackendInfo extends EngineInfo {
  readonly name: BackendName;
}

/** What an experiment ran on before it went on elsewhere. */
export interface EarlierBackend {
  /** Its last step there. */
  readonly until: number;
  readonly backend: EngineInfo;
}

/** "webgpu (NVIDIA H200)" */
export const backendText = ({ name, adapter }: EngineInfo): string =>
  adapter === null ? name : `${name} (${adapter})`;

export const isSameBackend = (a: EngineInfo, b: EngineInfo): boolean => a.name === b.name && a.adapter === b.adapter;

/** Whether WebAssembly runs, in either form: both have its memory. */
export const isWasm = (name: EngineInfo['name']): boolean => name === 'wasm' || name === 'wasm-relaxed';

export type RunStatus = 'running' | 'complete' | 'stopped' | 'diverged';

/** A point of the reward–KL plane. `kl` in nats per completion; `objective` = reward − β·kl. */
export interface PlanePoint {
  readonly reward: number;
  readonly kl: number;
  readonly objective: number;
  /** How far a point that was estimated by sampling can be trusted; absent where it is exact. */
  readonly estimate?: Estimate;
}

export interface Estimate {
  /** Standard errors. */
  readonly errors: { readonly reward: number; readonly kl: number; readonly objective: number };
  /** Effective sample size, the smallest and the median over the prompts. */
  readonly effective: { readonly minimum: number; readonly median: number };
}

/** Effective samples that every prompt needs: each one's E[exp(r/β)] is then known to about 10%. */
export const ENOUGH_EFFECTIVE = 100;

/** Whether a point is exact, or estimated well enough to compare with. */
export const isReliable = ({ estimate }: PlanePoint): boolean =>
  estimate === undefined || estimate.effective.minimum >= ENOUGH_EFFECTIVE;

/** How well a policy fits labelled pairs: mean loss, and the share that its implicit reward ranks as labelled. */
export interface OfflineFit {
  readonly loss: number;
  readonly accuracy: number;
}

/** An offline start's fit to the pairs that it trained on, and to fresh ones of the same kind: how far it overfitted. */
export interface StartFit {
  readonly trained: OfflineFit;
  readonly fresh: OfflineFit;
}

export interface RunResult {
  readonly arm: string;
  readonly seed: number;
  readonly status: RunStatus;
  /** Fingerprint of the run's numbers: same config, seed and backend give the same hash. */
  readonly hash: string;
  /** This run's own optimum, exact or estimated; null where unknown. */
  readonly optimum: PlanePoint | null;
  /** Where the race began after offline training. */
  readonly start?: StartFit;
  readonly evaluations: readonly Evaluation[];
}

export interface Timing {
  /** Wall-clock seconds from start to end, pauses excluded. */
  readonly seconds: number;
  readonly pairsPerSecond: number;
}

export interface Results {
  readonly format: typeof RESULTS_FORMAT;
  readonly version: typeof RESULTS_VERSION;
  readonly config: ExperimentConfig;
  /** Its last, where it ran on several. */
  readonly backend: EngineInfo;
  /** Those before it; absent where there were none. The hashes are then not those of an unbroken run. */
  readonly earlier?: readonly EarlierBackend[];
  /** Mean over the runs' optima at the experiment's β; null where unknown. */
  readonly optimum: PlanePoint | null;
  /** The best reward at each KL, by growing KL; null where unknown. */
  readonly frontier: readonly PlanePoint[] | null;
  /** Why an optimum that was estimated is not used; absent where nothing is amiss. */
  readonly optimumNote?: string;
  readonly runs: readonly RunResult[];
  readonly timing: Timing;
}
