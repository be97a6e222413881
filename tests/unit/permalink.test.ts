import { problemText, type Parsed } from '../../src/experiment/reading';
import { describe, expect, it, test } from 'vitest';
import { compression as node } from '../../src/cli/compression';
import { fromBase64url, toBase64url } from '../../src/experiment/config/base64url';
import { parseConfig } from '../../src/experiment/config/config';
import { MAXIMUM_LINK, parsePermalink, permalinkOf, type Compression } from '../../src/experiment/config/permalink';
import { PRESETS } from '../../src/experiment/presets/presets';
import { setPath } from '../../src/experiment/config/setPath';
import { uniformInteger } from '../../src/math/random';
import { compression as browser } from '../../src/views/browser/compression';
import { FIELD_CASES } from '../support/everyField';

/** The runner's and the page's. */
const COMPRESSIONS: [string, Compression][] = [
  ['Node', node],
  ['the browser', browser],
];
const config = PRESETS[0]!.config;
const link = await permalinkOf(config, node);

/** A link to any text, as a mischievous hand would make it. */
const linkTo = async (text: string) => `#v1.${toBase64url(await node.deflate(text))}`;

/** The whole sentence, which must be a short one in a single line. */
function problemOf(parsed: Parsed<unknown>): string {
  expect(parsed.ok).toBe(false);
  const text = parsed.ok ? '' : problemText(parsed.problems);
  expect(text).toMatch(/^[^\n]{10,300}$/);
  return text;
}

describe.each(COMPRESSIONS)('with the zlib of %s', (_, compression) => {
  test.each(FIELD_CASES)('a link keeps $path', async ({ configs, needed }) => {
    expect(configs.length, 'values that some config allows').toBeGreaterThanOrEqual(needed);
    for (const config of configs) {
      expect(await parsePermalink(await permalinkOf(config, compression), compression)).toEqual({
        ok: true,
        value: config,
      });
    }
  });

  it('opens what the other one made', async () => {
    for (const [, other] of COMPRESSIONS) {
      expect(await parsePermalink(await permalinkOf(config, other), compression)).toEqual({ ok: true, value: config });
    }
  });

  it('notices damage wherever it is', async () => {
    const at = (step: number) => ({ seed: 7, stream: 0, step, row: 0, token: 0 });
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ +/=.%\u0000é🙂';
    for (let i = 0; i < 300; i++) {
      const place = uniformInteger(at(i), link.length, 0);
      const letter = [...letters][uniformInteger(at(i), [...letters].length, 1)]!;
      const damaged = [
        link.slice(0, place),
        `${link.slice(0, place)}${letter}${link.slice(place)}`,
        `${link.slice(0, place)}${letter}${link.slice(place + 1)}`,
        link.slice(0, place) + link.slice(place + 1),
        `${link.slice(0, place)}${link.slice(place, place + 3)}${link.slice(place)}`,
      ][i % 5]!;
      if (damaged !== link) problemOf(await parsePermalink(damaged, compression));
    }
  });

  it('notices every flipped bit', async () => {
    const bytes = fromBase64url(link.slice(4))!;
    for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      problemOf(await parsePermalink(`#v1.${toBase64url(flipped)}`, compression));
    }
  });

  it('does not unpack a bomb', async () => {
    const bomb = await linkTo(' '.repeat(50_000_000));
    expect(bomb.length).toBeLessThan(MAXIMUM_LINK);
    expect(problemOf(await parsePermalink(bomb, compression))).toContain('1000000 bytes');
  });
});

