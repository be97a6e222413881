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
}

/** A failure of the GPU, whatever of it failed, with the way on without one; all else as it is. */
export function withoutGpu(error: unknown, { save, saved, again }: Standing): unknown {
  if (!(error instanceof GpuLost || error instanceof WrongNumbers)) return error;
  const way =
    save !== undefined && saved
      ? `npm run lab -- ${quoted(['resume', save, '--backend', 'wasm', ...again])} goes on without it.`
      : `Nothing of the run is saved${save === undefined ? '; with --save it could be gone on with' : ' yet'}. The same command with --backend wasm begins it again without the GPU.`;
  return new Error(`${sentence(error)} ${way}`, { cause: error });
}
