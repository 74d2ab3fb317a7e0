import { defaultPySpyOptions } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection } from '../../contract/selection.js';
import { everything, serviceSelector } from '../pyroscope/selectors.js';
import type { TargetSession } from './session.js';

export interface PySpyRecording {
  readonly targetId: string;
  readonly seconds: number;
  /** A container's name; undefined: all that runs Python. */
  readonly service: string | undefined;
  readonly onProgress: (sampledSeconds: number, wantedSeconds: number) => void;
  /** Settles at the next change of the session, or after a moment. */
  readonly nextChange: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** Records for a time on a connected target whose engine is py-spy; answers what to fetch. */
export async function recordWithPySpy(session: TargetSession, options: PySpyRecording): Promise<Result<Selection>> {
  const { seconds, service, signal } = options;
  const startMs = Date.now();
  const started = await session.startRecording({ service: service ?? null, options: defaultPySpyOptions }, signal);
  if (!started.ok) return started;
  const beganAtMs = Date.now();
  for (;;) {
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const { agent, link } = session.state;
    if (link.state === 'failed') return fail('not-connected', link.message ?? 'The connection broke.');
    if (agent.state === 'failed') return fail('pyspy-failed', agent.message ?? 'py-spy ended.', agent.detail);
    const sampled = (Date.now() - beganAtMs) / 1000;
    options.onProgress(Math.min(seconds, sampled), seconds);
    if (sampled >= seconds) break;
    await options.nextChange();
  }
  // What the last slice has sampled until now is kept.
  await session.stopRecording();
  return ok({
    targetId: options.targetId,
    source: 'agent',
    profileType: cpuProfileType,
    selector: service === undefined ? everything : serviceSelector(service),
    startMs,
    endMs: Date.now() + 1,
  });
}