describe('what a link may hold', () => {
  const parse = (text: string) => parsePermalink(text, node);
  const holding = async (text: string) => problemOf(await parse(await linkTo(text)));

  it.each([
    ['#v1.', 'damaged'],
    ['#v1', 'does not begin with #v1.'],
    ['#w1.AAAA', 'does not begin with #v1.'],
    ['v1.AAAA', 'does not begin with #v1.'],
    ['#v0.AAAA', 'damaged'],
    ['#v2.AAAA', 'version 2, which is newer than this program; it reads up to 1'],
    ['#v999999999.AAAA', 'version 999999999'],
    [`#v1.${'A'.repeat(MAXIMUM_LINK)}`, `at most ${MAXIMUM_LINK}`],
  ])('%.20s is refused', async (text, words) => {
    expect(problemOf(await parse(text))).toContain(words);
  });

  it('is checked like a file', async () => {
    const changed = (path: string, value: unknown) => holding(JSON.stringify(setPath(config, path, value)));
    expect(await changed('beta', 0)).toBe('beta: 0 is not allowed; give a number from 0.001 to 100');
    expect(await changed('seeds', '4')).toContain('seeds: "4"');
    expect(await changed('arms.0.sampler', 'pilav')).toContain('arms.0.sampler: "pilav"');
    expect(await changed('arms.1.sampler', 'vanilla')).toContain('names must differ');
    expect(await changed('surprise', 1)).toContain('surprise: unknown field');
    expect(await changed('schedule.surprise', 1)).toContain('schedule.surprise: unknown field');
    expect(await changed('schedule', null)).toContain('schedule: null');
    expect(await changed('x'.repeat(10_000), 1)).toContain('unknown field');
    expect(await changed('arms.0.name', 'a\u0000b')).toContain('control characters');
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const json = JSON.stringify(config).replace('{', `{"${key}": {"beta": 2}, `);
      expect(await holding(json)).toContain(`${key}: unknown field`);
    }
    expect(({} as { beta?: number }).beta).toBeUndefined();
  });

  it.each(['', 'null', '7', '"beta"', '[]', '{}', '{"beta": NaN}', '{"task":', 'undefined', '\ufeff{}', '\u0000'])(
    'is refused where it is %j',
    async (text) => {
      await holding(text);
    },
  );

  it('may be nested as deep as it likes, and as long', async () => {
    const deep = '['.repeat(400_000) + ']'.repeat(400_000);
    await holding(deep);
    await holding(JSON.stringify(config).replace('"beta":1', `"beta":${deep}`));
    await holding(JSON.stringify({ ...config, arms: [] }).replace('"arms":[]', `"arms":[${'1,'.repeat(400_000)}1]`));
  });

  it('survives values of every kind anywhere', async () => {
    const values = [null, true, -1, 1e308, 0.5, '', 'x', [], [[]], {}, { kind: 'bandit' }];
    for (const path of FIELD_CASES.map((field) => field.path)) {
      for (const value of values) {
        let changed: unknown;
        try {
          changed = setPath(config, path, value);
        } catch {
          continue; // Below null: there is no such config.
        }
        const parsed = await parse(await linkTo(JSON.stringify(changed)));
        expect(parsed).toEqual(parseConfig(changed));
        if (!parsed.ok) problemOf(parsed);
      }
    }
  });
});

it('refuses to make a link that is too long', async () => {
  const rows = Array.from({ length: 256 }, (_, i) => Array.from({ length: 256 }, (_, j) => Math.sin(i * 256 + j)));
  const task = { kind: 'bandit', rewards: rows } as const;
  const large = parseConfig({ ...config, task });
  if (!large.ok) throw new Error(problemText(large.problems));
  await expect(permalinkOf(large.value, node)).rejects.toThrow('too large for a link');
});

it('opens the links of the first version for good', async () => {
  const stored =
    '#v1.eJyNksFu2zAQRP9lzttAcuMg5rn3AO2x6GFDrWzCFClwVwoCQf9ekDESo6feiMWQ82aWG4z1CrfhGtIAhyJrkDcFwV_EX-cckt2NdwKXSeF-b1Ce5igFDiunECODYDLNUtiWInA9IcE9E94knC8mA9zIUYUQs-qd6TBnEHTK2S4hneG6h37f_xBUZFC474QxFLVfUt_oCK9i3FSEKFxSSOefbFJHXdf_x_s7IfKrxMa_oQgPLcnMSSIIZYlSL4pJmUIKasGDMMYwN5PjTlDjYncueRxjSALCzKEo3NMjQebsLzXCTih5SUPjugmO_eFLcSCw98u0xJbEyiKEIir2MluYglbAj-mU15pYRimSvNxqrUj-IkND36Ams8L1h677JOqf_i0MPic1TlZXm7-MttZxX8OePvo-tPPpVIk1xJzgevn2ud0f4vm9Lce3ktIS406QlePCFqp8g6xS3uGOHd1-TwN83ve_oXHVDg';
  expect(await parsePermalink(stored, node)).toMatchObject({
    ok: true,
    value: {
      task: { kind: 'reviews', checkpoint: 'reviews' },
      arms: [{ sampler: 'vanilla', temperature: 1, n: 8, weighted: false, loss: { kind: 'dpo', smoothing: 0.1 } }],
      seeds: 3,
      firstSeed: 0,
      beta: 0.1,
      learningRate: 0.001,
      loss: { kind: 'dpo', smoothing: 0 },
      labeller: { reader: 'panel', rule: 'deterministic', flip: 0.05 },
      start: { kind: 'offline', pairs: 64, epochs: 3 },
      rounds: { pairs: 512, epochs: 2, accumulate: true, resetOptimiser: true, movingReference: false },
      schedule: { steps: 1200, pairs: 16, learningRate: 'constant' },
      optimiser: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clip: null },
      evaluation: { every: 50, samples: 128 },
    },
  });
});
