import { ok, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection } from '../../contract/selection.js';
import { formatNanoseconds } from '../../core/words/numbers.js';
import { recordTimedSamples } from '../agent/timed-samples.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import type { Recorded } from './record.js';
import type { TargetSession } from './session.js';
import { selectionTitle } from './titles.js';

/** Which samples are recorded with their times, and for how long. */
export interface TimesRequest {
  readonly selector: string;
  /** 1 to 600. */
  readonly seconds: number;
  /** Told when it has begun, and once a second. */
  readonly onProgress: (progress: TimesProgress) => void;
  /** Ends it before its time, with what it has. */
  readonly end?: AbortSignal | undefined;
  /** Ends it without. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a recording is. */
export interface TimesProgress {
  /** Of its time, by this computer's clock. */
  readonly seconds: number;
  readonly samples: number;
}

/** Has the agent that is followed record the time of each sample. */
export async function recordTimes(
  session: TargetSession,
  { selector, seconds, onProgress, end, signal }: TimesRequest,
): Promise<Result<Recorded>> {
  const { connection } = session.agent;
  if (connection === undefined) return session.agent.notRunning();
  let beganAtMs: number | undefined;
  const recorded = await recordTimedSamples(connection, {
    selector: sampledOnly(selector),
    seconds,
    onProgress: ({ samples }) => {
      beganAtMs ??= performance.now();
      onProgress({ seconds: Math.min(seconds, (performance.now() - beganAtMs) / 1000), samples });
    },
    end,
    signal,
  });
  if (!recorded.ok) return recorded;
  const { startMs, endMs, full, bytes } = recorded.value;
  const { id, name } = session.state.config;
  const selection: Selection = {
    targetId: id,
    source: 'agent',
    profileType: cpuProfileType,
    selector,
    startMs,
    endMs,
  };
  const notes = full
    ? [`The recording was full after ${formatNanoseconds((endMs - startMs) * 1e6)} and ended then: choose one service.`]
    : [];
  return ok({ bytes, title: selectionTitle(selection, name), selection, notes });
}
