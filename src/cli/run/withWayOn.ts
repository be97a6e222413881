import { WrongNumbers } from '../../training/wrongNumbers';
import { sentence, UsageError } from '../errors';
import { quoted } from '../arguments';
import { GpuLost } from '../nodeRuntime';

/** Where a race stood when something failed. */
export interface Standing {
  /** The file of its state; undefined where none is saved. */
  readonly save: string | undefined;
  /** Whether there is a state in it. */
  readonly saved: boolean;
  /** The options that `lab resume` is to have, but for the backend. */
  readonly again: readonly string[];
  /** Writes the last state where nobody has asked for it, and returns the file; null where there is none. */
  readonly rescue: () => string | null;
}

/** A failure with the way on, where there is one: of the GPU, whatever of it failed, the way without one. */
export function withWayOn(error: unknown, { save, saved, again, rescue }: Standing): unknown {
  const resume = (...args: readonly string[]) => `npm run lab -- ${quoted(['resume', ...args, ...again])}`;
  const isGpu = error instanceof GpuLost || error instanceof WrongNumbers;
  if (error instanceof UsageError) return error;
  const state = saved ? (save ?? null) : rescue();
  if (!isGpu) {
    const way = state !== null ? ` ${resume(state)} goes on from what was saved.` : '';
    return new Error(`${sentence(error)}${way}`, { cause: error });
  }
  const way =
    state !== null
      ? `${resume(state, '--backend', 'wasm')} goes on without it.`
      : `Nothing of the run is saved${save === undefined ? '; with --save it could be gone on with' : ' yet'}. The same command with --backend wasm begins it again without the GPU.`;
  return new Error(`${sentence(error)} ${way}`, { cause: error });
}
