import { readFileSync } from 'node:fs';

/** The golden file of llama2.c (tests/golden/make_llama.py) as its own program has it: weights, and a `tokenizer.bin` beside them. */
export function llama2cFiles(): { whole: Uint8Array; weights: Uint8Array; tokenizer: Uint8Array } {
  const whole = new Uint8Array(readFileSync('tests/golden/llama/llama2c.bin'));
  const view = new DataView(whole.buffer);
  const [width, hidden, layers, heads, , vocabulary, context] = Array.from({ length: 7 }, (_, i) =>
    view.getInt32(4 * i, true),
  ) as [number, number, number, number, number, number, number];
  const layer = 2 * width + 4 * width * width + 3 * width * hidden;
  // Behind the weights lie tables of cosines and sines.
  const numbers = vocabulary * width + layers * layer + width + (context * width) / heads;
  const end = 28 + 4 * numbers;
  return { whole, weights: whole.slice(0, end), tokenizer: whole.slice(end) };
}
