import type Docker from 'dockerode';
import { defaultPySpyOptions } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { longestTimedSeconds, type Verification, type VerifyProgress } from '../../contract/verify.js';
import { agreementOf, type Seen } from '../../core/compare/agreement.js';
import { plural } from '../../core/words/numbers.js';
import type { AgentConnection } from '../agent/agent-connection.js';
import { agentProcesses } from '../agent/processes.js';
import { recordTimedSamples, type TimedSamples } from '../agent/timed-samples.js';
import { quoteLabelValue } from '../../core/words/selectors.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import { mostThreads, pythonContainers, threadsOf, type PythonContainer } from '../pyspy/containers.js';
import { continueStopped, stoppedIn } from '../pyspy/continue-stopped.js';
import { sidecarProgram } from '../pyspy/pyspy-resources.js';
import { Sidecar } from '../pyspy/sidecar.js';
import type { SliceOutput } from '../pyspy/slice-output.js';
import { readSpeedscope, readWords, type ReadSlice } from '../pyspy/speedscope.js';
import { seenByAgent } from './seen-by-agent.js';
import { seenByPySpy } from './seen-by-pyspy.js';

/** So many containers of a service are looked at; each costs a container of ours. */
const mostContainers = 4;
/** The agent records until py-spy has ended, which on a busy machine takes longer than its own time. */
const startSeconds = 30;

export interface VerifyOptions {
  readonly agent: AgentConnection;
  readonly docker: Docker;
  /** The folder that holds pyspy/manifest.json. */
  readonly resourcesDir: string;
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

/** Runs py-spy beside the agent on the containers of a Python service, and compares what the two saw. */
export async function verifyService(options: VerifyOptions): Promise<Result<Verification>> {
  const both = await sampleBoth(options);
  if (!both.ok) return both;
  const { agent, pyspy, ...facts } = both.value;
  return ok({ agreement: agreementOf(agent, pyspy, facts.seconds), ...facts });
}

/** Runs py-spy beside the agent on the containers of a Python service. */
export async function sampleBoth(options: VerifyOptions): Promise<Result<SeenByBoth>> {
  const { docker, seconds, signal, onProgress } = options;
  onProgress({ step: 'preparing', seconds: 0, of: seconds });
  const found = await containersOf(options);
  if (!found.ok) return found;
  const containers = found.value.slice(0, mostContainers);
  const program = await sidecarProgram(docker, options.resourcesDir);
  if (!program.ok) return program;
  const { archive } = program.value;
  const slice = { pid: 1, seconds, kind: 'time', options: defaultPySpyOptions } as const;
  const sidecars: Sidecar[] = [];
  try {
    for (const container of containers) {
      const made = await Sidecar.create(docker, container, slice, archive);
      if (!made.ok) return made;
      sidecars.push(made.value);
    }
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const stopped = await Promise.all(containers.map(({ id }) => stoppedIn(docker.getContainer(id))));
    const runs = await runBoth(options, sidecars, selectorOf(options.service, containers));
    if (!runs.ok) {
      // py-spy that was ended while it had a process stopped leaves it so.
      await Promise.all(
        containers.map(({ id }, index) => continueStopped(docker.getContainer(id), stopped[index] ?? [])),
      ).catch(() => undefined); // the container is gone
      return runs;
    }
    onProgress({ step: 'comparing', seconds, of: seconds });
    return seenIn(runs.value, options, containers, found.value.length);
  } finally {
    await Promise.all(sidecars.map((sidecar) => sidecar.remove()));
  }
}

/** The containers of a service in which Python runs. */
async function containersOf({
  agent,
  docker,
  service,
  signal,
}: VerifyOptions): Promise<Result<readonly PythonContainer[]>> {
  const running = await agentProcesses(agent, undefined, signal);
  if (!running.ok) return running;
  const own = running.value.processes.filter((process) => process.service === service);
  if (own.length === 0) return fail('not-found', `Nothing of ${service} runs now: start it, and verify again.`);
  if (!own.some(({ profiled }) => profiled)) {
    return fail('refused', `The agent was told not to profile ${service}: choose it under "What is profiled" first.`);
  }
  const ids = new Set(own.map(({ containerId }) => containerId).filter((id) => id !== ''));
  if (ids.size === 0) {
    return fail(
      'unsupported',
      `${service} runs outside containers: py-spy is put beside containers only, so it cannot be verified.`,
    );
  }
  const python = await pythonContainers(docker);
  if (!python.ok) return python;
  const found = python.value.filter(({ id }) => ids.has(id));
  const [first] = found;
  if (first === undefined) {
    return fail(
      'not-found',
      `No Python runs in the containers of ${service}: py-spy, which verifies, sees Python only.`,
    );
  }
  const fits = found.filter((each) => threadsOf(each.processes) <= mostThreads);
  if (fits.length > 0) return ok(fits);
  return fail(
    'refused',
    `A process of ${first.name} has ${threadsOf(first.processes)} threads. py-spy stops a process for each sample, and with more than ${mostThreads} threads most of its throughput is lost: it is not verified.`,
  );
}

/** What the agent sampled itself of these containers of a service. */
function selectorOf(service: string, containers: readonly PythonContainer[]): string {
  const ids = containers.map(({ id }) => id).join('|');
  return sampledOnly(`{service_name=${quoteLabelValue(service)},container_id=~"${ids}"}`);
}

/** Runs py-spy while the agent records; the agent's recording begins before it and ends behind it. */
async function runBoth(
  { agent, seconds, onProgress, signal }: VerifyOptions,
  sidecars: readonly Sidecar[],
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
    const outputs = await Promise.all(sidecars.map((sidecar) => sidecar.run(cancelled)));
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

function seenIn(
  { recorded, outputs }: Runs,
  { clockAheadMs }: VerifyOptions,
  containers: readonly PythonContainer[],
  found: number,
): Result<SeenByBoth> {
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
    containers: containers.map(({ name }) => name),
    notes: notesOf(recorded, outputs, containers.length, found),
  });
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** What one of the two could not see or do. */
function notesOf(
  recorded: TimedSamples,
  outputs: readonly SliceOutput[],
  looked: number,
  found: number,
): readonly string[] {
  const words = outputs.map(({ said }) => readWords(said));
  const unread = words.reduce((sum, { errors }) => sum + errors, 0);
  return [
    ...(found > looked ? [`Looked at ${looked} of ${found} containers.`] : []),
    ...(unread > 0 ? [`Py-spy could not read ${plural(unread, 'stack', 'stacks')}.`] : []),
    ...(words.some(({ behind }) => behind) ? ['Py-spy could not keep up with its rate: the machine is busy.'] : []),
    ...(recorded.full ? ['The agent had no room for more samples: it saw a part of the time only.'] : []),
  ];
}
