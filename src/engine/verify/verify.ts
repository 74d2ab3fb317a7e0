import { defaultPySpyOptions } from '../../contract/pyspy.js';
import type { RunningProcess } from '../../contract/profiled.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { longestTimedSeconds, type Verification, type VerifyProgress } from '../../contract/verify.js';
import { agreementOf, type Seen } from '../../core/compare/agreement.js';
import { plural } from '../../core/words/numbers.js';
import type { AgentConnection } from '../agent/agent-connection.js';
import { agentProcesses } from '../agent/processes.js';
import { recordTimedSamples, type TimedSamples } from '../agent/timed-samples.js';
import { quoteLabelValue } from '../../core/words/selectors.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import type { Beside } from '../pyspy/python-there.js';
import type { PreparedSlice } from '../pyspy/recording.js';
import type { SliceOutput } from '../pyspy/slice-output.js';
import { readSpeedscope, readWords, type ReadSlice } from '../pyspy/speedscope.js';
import { seenByAgent } from './seen-by-agent.js';
import { seenByPySpy } from './seen-by-pyspy.js';

/** So many containers or processes of a service are looked at; each costs a py-spy. */
const mostLookedAt = 4;
/** The agent records until py-spy has ended, which on a busy machine takes longer than its own time. */
const startSeconds = 30;

export interface VerifyOptions {
  readonly agent: AgentConnection;
  /** Readies py-spy for the Python of processes that the agent samples, `most` of them. */
  readonly pythonOf: (processes: readonly RunningProcess[], most: number) => Promise<Result<Beside>>;
  /** service_name. */
  readonly service: string;
  readonly seconds: number;
  /** The target's clock less this computer's. */
  readonly clockAheadMs: number;
  readonly onProgress: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Both runs of the same span. */
interface Runs {
  readonly recorded: TimedSamples;
  readonly outputs: readonly SliceOutput[];
}

/** What the two saw of the same containers in the same span. */
export interface SeenByBoth extends Omit<Verification, 'agreement'> {
  readonly agent: Seen;
  readonly pyspy: Seen;
}

/** Runs py-spy beside the agent on a Python service, and compares what the two saw. */
export async function verifyService(options: VerifyOptions): Promise<Result<Verification>> {
  const both = await sampleBoth(options);
  if (!both.ok) return both;
  const { agent, pyspy, ...facts } = both.value;
  return ok({ agreement: agreementOf(agent, pyspy, facts.seconds), ...facts });
}

/** Runs py-spy beside the agent on a Python service. */
export async function sampleBoth(options: VerifyOptions): Promise<Result<SeenByBoth>> {
  const { service, seconds, signal, onProgress } = options;
  onProgress({ step: 'preparing', seconds: 0, of: seconds });
  const own = await processesOf(options);
  if (!own.ok) return own;
  const ready = await options.pythonOf(own.value, mostLookedAt);
  if (!ready.ok) return ready;
  const { subjects, matcher } = ready.value;
  const prepared: PreparedSlice[] = [];
  try {
    for (const subject of subjects) {
      const slice = { pid: subject.pid, seconds, kind: 'time', options: defaultPySpyOptions } as const;
      const made = await subject.prepare(slice);
      if (!made.ok) return made;
      prepared.push(made.value);
    }
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const selector = sampledOnly(`{service_name=${quoteLabelValue(service)},${matcher}}`);
    const runs = await runBoth(options, prepared, selector);
    if (!runs.ok) {
      // py-spy that was ended while it had a process stopped leaves it so.
      await Promise.all(subjects.map((subject) => subject.recover()));
      return runs;
    }
    onProgress({ step: 'comparing', seconds, of: seconds });
    return seenIn(runs.value, options, ready.value);
  } finally {
    await Promise.all(prepared.map((each) => each.discard()));
    for (const subject of subjects) await subject.dispose?.();
  }
}

/** The processes of a service, if they are profiled. */
async function processesOf({ agent, service, signal }: VerifyOptions): Promise<Result<readonly RunningProcess[]>> {
  const running = await agentProcesses(agent, undefined, signal);
  if (!running.ok) return running;
  const own = running.value.processes.filter((process) => process.service === service);
  if (own.length === 0) return fail('not-found', `Nothing of ${service} runs now: start it, and verify again.`);
  if (!own.some(({ profiled }) => profiled)) {
    return fail('refused', `The agent was told not to profile ${service}: choose it under "What is profiled" first.`);
  }
  return ok(own);
}

/** Runs py-spy while the agent records; the agent's recording begins before it and ends behind it. */
async function runBoth(
  { agent, seconds, onProgress, signal }: VerifyOptions,
  prepared: readonly PreparedSlice[],
  selector: string,
): Promise<Result<Runs>> {
  const end = new AbortController();
  const giveUp = new AbortController();
  const cancelled = signal === undefined ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]);
  let onBegun: () => void = () => undefined;
  const begun = new Promise<undefined>((resolve) => {
    onBegun = () => {
      resolve(undefined);
    };
  });
  const recorded = recordTimedSamples(agent, {
    selector,
    seconds: Math.min(longestTimedSeconds, 2 * seconds + startSeconds),
    onProgress: onBegun,
    end: end.signal,
    signal: cancelled,
  });
  const refused = await Promise.race([begun, recorded]);
  if (refused?.ok === false) return refused;
  const beganAtMs = performance.now();
  const tell = setInterval(() => {
    const passed = (performance.now() - beganAtMs) / 1000;
    onProgress({ step: 'sampling', seconds: Math.min(seconds, passed), of: seconds });
  }, 500);
  try {
    const outputs = await Promise.all(prepared.map((each) => each.run(cancelled)));
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const failed = outputs.find((output) => !output.ok);
    if (failed?.ok === false) {
      giveUp.abort();
      await recorded;
      return failed;
    }
    end.abort();
    const taken = await recorded;
    return taken.ok
      ? ok({ recorded: taken.value, outputs: outputs.flatMap((output) => (output.ok ? [output.value] : [])) })
      : taken;
  } finally {
    clearInterval(tell);
  }
}

