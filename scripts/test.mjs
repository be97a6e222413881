/**
 * `npm test`: what reads the sources, all at the same time; then the tests, stage by stage. Ends where something fails.
 * Prints each stage with its time and, alone on the last line, `N passed, N failed` over all tests.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';

/** @typedef {{ passed: number, failed: number }} Counts */
/** @typedef {{ name: string, script: string, args?: string[], report?: 'vitest' | 'playwright' }} Stage */

const reports = mkdtempSync(join(tmpdir(), 'pilaf-lab-test-'));
/** @param {string} name */
const reportFile = (name) => join(reports, `${name}.json`);
/** @param {string} name */
const vitest = (name) => ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile(name)}`];

/** @type {Stage[]} */
const CHECKS = [
  { name: 'format', script: 'check:format' },
  { name: 'lint', script: 'check:lint' },
  { name: 'layers', script: 'check:layers' },
  { name: 'unused', script: 'check:unused' },
  { name: 'types', script: 'check:types' },
];
/** @type {Stage[]} */
const STAGES = [
  { name: 'unit', script: 'test:unit', args: vitest('unit'), report: 'vitest' },
  { name: 'cli', script: 'test:cli', args: vitest('cli'), report: 'vitest' },
  { name: 'numerics', script: 'test:numerics', args: vitest('numerics'), report: 'vitest' },
  { name: 'browser', script: 'test:browser', args: ['--reporter=list,json'], report: 'playwright' },
];

/**
 * @param {Stage} stage
 * @returns {Counts}
 */
function readCounts(stage) {
  const report = JSON.parse(readFileSync(reportFile(stage.name), 'utf8'));
  return stage.report === 'vitest'
    ? { passed: report.numPassedTests, failed: report.numFailedTests + report.numPendingTests }
    : { passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky + report.stats.skipped };
}

/**
 * Runs a stage and notes how it went. One that fails without a failed test (a linter, a crash) counts as one failure.
 * @param {Stage} stage
 * @param {boolean} aside whether others run beside it: its output comes in one piece then
 */
async function run(stage, aside) {
  const start = Date.now();
  if (!aside) console.log(`\n— ${stage.name}`);
  const child = spawn('npm', ['run', '--silent', stage.script, '--', ...(stage.args ?? [])], {
    stdio: ['inherit', aside ? 'pipe' : 'inherit', aside ? 'pipe' : 'inherit'],
    shell: process.platform === 'win32',
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile(stage.name) },
  });
  /** @type {Buffer[]} */
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => said.push(data));
  /** @type {number | null} */
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (aside) console.log(`\n— ${stage.name}\n${Buffer.concat(said)}`);
  const { passed, failed } = countsOf(stage, status);
  total.passed += passed;
  total.failed += failed;
  const tests = stage.report ? `, ${passed} tests passed` : '';
  const seconds = ((Date.now() - start) / 1000).toFixed(1).padStart(6);
  summary.push(`${failed === 0 ? 'ok    ' : 'FAILED'} ${stage.name.padEnd(9)} ${seconds} s${tests}`);
}

/**
 * @param {Stage} stage
 * @param {number | null} status
 * @returns {Counts}
 */
function countsOf(stage, status) {
  /** @type {Counts} */
  let counts = { passed: 0, failed: 0 };
  try {
    if (stage.report) counts = readCounts(stage);
  } catch {
    return { passed: 0, failed: 1 };
  }
  return status === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

/** @type {string[]} */
const summary = [];
/** @type {Counts} */
const total = { passed: 0, failed: 0 };
try {
  console.log(`Chromium: ${ensureChromium()}`);
  await Promise.all(CHECKS.map((stage) => run(stage, true)));
  for (const stage of STAGES) {
    if (total.failed > 0) break;
    await run(stage, false);
  }
} catch (error) {
  summary.push(error instanceof Error ? error.message : String(error));
  total.failed += 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
console.log(`\n${summary.join('\n')}\nleft out: scale/, which npm run test:scale tests with Python`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
