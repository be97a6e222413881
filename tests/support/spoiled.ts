import fc from 'fast-check';

/** Words that only a mistake of ours would say. */
export const JAVASCRIPT =
  /undefined is not|is not iterable|Cannot (read|destructure|convert)|is not a function|\[object |NaN|of null/;

/** Texts that a terminal obeys, that hide, or that mean something to a program. */
const NASTY = ['\u001b[31m', '\u009b2J', '\u202e', '__proto__', 'x'.repeat(100_000), '<b>', '', '\n', '"'];

export const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(...NASTY, -1, 1e308, 2 ** 53, null, [], {}),
);

type Tree = Record<string | number, unknown>;

/** A good document with one of its places replaced by something else, dropped or renamed. */
export function spoiled(good: unknown, by = leaf): fc.Arbitrary<unknown> {
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    // Of a long list the first entries stand for all.
    const keys = Array.isArray(value) ? [...value.keys()].slice(0, 3) : Object.keys(value);
    for (const key of keys) walk((value as Tree)[key], [...path, key]);
  };
  walk(good, []);
  const change = fc.constantFrom('replace' as const, 'drop' as const, 'rename' as const);
  return fc.tuple(fc.constantFrom(...paths), change, by).map(([path, how, other]) => {
    const last = path.at(-1);
    if (last === undefined) return other;
    const copy = structuredClone(good);
    const parent = path.slice(0, -1).reduce<Tree>((at, key) => at[key] as Tree, copy as Tree);
    if (how === 'replace') parent[last] = other;
    else if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else {
      if (how === 'rename') parent[`${last}\u001b`] = parent[last];
      Reflect.deleteProperty(parent, last);
    }
    return copy;
  });
}
