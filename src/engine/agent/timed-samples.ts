import { fail, ok, type Result } from '../../contract/result.js';
import { agentFailure, type AgentConnection } from './agent-connection.js';

/** Beyond its own time: the last samples, names, and the way here. */
const slackMs = 120_000;

/** What is recorded, by the agent's own account so far. */
export interface TimedProgress {
  /** Unix milliseconds by the target's clock. */
  readonly startMs: number;
  readonly samples: number;
  /** For which there was no room. */
  readonly dropped: number;
}

/** A recording with the time of each sample. */
export interface TimedSamples extends TimedProgress {
  readonly endMs: number;
  /** It held as much as it may, and ended before its time. */
  readonly full: boolean;
  /** pprof; see RecordSamplesResponse in agent.proto for the labels of its samples. */
  readonly bytes: Uint8Array;
}

export interface TimedRequest {
  readonly selector: string;
  /** 1 to 600. */
  readonly seconds: number;
  /** Told when it has begun, and once a second. */
  readonly onProgress: (progress: TimedProgress) => void;
  /** Ends the recording before its time, with what it has. */
  readonly end?: AbortSignal | undefined;
  /** Ends it without. */
  readonly signal?: AbortSignal | undefined;
}

/** Has an agent record the time of each sample. */
export async function recordTimedSamples(
  agent: Pick<AgentConnection, 'client'>,
  { selector, seconds, onProgress, end, signal }: TimedRequest,
): Promise<Result<TimedSamples>> {
  const given = { timeoutMs: seconds * 1000 + slackMs, ...(signal === undefined ? {} : { signal }) };
  const parts: Uint8Array[] = [];
  let last: (TimedProgress & Pick<TimedSamples, 'endMs' | 'full'>) | undefined;
  let id = '';
  const endNow = (): void => {
    // It has ended meanwhile: then there is nothing to end.
    if (id !== '') agent.client.endRecording({ id }).catch(() => undefined);
  };
  end?.addEventListener('abort', endNow, { once: true });
  try {
    for await (const answer of agent.client.recordSamples({ labelSelector: selector, seconds }, given)) {
      if (answer.profile.byteLength > 0) {
        parts.push(answer.profile);
        continue;
      }
      const { samples, dropped, full } = answer;
      const first = id === '';
      id = answer.id;
      last = {
        startMs: Number(answer.start),
        endMs: Number(answer.end),
        samples: Number(samples),
        dropped: Number(dropped),
        full,
      };
      onProgress(last);
      if (first && end?.aborted === true) endNow();
    }
  } catch (error) {
    return { ok: false, failure: agentFailure(error) };
  } finally {
    end?.removeEventListener('abort', endNow);
  }
  if (last === undefined) return fail('agent-failed', 'The agent answered without a recording.');
  return ok({ ...last, bytes: Buffer.concat(parts) });
}
