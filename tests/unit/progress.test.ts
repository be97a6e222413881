import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startProgress } from '../../src/cli/progress';

const { isTTY } = process.stderr;

describe('the bar on a terminal', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    process.stderr.isTTY = true;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    process.stderr.isTTY = isTTY;
  });

  const written = (act: (progress: ReturnType<typeof startProgress>) => void): string => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    act(startProgress('race', 1000));
    return write.mock.calls.map(([text]) => String(text)).join('');
  };

  it('estimates the time left from its own start', () => {
    const text = written((progress) => {
      vi.advanceTimersByTime(20_000);
      progress.update(250, '3 pairs/s');
    });
    expect(text).toContain('250/1000  3 pairs/s  60 s left');
  });

  it('takes the time left of who knows better: a race that goes on has begun before the bar', () => {
    const text = written((progress) => {
      vi.advanceTimersByTime(1000);
      progress.update(500, '', 300);
    });
    expect(text).toContain('500/1000  5 min left');
  });

  it('says none where who knows better does not know it yet', () => {
    const text = written((progress) => {
      vi.advanceTimersByTime(1000);
      progress.update(500, '3 pairs/s', null);
    });
    expect(text).toMatch(/500\/1000 {2}3 pairs\/s$/);
  });
});
