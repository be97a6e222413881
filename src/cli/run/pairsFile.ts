import { closeSync, openSync, writeSync } from 'node:fs';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { BackendInfo } from '../../experiment/documents/results';
import { banditTables } from '../../tasks/bandit';
import { runsOf } from '../../training/run';
import type { Policies } from '../../training/snapshot';
import type { OnTrained } from '../../training/trained';
import { sentence, UsageError } from '../errors';

const FORMAT = 'pilaf-lab/pairs';
const VERSION = 1;

export interface PairsFile {
  readonly onTrained: OnTrained;
  /** Writes the last line. Returns whether all of them are there. */
  end(weights: Policies | null): boolean;
}

/** Throws UsageError where a race could not be replayed from its pairs. */
export function checkReplayable({ start }: ExperimentConfig): void {
  if (start.kind === 'offline') {
    throw new UsageError(
      '--pairs: start.kind "offline" trains before the race, which is not written; give "reference"',
    );
  }
}

/**
 * JSON Lines that a race can be replayed from (docs/replay.py): a head with the config and, of a bandit, every run's
 * tables; a line for each run and step; at last, of a bandit, the policies. Where a line cannot be written, a sentence
 * says so, and the race goes on without the file.
 */
export function openPairsFile(path: string, config: ExperimentConfig, backend: BackendInfo): PairsFile {
  const file = openSync(path, 'w');
  let isWhole = true;
  const write = (value: unknown) => {
    if (!isWhole) return;
    try {
      writeSync(file, `${JSON.stringify(value)}\n`);
    } catch (error) {
      isWhole = false;
      process.stderr.write(`--pairs: ${path} ends too early; the run goes on. ${sentence(error)}\n`);
    }
  };
  const { task } = config;
  const runs = runsOf(config).map(({ arm, seed, beta, loss, learningRate }) => {
    const tables = task.kind === 'bandit' ? banditTables(task, seed) : null;
    const own = { arm, seed, beta, loss, learningRate };
    return tables ? { ...own, reference: [...tables.referenceLogits], rewards: [...tables.rewards] } : own;
  });
  write({ format: FORMAT, version: VERSION, config, backend, runs });
  return {
    onTrained(trained) {
      for (const { run, step, pairs, weights, hash } of trained) {
        write({
          run,
          step,
          pairs: pairs.map(({ prompt, chosen, rejected, probability, tie }, p) => ({
            prompt,
            chosen: chosen.ids,
            rejected: rejected.ids,
            rewards: [chosen.reward, rejected.reward],
            reference: [chosen.referenceLogProb, rejected.referenceLogProb],
            logRatios: [chosen.logRatio, rejected.logRatio],
            probability,
            weight: weights[p],
            ...(tie ? { tie } : {}),
          })),
          hash,
        });
      }
    },
    end(policies) {
      const isSmall = task.kind === 'bandit';
      write({ weights: isSmall ? (policies?.weights.map((own) => own && [...own]) ?? null) : null });
      closeSync(file);
      return isWhole;
    },
  };
}
