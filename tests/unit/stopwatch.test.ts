import { describe, expect, it } from 'vitest';
import { Stopwatch } from '../../src/run/stopwatch';

/** Stretches of so many milliseconds, with as much between them. */
function secondsOf(stretches: readonly number[]): number {
  let time = 0;
  const watch = new Stopwatch(() => time, 2);
  for (const stretch of stretches) {
    watch.start();
    time += stretch;
    watch.stop();
    time += 500;
  }
  return watch.seconds();
}

describe('the stopwatch', () => {
  it('counts what lies between starts and stops, after what was counted before', () => {
    expect(secondsOf([1000, 2000, 3000])).toBe(8);
  });

  it('counts a machine’s sleep as one more stretch', () => {
    expect(secondsOf([1000, 1000, 1000, 3_600_000, 1000])).toBe(7);
  });

  it('takes a slow start, and steps that get slower, for what they are', () => {
    expect(secondsOf([90_000, 100, 100])).toBe(92.2);
    expect(secondsOf([2000, 2000, 2000, 35_000])).toBe(43);
  });

  it('counts it so between laps too', () => {
    let time = 0;
    const watch = new Stopwatch(() => time);
    watch.start();
    for (const lap of [1000, 1000, 1000, 3_600_000, 1000]) {
      time += lap;
      watch.lap();
    }
    expect(watch.seconds()).toBe(5);
  });

  it('never runs backwards', () => {
    expect(secondsOf([1000, -5000])).toBe(3);
  });
});
