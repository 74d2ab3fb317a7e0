import { fail, ok, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection } from '../../contract/selection.js';
import type { TargetConfig, TargetState } from '../../contract/target.js';
import type { HostKeys } from '../link/host-keys.js';
import type { Prompter } from '../link/prompter.js';
import { everything, serviceSelector } from '../pyroscope/selectors.js';
import type { LeaseHolder } from './agent-watch.js';
import { recordingSpan, type RecordingSpan } from './recording-span.js';
import { recordWithPySpy } from './record-pyspy.js';
import { recordTimes } from './record-times.js';
import { TargetSession } from './session.js';
import { selectionTitle } from './titles.js';

export interface RecordOptions {
  readonly config: TargetConfig;
  readonly seconds: number;
  /** service_name; undefined: everything on the target. */
  readonly service?: string | undefined;
  /** With the time of each sample; the agent only. */
  readonly times?: boolean;
  readonly prompter: Prompter;
  readonly hostKeys: HostKeys;
  readonly resourcesDir: string;
  readonly holder?: LeaseHolder | undefined;
  /** Connecting, starting and profiling, for a line of progress. */
  readonly onChange: (state: TargetState) => void;
  /** Seconds sampled so far and wanted; the last window's end may be up to a window beyond what was wanted. */
  readonly onProgress: (sampledSeconds: number, wantedSeconds: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Recorded {
  /** A pprof, plain or gzip. */
  readonly bytes: Uint8Array;
  readonly title: string;
  readonly selection: Selection;
  /** What is missing, in sentences. */
  readonly notes: readonly string[];
}

/** Shorter than the usual 15 s, so that a short recording does not wait long for its last window. */
const windowSeconds = 5;
/** A window may close late on a busy machine. */
const lateMs = 45_000;

/**
 * Connects, starts an agent (or takes the one that runs), waits until the wanted time is in closed windows, fetches the
 * merged profile, and gives the agent back, which ends when nobody else wants it. Windows are the store's grain: the profile holds every window that was
 * begun within the time.
 */
export async function record(options: RecordOptions): Promise<Result<Recorded>> {
  const waiters = new Set<() => void>();
  const session = new TargetSession({
    ...options,
    windowSeconds,
    onChange: (state) => {
      options.onChange(state);
      for (const wake of waiters) wake();
    },
  });
  const { signal } = options;
  try {
    const connected = await session.connect(signal);
    if (!connected.ok) return connected;
    if (session.pyspy.chosen) {
      if (options.times === true) {
        return fail('unsupported', 'Here py-spy records instead of the agent, and it tells no time of a sample.');
      }
      const selection = await recordWithPySpy(session, {
        targetId: options.config.id,
        seconds: options.seconds,
        service: options.service,
        onProgress: options.onProgress,
        nextChange: () => nextChange(waiters),
        signal,
      });
      return selection.ok ? await fetched(session, options, selection.value) : selection;
    }
    const fresh = session.state.agent.state !== 'profiling';
    const started = await session.agent.start('recording', signal);
    if (!started.ok) return started;
    const status = session.state.agent.status;
    if (status === undefined) return fail('agent-not-running', 'The agent ended while it was recording.');
    const selector = options.service === undefined ? everything : serviceSelector(options.service);
    if (options.times === true) {
      const { seconds, onProgress } = options;
      return await recordTimes(session, {
        selector,
        seconds,
        onProgress: (progress) => {
          onProgress(progress.seconds, seconds);
        },
        signal,
      });
    }
    const span = recordingSpan(status, fresh, options.seconds, Date.now());
    const waited = await waitForWindow(session, options, waiters, span);
    if (!waited.ok) return waited;
    const selection: Selection = {
      targetId: options.config.id,
      source: 'agent',
      profileType: cpuProfileType,
      selector,
      startMs: span.startMs,
      endMs: span.endMs,
    };
    return await fetched(session, options, selection);
  } finally {
    // A lease ends by itself where this does not get through.
    await session.stopRecording();
    session.dispose();
  }
}

async function fetched(
  session: TargetSession,
  options: RecordOptions,
  selection: Selection,
): Promise<Result<Recorded>> {
  const bytes = await session.sources.fetch(selection, options.signal);
  if (!bytes.ok) return bytes;
  return ok({ bytes: bytes.value, title: selectionTitle(selection, options.config.name), selection, notes: [] });
}

/** Settles at the next change of the target, or after a moment. */
function nextChange(waiters: Set<() => void>): Promise<void> {
  return new Promise<void>((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      waiters.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, 250);
    waiters.add(wake);
  });
}

/** Waits for a window to be stored; ends when the agent does. */
async function waitForWindow(
  session: TargetSession,
  options: RecordOptions,
  waiters: Set<() => void>,
  span: RecordingSpan,
): Promise<Result<null>> {
  for (;;) {
    if (options.signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const now = Date.now();
    options.onProgress(Math.min(options.seconds, Math.max(0, (now - span.beginsAtMs) / 1000)), options.seconds);
    const { agent, link } = session.state;
    if ((agent.status?.lastWindowEndMs ?? 0) >= span.endMs) return ok(null);
    if (link.state === 'failed') return fail('not-connected', link.message ?? 'The connection broke.');
    if (agent.state === 'failed' || agent.state === 'stopped' || agent.state === 'kept') {
      return fail('agent-not-running', agent.message ?? 'The agent ended while it was recording.');
    }
    if (now > span.closesAtMs + lateMs) {
      return fail('timeout', 'The agent stored no window in time: the machine may be too busy, or its disk full.');
    }
    await nextChange(waiters);
  }
}
