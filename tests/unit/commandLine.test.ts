import { execFileSync } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';
import { changesBetween, commandLine, quoted } from '../../src/experiment/config/commandLine';
import { parseConfig } from '../../src/experiment/config/config';
import { findPreset } from '../../src/experiment/presets/presets';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import { setPath } from '../../src/experiment/config/setPath';
import { FIELD_CASES } from '../support/everyField';

const bandit = findPreset('bandit-race')!.config;
const reviews = findPreset('large-step')!.config;
const tuned = findPreset('online-dpo')!.config;
const LINK = `#v1.${'A'.repeat(500)}`;

/** As the runner takes `--set`. */
function applied(config: ExperimentConfig, changes: readonly string[]): unknown {
  const changed = changes.reduce<unknown>((input, change) => {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(change)!;
    return setPath(input, path!, jsonOrText(text!));
  }, config);
  return parseConfig(changed);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

test.each(FIELD_CASES)('--set makes any config of any preset: $path', ({ configs }) => {
  for (const config of configs) {
    for (const preset of [bandit, reviews]) {
      const changes = changesBetween(preset, config);
      expect(applied(preset, changes ?? [])).toEqual({ ok: true, value: config });
    }
  }
});

test('what is said of a tuning cannot be taken away', () => {
  expect(changesBetween(tuned, reviews)).toBeNull();
});

describe('the line', () => {
  const RUN = 'npm run lab -- run';
  const lineOf = (config: unknown) => {
    const parsed = parseConfig(config);
    if (!parsed.ok) throw new Error('not a config');
    return commandLine(parsed.value, LINK);
  };

  it('names a preset and what differs from it', () => {
    expect(lineOf(bandit)).toBe(`${RUN} bandit-race`);
    expect(lineOf({ ...reviews, seeds: 7 })).toBe(`${RUN} large-step --set seeds=7`);
    expect(lineOf({ ...tuned, seeds: 7 })).toBe(`${RUN} online-dpo --set seeds=7`);
    expect(lineOf(setPath(setPath(bandit, 'arms.1.alpha', 0.5), 'schedule.steps', 100))).toBe(
      `${RUN} bandit-race --set arms.1.alpha=0.5 --set schedule.steps=100`,
    );
    expect(lineOf(setPath(bandit, 'arms.0.name', "it's"))).toBe(`${RUN} bandit-race --set 'arms.0.name=it'\\''s'`);
    expect(lineOf(setPath(bandit, 'arms.0.name', '1'))).toBe(`${RUN} bandit-race --set 'arms.0.name="1"'`);
  });

  it('takes the link where that is shorter', () => {
    const rows = Array.from({ length: 20 }, (_, i) => [0.125 * i, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lineOf(setPath(bandit, 'task.rewards', rows))).toBe(`${RUN} '${LINK}'`);
  });
});

it('quotes what a shell would read otherwise', () => {
  const words = ["it's", '$HOME', '`id`', '$(id)', '"x"', 'a b', '#v1.x', '*', '~', '\\', '!!', 'a;b', 'β', '-x', ''];
  const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${words.map(quoted).join(' ')}`], { encoding: 'utf8' });
  expect(printed.split('\n').slice(0, -1)).toEqual(words);
});
