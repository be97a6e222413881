import { valueOf } from '../../experiment/reading';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LATER, METRICS, type Evaluation, type MetricName } from '../../experiment/documents/metrics';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { findPreset } from '../../experiment/presets/presets';
import { parseRecorded, type Recorded } from '../../experiment/documents/recorded';
import { prepareTask } from '../../training/prepareTask';
import { runExperiment } from '../../training/runExperiment';
import { sentence } from '../errors';
import { loadCheckpoint, loadOptimum, RECORDED } from '../files';

/** Steps that are run again. */
const STEPS = 1;

/** What another machine's or backend's arithmetic may do to a number by then, relative to the larger of 1 and it. */
const TOLERANCE = 1e-3;

/**
 * Problems of the recorded runs, a sentence each: other settings than the preset's, or another beginning.
 * `progress` hears of each preset, and whether it is run.
 */
export async function checkRecorded(progress: (preset: string, isRun: boolean) => void): Promise<string[]> {
  const problems: string[] = [];
  for (const file of readdirSync(RECORDED)) {
    const id = file.replace(/[.]json$/, '');
    try {
      const recorded = valueOf(parseRecorded(JSON.parse(readFileSync(join(RECORDED, file), 'utf8'))));
      const preset = findPreset(id);
      const isRun = !beginsLong(recorded.config);
      progress(id, isRun);
      if (!preset) problems.push(`${file}: there is no preset "${id}"`);
      else if (JSON.stringify(preset.config) !== JSON.stringify(recorded.config)) {
        problems.push(`${file}: its config is not the preset's`);
      } else if (isRun) problems.push(...(await differences(recorded)).map((text) => `${file}: ${text}`));
    } catch (error) {
      problems.push(`${file}: ${sentence(error)}`);
    }
  }
  return problems;
}

/** Whether a first round on text comes before the first evaluation: most of a minute, for what others check. */
function beginsLong({ task, start }: ExperimentConfig): boolean {
  return task.kind === 'text' && start.kind === 'offline';
}

/** Runs the first seed of every arm again, for as long as the first evaluations take. */
async function differences({ config, history }: Recorded): Promise<string[]> {
  const short = { ...config, seeds: 1 };
  const problem = await prepareTask(short, loadCheckpoint, loadOptimum);
  const abort = new AbortController();
  const found: string[] = [];
  for await (const report of runExperiment(short, problem, { signal: abort.signal })) {
    if (report.type === 'progress' && report.step >= STEPS) abort.abort();
    if (report.type !== 'evaluation') continue;
    for (const { run, evaluation } of report.evaluations) {
      const recorded = history.runs.find(({ arm, seed }) => arm === run && seed === config.firstSeed)!;
      const index = recorded.steps.indexOf(evaluation.step);
      if (index >= 0)
        found.push(...compare(history.arms[run]!, evaluation, (metric) => recorded.columns[metric][index]));
    }
  }
  return found;
}

function compare(
  arm: string,
  live: Evaluation,
  recordedOf: (metric: MetricName) => number | null | undefined,
): string[] {
  return (Object.keys(METRICS) as MetricName[]).flatMap((metric) => {
    const [now, then] = [live[metric], recordedOf(metric) ?? null];
    if (now === then) return [];
    // An estimate of J* may have come or gone since; J itself is compared.
    if (metric === 'gap' && (now === null || then === null)) return [];
    // Recorded before it was measured.
    if (LATER.includes(metric) && then === null) return [];
    const near = now !== null && then !== null && Math.abs(now - then) <= TOLERANCE * Math.max(1, Math.abs(then));
    return near ? [] : [`${arm} at step ${live.step} has ${metric} ${now}, recorded was ${then}`];
  });
}
