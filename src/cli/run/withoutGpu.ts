import { WrongNumbers } from '../../training/checkDevice';
import { sentence } from '../errors';
import { quoted } from '../arguments';
import { GpuLost } from '../nodeRuntime';

/** Where a race stood when its GPU failed. */
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

/** A failure of the GPU, whatever of it failed, with the way on without one; all else as it is. */
export function withoutGpu(error: unknown, { save, saved, again, rescue }: Standing): unknown {
  if (!(error instanceof GpuLost || error instanceof WrongNumbers)) return error;
  const state = saved ? (save ?? null) : rescue();
  const way =
    state !== null
      ? `npm run lab -- ${quoted(['resume', state, '--backend', 'wasm', ...again])} goes on without it.`
      : `Nothing of the run is saved${save === undefined ? '; with --save it could be gone on with' : ' yet'}. The same command with --backend wasm begins it again without the GPU.`;
  return new Error(`${sentence(error)} ${way}`, { cause: error });
}