function seenIn({ recorded, outputs }: Runs, { clockAheadMs }: VerifyOptions, beside: Beside): Result<SeenByBoth> {
  const slices: ReadSlice[] = [];
  for (const output of outputs) {
    const read = readSpeedscope(output.profile, 1);
    if (!read.ok) return read;
    slices.push(read.value);
  }
  // They begin together but for some milliseconds.
  const fromMs = Math.min(...outputs.map(({ sampledFromMs }) => sampledFromMs));
  const toMs = Math.max(...outputs.map(({ sampledToMs }) => sampledToMs));
  const seconds = (toMs - fromMs) / 1000;
  const span = { fromNs: nanoseconds(fromMs + clockAheadMs), toNs: nanoseconds(toMs + clockAheadMs) };
  return ok({
    agent: seenByAgent(recorded.bytes, span),
    pyspy: seenByPySpy(slices, defaultPySpyOptions.rateHz, seconds),
    seconds,
    lookedAt: beside.names,
    notes: notesOf(recorded, outputs, beside),
  });
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** What one of the two could not see or do. */
function notesOf(
  recorded: TimedSamples,
  outputs: readonly SliceOutput[],
  { names, found, notes }: Beside,
): readonly string[] {
  const words = outputs.map(({ said }) => readWords(said));
  const unread = words.reduce((sum, { errors }) => sum + errors, 0);
  return [
    ...(found > names.length ? [`Looked at ${names.length} of ${found}.`] : []),
    ...notes,
    ...(unread > 0 ? [`Py-spy could not read ${plural(unread, 'stack', 'stacks')}.`] : []),
    ...(words.some(({ behind }) => behind) ? ['Py-spy could not keep up with its rate: the machine is busy.'] : []),
    ...(recorded.full ? ['The agent had no room for more samples: it saw a part of the time only.'] : []),
  ];
}
