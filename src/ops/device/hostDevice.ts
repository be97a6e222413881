/** A matrix product over plain arrays, all row-major. */
export interface Product {
  readonly a: Float32Array; // [rows, inner], or [inner, rows] where transposed
  readonly b: Float32Array; // [inner, columns], or [columns, inner] where transposed
  readonly out: Float32Array; // [rows, columns]
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** What the host's loops may ask of the backend that runs them. */
export interface HostDevice {
  /**
   * out = a·b. Parts of an input named `weights` may be kept in packed form as `b`, until a kernel writes to that
   * tensor or it is disposed.
   */
  readonly product: (product: Product) => void;
  /** Memory for this launch alone, as much as the kernel's `scratch` asked for; holds anything. */
  readonly scratch: Float32Array;
}
