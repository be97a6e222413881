import { expect, it, vi } from 'vitest';
import { openPairsFile } from '../../src/cli/run/pairsFile';
import { appendLine } from '../../src/cli/sweep/sweepFile';
import { PRESETS } from '../../src/experiment/presets/presets';

/** Linux has a file on a disk that is always full. */
const FULL = '/dev/full';
const RUN = { run: 0, step: 1, pairs: [], weights: [], hash: '' };

it('a race goes on without the file of its pairs, and says so once', () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const file = openPairsFile(FULL, PRESETS[0]!.config, { name: 'wasm', adapter: null });
  for (let step = 0; step < 3; step++) file.onTrained([RUN]);
  expect(file.end(null)).toBe(false);
  const said = written.mock.calls.map(([text]) => text);
  written.mockRestore();
  expect(said).toEqual([
    '--pairs: /dev/full ends too early; the run goes on. ENOSPC: no space left on device, write.\n',
  ]);
});

it('a cell that cannot be kept names its file', () => {
  const head = { format: 'pilaf-lab/cells', version: 1, fingerprint: '', sweep: { base: {} } } as const;
  const message = `${FULL} cannot be written: ENOSPC: no space left on device, write.`;
  expect(() => appendLine(FULL, head as unknown as Parameters<typeof appendLine>[1])).toThrow(message);
});
