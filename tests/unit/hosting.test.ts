import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HEADERS } from '../../scripts/policy.mjs';

const page = readFileSync('docs/hosting.md', 'utf8');
const blockOf = (language: string): string => new RegExp(`\`\`\`${language}\n([^]+?)\`\`\``).exec(page)![1]!;

describe.each([
  ['nginx', (name: string, value: string) => `add_header ${name} "${value}" always;`],
  ['caddy', (name: string, value: string) => `${name} "${value}"`],
])('the lines for %s in docs/hosting.md', (language, lineOf) => {
  it.each(Object.entries(HEADERS))('have %s', (name, value) => {
    expect(
      blockOf(language)
        .split('\n')
        .map((line) => line.trim()),
    ).toContain(lineOf(name, value));
  });
});
