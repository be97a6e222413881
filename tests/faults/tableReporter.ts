import { writeFileSync } from 'node:fs';
import type { FullConfig, Reporter, TestCase, TestResult } from '@playwright/test/reporter';

/** What a test of a fault says of itself: annotations of these types, in the table's order. */
const COLUMNS = ['fault', 'how', 'tries', 'survived', 'saw'] as const;

/** Writes a row for each fault to the file that FAULTS_OUT names, or to standard output. */
export default class TableReporter implements Reporter {
  readonly #rows: string[] = [];

  onBegin(_: FullConfig): void {
    this.#rows.push(`| ${COLUMNS.join(' | ')} |`, `| ${COLUMNS.map(() => '---').join(' | ')} |`);
  }

  onTestEnd(_: TestCase, { annotations, status, error }: TestResult): void {
    const cells = COLUMNS.map((type) => annotations.find((one) => one.type === type)?.description ?? '');
    if (status !== 'passed') cells[4] += ` (the test failed: ${(error?.message ?? status).split('\n')[0]})`;
    this.#rows.push(`| ${cells.join(' | ')} |`);
  }

  onEnd(): void {
    const table = `${this.#rows.join('\n')}\n`;
    const out = process.env['FAULTS_OUT'];
    if (out) writeFileSync(out, table);
    else process.stdout.write(`\n${table}`);
  }
}
