import { strToU8, zipSync, type Zippable } from 'fflate';
import { parseConfig } from '../experiment/config/config';
import { problemText } from '../experiment/reading';
import { problemOf, type CheckpointLoader } from '../training/checkpointAt';
import { HUB } from '../training/takeout/hub';
import { takeout } from '../training/takeout/takeout';
import type { TakenOut } from './protocol';

/** An experiment as a folder for transformers and TRL, in one file. A bandit, which has no model, gets one of the hub. */
export async function takeoutZip(input: unknown, load: CheckpointLoader): Promise<TakenOut> {
  const config = parseConfig(input);
  if (!config.ok) return { ok: false, problem: problemText(config.problems) };
  try {
    const model = config.value.task.kind === 'bandit' ? HUB.model : undefined;
    const files = await takeout(config.value, load, model);
    const zip: Zippable = {};
    for (const [path, file] of Object.entries(files)) zip[path] = typeof file === 'string' ? strToU8(file) : file;
    return { ok: true, zip: new Blob([zipSync(zip)], { type: 'application/zip' }) };
  } catch (error) {
    return { ok: false, problem: problemText([problemOf(error)]) };
  }
}
