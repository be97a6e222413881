/**
 * FNV-1a over 32-bit words in two lanes, as 16 hexadecimal digits: a fingerprint of a run's numbers, bit by bit.
 * Not for security.
 */
export class Fingerprint {
  private low = 0x811c9dc5;
  private high = 0xcbf29ce4;
  private readonly scratch = new Float64Array(1);
  private readonly words = new Uint32Array(this.scratch.buffer);

  private word(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193);
    this.high = Math.imul(this.high ^ (value >>> 16) ^ (value << 16), 0x01000197) ^ (this.low >>> 15);
  }

  addNumber(value: number): this {
    this.scratch[0] = value;
    this.word(this.words[0]!);
    this.word(this.words[1]!);
    return this;
  }

  addFloats(values: Float32Array): this {
    // A copy: the view may not be aligned to words of its buffer's start.
    for (const value of new Uint32Array(values.slice().buffer)) this.word(value);
    return this;
  }

  addText(text: string): this {
    const codes = Uint32Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    return this.addFloats(new Float32Array(codes.buffer));
  }

  /** A last word that is not full is filled with zeros. */
  addBytes(bytes: Uint8Array): this {
    const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const whole = length >>> 2;
    for (const value of new Uint32Array(buffer, byteOffset, whole)) this.word(value);
    if (length % 4 === 0) return this;
    const rest = new Uint8Array(4);
    rest.set(bytes.subarray(4 * whole));
    this.word(new Uint32Array(rest.buffer)[0]!);
    return this;
  }

  /** The two lanes, to go on from later. */
  state(): [number, number] {
    return [this.low, this.high];
  }

  restore([low, high]: readonly [number, number]): this {
    this.low = low;
    this.high = high;
    return this;
  }

  digest(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.high) + hex(this.low);
  }
}

/** Eight hexadecimal digits of a file's bytes, whatever it is called. Not for security. */
export const contentHash = (bytes: Uint8Array): string =>
  new Fingerprint().addBytes(bytes).addNumber(bytes.length).digest().slice(0, 8);
