import * as v from 'valibot';
import type { Naming } from '../../contract/profiled.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import type { Prompter } from '../link/prompter.js';
import type { LeaseHolder, LeaseTimes } from './agent-watch.js';
import { findAgentBinary, type AgentBinary } from './agent-resources.js';
import { Elevator } from './elevate.js';
import { agentPossible, agentSocket, lookAt, type TargetFacts } from './facts.js';
import { install } from './install.js';
import { lastJson } from './last-json.js';
import type { RootAccess } from './root/root-access.js';
import { agentChanged, agentNotExecutable, changedAfterSent, verifiedStart } from './verified-start.js';

export interface StartOptions {
  readonly link: Link;
  readonly targetId: string;
  readonly targetName: string;
  readonly prompter: Prompter;
  /** How root is had on this connection; default: each command asks. */
  readonly root?: RootAccess | undefined;
  readonly resourcesDir: string;
  /** A recording: the agent samples no more when nobody renews for long enough. Undefined: it does until it is stopped. */
  readonly lease?: LeaseTimes & { readonly holder: LeaseHolder };
  /** Restarts an agent that runs already, also a newer one. */
  readonly replace?: boolean;
  /** Default 15; a divisor of 3600. */
  readonly windowSeconds?: number | undefined;
  /** A server that the agent gets missing debug files from by their build-ids; undefined: nobody is asked. */
  readonly debuginfod?: string | undefined;
  /** How it calls services from its first sample on; undefined: as was set there last. */
  readonly naming?: Naming | undefined;
  /** It comes back after a reboot; for one that is not leased. */
  readonly atBoot?: boolean;
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
/** Probing the kernel and loading the BPF programs takes seconds on a small machine. */
const startTimeoutMs = 150_000;

/** Linux takes 128 KiB in one argument, and over SSH the whole command is one, in which quotes become longer. */
const longestNaming = 80_000;

/** As the agent's flag wants it. */
function namingArgument({ labels, leadingSlash, relabelConfigs }: Naming): string {
  return JSON.stringify({
    version: 1,
    labels: labels.map(({ name, value }) => [name, value]),
    leading_slash: leadingSlash,
    relabel_configs: relabelConfigs,
  });
}

/** What preflight prints. */
const Report = v.object({ refusals: v.array(v.object({ code: v.string(), message: v.string() })) });
/** What start prints. */
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
  const elevator = new Elevator({ link, facts: facts.value, prompter, root: options.root, targetId, targetName });
  step(4, 'Checking what the kernel allows');
  const started = await start(elevator, path.value, binary.value, facts.value, options, (text) => {
    step(5, text);
  });
  if (!started.ok) return started;
  step(6, 'Connecting to the agent');
  return ok({ facts: facts.value, path: path.value, socket: started.value });
}

/** Has the agent itself look whether it can run, and then be started: one run as root, for each may ask the user. */
async function start(
  elevator: Elevator,
  path: string,
  binary: AgentBinary,
  facts: TargetFacts,
  options: StartOptions,
  onProgress: (text: string) => void,
): Promise<Result<string>> {
  const { lease: held } = options;
  const lease =
    held === undefined
      ? []
      : [
          ...['--lease', `${held.seconds}s`, '--keep', `${held.keepSeconds}s`],
          ...['--holder', held.holder.id, '--holder-name', held.holder.description],
        ];
  const window = options.windowSeconds === undefined ? [] : ['--window', `${options.windowSeconds}s`];
  const debuginfod = options.debuginfod === undefined ? [] : ['--debuginfod', options.debuginfod];
  const naming = options.naming === undefined ? [] : ['--naming', namingArgument(options.naming)];
  if (naming.join().length > longestNaming) {
    return fail('invalid-input', 'The relabel rules of this target are too long for a start: make them shorter.');
  }
  const replace = options.replace === true ? ['--replace'] : [];
  const args = [
    'start',
    '--uid',
    String(facts.uid),
    '--upload-dir',
    facts.cacheFolder,
    ...replace,
    ...window,
    ...debuginfod,
    ...naming,
    ...(options.atBoot === true ? ['--at-boot'] : []),
    ...lease,
  ];
  const ran = await elevator.run(verifiedStart(path, binary, args), {
    timeoutMs: startTimeoutMs,
    signal: options.signal,
    onLine: (line) => {
      const said = line.trim();
      if (said !== '') onProgress(said.startsWith('{') ? 'Starting the agent' : said.slice(0, 200));
    },
  });
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  if (code === agentChanged) return changedAfterSent(facts.cacheFolder, stderr);
  if (code === agentNotExecutable) return notExecutable(stderr);
  const detail = `exit ${String(code)}\n${stdout}\n${stderr}`.slice(0, 4000);
  const report = lastJson(stdout, Report);
  if (report === undefined) return fail('agent-failed', 'The agent cannot run there.', detail);
  const [refusal] = report.refusals;
  if (refusal !== undefined) {
    const all = report.refusals.map((each) => `${each.code}: ${each.message}`).join('\n');
    return fail(refusal.code === 'no_disk_space' ? 'no-space' : 'no-ebpf', refusal.message, all);
  }
  const answer = lastJson(stdout, Started);
  if (code === 0 && answer !== undefined && answer.state !== 'failed') {
    return ok(answer.socket === '' ? agentSocket(facts.uid) : answer.socket);
  }
  const reason = answer?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  return fail('agent-failed', reason === '' ? 'The agent did not start.' : reason.slice(0, 500), detail);
}

function notExecutable(stderr: string): Result<never> {
  return fail(
    'agent-failed',
    'Root may not copy the agent to /opt, /var/lib, /var/tmp or /tmp there and run it (full, read-only or mounted noexec?): make room in one of them.',
    stderr.slice(0, 2000),
  );
}
