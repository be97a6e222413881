/**
 * Renders results documents, of the engine, of pytorch.py and of page.mjs, as one Markdown document.
 *
 *     node tests/bench/report.mjs engine.json pytorch.json page.json [--out docs/benchmark.md]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { engineTables } from './engineTables.mjs';
import { growthTables, splitGrowth } from './growthTable.mjs';
import { table } from './markdown.mjs';
import { mergeResults } from './mergeResults.mjs';
import { pageTables } from './pageTables.mjs';

/** @type {{ workload: { pairs: number, completionLength: number, evaluationSamples: number } }} */
const { workload } = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));

const INTRODUCTION = `# Benchmark

Medians, with the lower and upper quartile in brackets; a time without brackets was measured once, because it is long, and a dash means that there is no such number or that it would have taken too long. A training step is ${workload.pairs} pairs of completions of ${workload.completionLength} tokens for every run; an evaluation samples ${workload.evaluationSamples} completions a run and sums KL and entropy over the full vocabulary. tokens/s counts every sampled position over the sampling phase, pairs/s the labelled pairs over the training step. _fused / composed_ compares two forms of the same engine that took turns in one process. PyTorch is the same model and step in eager mode (\`tests/bench/pytorch.py\`); the number behind its name is its threads.`;

/** @param {readonly import('./results').BenchRun[]} runs */
function sources(runs) {
  const lines = runs.map(({ date, command, machine, versions }) => [
    `\`${command}\``,
    date.replace('T', ' '),
    `${machine.name}${machine.name === machine.cpu ? '' : `, ${machine.cpu}`}, ${machine.cores} cores`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ]);
  return ['## Where the numbers come from', table(['command', 'date', 'machine', 'versions'], lines, 4)].join('\n\n');
}

/** @param {import('./results').BenchResults} results */
function render({ runs, rows, page }) {
  const { grown, others } = splitGrowth(rows);
  const tables = [...engineTables(others), ...growthTables(grown), ...pageTables(page)];
  return `${[INTRODUCTION, sources(runs), ...tables].join('\n\n')}\n`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'docs/benchmark.md' } },
});
if (positionals.length === 0) {
  console.error('Name the results to render: node tests/bench/report.mjs results.json …');
  process.exit(2);
}
const results = mergeResults(positionals.map((file) => JSON.parse(readFileSync(file, 'utf8'))));
const settings = await resolveConfig(values.out, { editorconfig: false });
writeFileSync(values.out, await format(render(results), { ...settings, filepath: values.out }));
console.log(values.out);
