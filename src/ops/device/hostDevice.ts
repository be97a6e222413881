import type { Routines } from '../routines/routines';

/** What a kernel's form for the host has at hand. */
export interface HostDevice {
  readonly routines: Routines;
  /** Memory for this launch alone, as much as the kernel's `scratch` asked for; holds anything. */
  readonly scratch: Float32Array;
}
