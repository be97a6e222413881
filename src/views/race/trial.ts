import type { BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { ImportedCheckpoints } from '../../run/orders';
import { LabClient } from '../../worker/client';
import type { Notice, SessionTiming } from '../../worker/protocol';

/** Seconds of training that are timed, after the first step. */
const LONG_ENOUGH = 2;
/** Seconds in which the first steps must come; what takes longer is no choice. */
const PATIENCE = 45;
/** Runs of every arm: a race of many seeds would take long to say what few say as well. */
const MOST_SEEDS = 2;

/** How fast a backend trains here: pairs per second, or why that is not known, in words. */
export type Speed = { readonly pairsPerSecond: number } | { readonly reason: string };

/**
 * Times real steps of a config on a backend, in workers of their own that are gone afterwards. Null where `signal` ended
 * it.
 */
export function timeBackend(
  backend: BackendName,
  config: ExperimentConfig,
  checkpoints: ImportedCheckpoints,
  workers: number | undefined,
  signal: AbortSignal,
): Promise<Speed | null> {
  return new Promise((resolve) => {
    /** After the first step, which compiles and warms up. */
    let first: SessionTiming | null = null;
    const client = new LabClient((event) => receive(event));
    const end = (speed: Speed | null) => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      client.close();
      resolve(speed);
    };
    const stop = () => end(null);
    const deadline = setTimeout(() => end({ reason: `no two steps in ${PATIENCE} seconds` }), 1000 * PATIENCE);
    signal.addEventListener('abort', stop);
    client.wanted = { only: backend, workers };
    // It begins at the reference: an offline start may take longer than all steps together.
    const start = { kind: 'reference' } as const;
    client.start({ ...config, start, seeds: Math.min(config.seeds, MOST_SEEDS) }, false, checkpoints);

    function receive(event: Notice): void {
      if ('message' in event) {
        end({ reason: event.message });
      } else if (event.type === 'refused') {
        end({ reason: event.problems[0]?.message ?? 'it was refused' });
      } else if (event.type === 'report' && event.report.type === 'progress' && event.report.step > 0) {
        first ??= event.timing;
        const seconds = event.timing.seconds - first.seconds;
        if (seconds > 0 && (seconds >= LONG_ENOUGH || event.report.step === config.schedule.steps)) {
          end({ pairsPerSecond: (pairsIn(event.timing) - pairsIn(first)) / seconds });
        }
      } else if (event.type === 'state' && event.state === 'finished') {
        end({ reason: 'the race is too short to be timed' });
      }
    }
  });
}

const pairsIn = ({ seconds, pairsPerSecond }: SessionTiming): number => seconds * pairsPerSecond;
