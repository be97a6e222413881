import { WrongNumbers } from '../../training/checkDevice';
import { sentence } from '../errors';
import { GpuLost } from '../nodeRuntime';

/** Where a race stood when its GPU failed. */
export interface Standing {
  /** The file of its state; undefined where none is saved. */
  readonly save: string | undefined;
  /** Whether there is a state in it. */
  readonly saved: boolean;
  /** What `lab resume` needs besides, with a space before it. */
  readonly more: string;
}

/** A failure of the GPU, whatever of it failed, with the way on without one; all else as it is. */
export function withoutGpu(error: unknown, { save, saved, more }: Standing): unknown {
  if (!(error instanceof GpuLost || error instanceof WrongNumbers)) return error;
  const way =
    save !== undefined && saved
      ? `npm run lab -- resume ${save} --backend wasm${more} goes on without it.`
      : `Nothing of the run is saved${save === undefined ? '; with --save it could be gone on with' : ' yet'}. The same command with --backend wasm begins it again without the GPU.`;
  return new Error(`${sentence(error)} ${way}`, { cause: error });
}
