import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { Prompter } from '../link/prompter.js';
import { findAgentBinary } from './agent-resources.js';
import { Elevator } from './elevate.js';
import { agentPossible, agentSocket, lookAt, type TargetFacts } from './facts.js';
import { install } from './install.js';

export interface StartOptions {
  readonly link: Link;
  readonly targetId: string;
  readonly targetName: string;
  readonly prompter: Prompter;
  readonly resourcesDir: string;
  /** A recording: the agent ends when nobody renews for this long. Undefined: until it is stopped. */
  readonly leaseSeconds?: number;
  /** Default 15; a divisor of 3600. */
  readonly windowSeconds?: number | undefined;
  /** What was seen of the target a moment ago; undefined: look. */
  readonly facts?: TargetFacts | undefined;
  readonly onStep: (step: Step) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Step {
  readonly number: number;
  readonly of: number;
  readonly text: string;
}

/** Where a started agent is. */
export interface StartedAgent {
  readonly facts: TargetFacts;
  readonly socket: string;
  /** The agent's binary on the target. */
  readonly path: string;
}

const steps = 6;
/** Loading the BPF programs takes seconds on a small machine. */
const startTimeoutMs = 90_000;
const preflightTimeoutMs = 60_000;

const Started = v.object({
  state: v.string(),
  message: v.optional(v.string(), ''),
  socket: v.optional(v.string(), ''),
});

/** Looks, uploads, verifies, checks the kernel and starts; the last step of the count is the caller's: connecting. */
export async function startAgent(options: StartOptions): Promise<Result<StartedAgent>> {
  const { link, targetName, signal, prompter, targetId } = options;
  const step = (number: number, text: string): void => {
    options.onStep({ number, of: steps, text });
  };
  step(1, `Looking at ${targetName}`);
  const facts = options.facts === undefined ? await lookAt(link, signal) : ok(options.facts);
  if (!facts.ok) return facts;
  const possible = agentPossible(facts.value);
  if (!possible.ok) return possible;
  const binary = await findAgentBinary(options.resourcesDir, facts.value.machine);
  if (!binary.ok) return binary;

  step(2, 'Uploading the agent');
  let shown = 0;
  const path = await install(link, facts.value, binary.value, {
    signal,
    onProgress: (sent, total) => {
      const percent = Math.floor((100 * sent) / Math.max(1, total));
      if (percent < shown + 5) return;
      shown = percent;
      step(2, `Uploading the agent, ${percent} %`);
    },
    onVerify: () => {
      step(3, 'Verifying the agent');
    },
  });
  if (!path.ok) return path;
  const elevator = new Elevator({ link, facts: facts.value, prompter, targetId, targetName });
  try {
    step(4, 'Checking what the kernel allows');
    const checked = await preflight(link, elevator, path.value, facts.value, signal);
    if (!checked.ok) return checked;
    step(5, 'Starting the agent');
    const started = await start(elevator, path.value, facts.value, options, (text) => {
      step(5, text);
    });
    if (!started.ok) return started;
    step(6, 'Connecting to the agent');
    return ok({ facts: facts.value, path: path.value, socket: started.value });
  } finally {
    elevator.dispose();
  }
}

const Report = v.object({ refusals: v.array(v.object({ code: v.string(), message: v.string() })) });

/** Asks the agent itself whether it could run: it tries, and changes nothing. */
async function preflight(
  link: Link,
  elevator: Elevator,
  path: string,
  facts: TargetFacts,
  signal: AbortSignal | undefined,
): Promise<Result<null>> {
  const ran = await elevator.run([path, 'preflight', '--json'], { timeoutMs: preflightTimeoutMs, signal });
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  const report = lastJson(stdout, Report);
  if (report === undefined) {
    // A shell answers 126 where a program may not run, sudo only 1: that it may not at all shows without sudo too.
    const runnable = await runScript(link, 'test -x "$1"', [path], signal === undefined ? {} : { signal });
    if (code === 126 || (runnable.ok && runnable.value.code !== 0)) return noExec(facts, stderr);
    return fail(
      'agent-failed',
      'The agent cannot run there.',
      `exit ${String(code)}\n${stdout}\n${stderr}`.slice(0, 4000),
    );
  }
  const [refusal] = report.refusals;
  if (refusal === undefined) return ok(null);
  const detail = report.refusals.map((each) => `${each.code}: ${each.message}`).join('\n');
  return fail(refusal.code === 'no_disk_space' ? 'no-space' : 'no-ebpf', refusal.message, detail);
}

async function start(
  elevator: Elevator,
  path: string,
  facts: TargetFacts,
  options: StartOptions,
  onProgress: (text: string) => void,
): Promise<Result<string>> {
  const lease = options.leaseSeconds === undefined ? [] : ['--lease', `${options.leaseSeconds}s`];
  const argv = [
    path,
    'start',
    '--uid',
    String(facts.uid),
    '--rate',
    '97',
    '--window',
    `${options.windowSeconds ?? 15}s`,
    ...lease,
  ];
  const ran = await elevator.run(argv, {
    timeoutMs: startTimeoutMs,
    signal: options.signal,
    onLine: (line) => {
      if (line.trim() !== '' && !line.startsWith('{')) onProgress(line.trim().slice(0, 200));
    },
  });
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  if (code === 126) return noExec(facts, stderr);
  const answer = lastJson(stdout, Started);
  if (code === 0 && answer !== undefined && answer.state !== 'failed') {
    return ok(answer.socket === '' ? agentSocket(facts.uid) : answer.socket);
  }
  const reason = answer?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  return fail(
    'agent-failed',
    reason === '' ? 'The agent did not start.' : reason.slice(0, 500),
    `exit ${String(code)}\n${stderr}`.slice(0, 4000),
  );
}

function noExec(facts: TargetFacts, stderr: string): Result<never> {
  return fail(
    'agent-failed',
    `Programs may not run from ${facts.cacheFolder} (mounted noexec?): set XDG_CACHE_HOME there to a folder where they may.`,
    stderr.slice(0, 2000),
  );
}

/** The last line that is JSON of the wanted shape; what a login script or sudo printed stands before it. */
function lastJson<Schema extends v.GenericSchema>(text: string, schema: Schema): v.InferOutput<Schema> | undefined {
  for (const line of text.split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const parsed = v.safeParse(schema, JSON.parse(line));
      if (parsed.success) return parsed.output;
    } catch {
      continue; // a line that only looks like JSON
    }
  }
  // Printed over several lines.
  const begin = text.indexOf('{');
  if (begin < 0) return undefined;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text.slice(begin, text.lastIndexOf('}') + 1)));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined; // no answer that can be understood; the caller says so
  }
}
