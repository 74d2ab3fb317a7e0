import { fail, ok, type Result } from '../../contract/result.js';
import { dockerFailure, dockerOver } from '../docker/docker-link.js';
import { engineInfo } from '../docker/engine-info.js';
import type { Address, Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { doasNeedsTerminal, rightsOf, rightsScript, type Rights } from './rights.js';
import { placeScript } from './upload-place.js';

/** What is known of a target before anything is put on it. */
export interface TargetFacts {
  readonly uid: number;
  readonly user: string;
  /** "Linux". */
  readonly kernelName: string;
  /** uname -r. */
  readonly kernel: string;
  /** uname -m. */
  readonly machine: string;
  readonly rights: Rights;
  /** Where a desktop's own question for rights can be shown: pkexec is there. */
  readonly pkexec: boolean;
  /** Where agents are put: an absolute path. */
  readonly cacheFolder: string;
  /** Free for the user there; undefined when df does not say. */
  readonly freeBytes: number | undefined;
  /** Kernel types for eBPF are there. */
  readonly btf: boolean;
  /** Whether a user may read other processes of the same user, as py-spy does: where Yama does not forbid it. */
  readonly ownReadable: boolean;
  /** What an agent stored is there. */
  readonly stored: boolean;
  /** And what one keeps while it runs is not: the machine was started anew since. */
  readonly wentDown: boolean;
  /** Agents that were put there, newest last. */
  readonly installed: readonly string[];
}

/** Where an agent keeps what it sampled: across reboots, and only root may look into it. */
export const agentStore = '/var/lib/pyrometer';
/** And its sockets, which a reboot takes away. */
export const agentRunDirectory = '/run/pyrometer';

const script = `
# Looks at the target; changes nothing.
say() { printf '%s=%s\\n' "$1" "$2"; }
say uid "$(id -u)"; say user "$(id -un)"
say kernelName "$(uname -s)"; say kernel "$(uname -r)"; say machine "$(uname -m)"
${rightsScript}
if command -v pkexec >/dev/null 2>&1; then say pkexec yes; fi
if [ -e /sys/kernel/btf/vmlinux ]; then say btf yes; fi
if [ "$(uname -s)" = Linux ] && [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; then
  say ownReadable yes
fi
if [ -d ${agentStore} ]; then say stored yes; [ -d ${agentRunDirectory} ] || say wentDown yes; fi
${placeScript}
say cacheFolder "$cache/pyrometer/agent"
near "$cache"
say freeKb "$(df -Pk -- "$at" 2>/dev/null | awk 'NR==2 {print $4}')"
for f in $(ls -tr "$cache/pyrometer/agent" 2>/dev/null); do
  [ -f "$cache/pyrometer/agent/$f/pyrometer-agent" ] && say installed "$cache/pyrometer/agent/$f/pyrometer-agent"
done
:`;

/** What `uname -s` would be of a Docker engine alone. */
export const engineKernelName = 'Docker';

/** A Docker engine alone tells of its machine what containers see of it. */
async function lookAtEngine(link: Link, engine: Address, signal?: AbortSignal): Promise<Result<TargetFacts>> {
  try {
    const { kernel, machine } = await engineInfo(dockerOver(link, engine), signal);
    return ok({
      uid: -1,
      user: '',
      kernelName: engineKernelName,
      kernel,
      machine,
      rights: 'none',
      pkexec: false,
      cacheFolder: '',
      freeBytes: undefined,
      btf: false,
      ownReadable: false,
      stored: false,
      wentDown: false,
      installed: [],
    });
  } catch (error) {
    return dockerFailure(error, 'Docker there did not answer: check that its engine runs.');
  }
}

/** Looks at a target; changes nothing. */
export async function lookAt(link: Link, signal?: AbortSignal): Promise<Result<TargetFacts>> {
  if (link.engine !== undefined) return lookAtEngine(link, link.engine, signal);
  const result = await runScript(link, script, [], signal === undefined ? {} : { signal });
  if (!result.ok) return result;
  const said = new Map<string, string>();
  const installed: string[] = [];
  for (const line of result.value.stdout.split('\n')) {
    const at = line.indexOf('=');
    if (at < 0) continue;
    if (line.slice(0, at) === 'installed') installed.push(line.slice(at + 1));
    else said.set(line.slice(0, at), line.slice(at + 1));
  }
  const uid = Number(said.get('uid'));
  const cacheFolder = said.get('cacheFolder') ?? '';
  if (!Number.isInteger(uid) || !cacheFolder.startsWith('/')) {
    return fail(
      'unsupported',
      'The account there has no home folder: give it one, or log in as another user.',
      result.value.stdout.slice(0, 2000) + result.value.stderr.slice(0, 2000),
    );
  }
  const freeKb = Number.parseInt(said.get('freeKb') ?? '', 10);
  return ok({
    uid,
    user: said.get('user') ?? '',
    kernelName: said.get('kernelName') ?? '',
    kernel: said.get('kernel') ?? '',
    machine: said.get('machine') ?? '',
    rights: rightsOf(said.get('rights')),
    pkexec: said.get('pkexec') === 'yes',
    cacheFolder,
    freeBytes: Number.isNaN(freeKb) ? undefined : freeKb * 1024,
    btf: said.get('btf') === 'yes',
    ownReadable: said.get('ownReadable') === 'yes',
    stored: said.get('stored') === 'yes',
    wentDown: said.get('wentDown') === 'yes',
    installed,
  });
}

/** The control socket of the login user, in the agent's run directory. */
export function agentSocket(uid: number, runDirectory = agentRunDirectory): string {
  return `${runDirectory}/control-${uid}.sock`;
}

/** Whether an agent can be started, as far as that can be told without putting it there. */
export function agentPossible(facts: TargetFacts): Result<null> {
  if (facts.kernelName === engineKernelName) {
    return fail(
      'unsupported',
      'This is a Docker engine alone: nobody logs in to its machine, so the agent cannot be put there. Add that machine as a server where you can.',
    );
  }
  if (facts.kernelName !== 'Linux') {
    return fail('unsupported', `The agent runs on Linux only, and this is ${facts.kernelName}.`);
  }
  if (facts.rights === 'doas-password') return fail('no-sudo', doasNeedsTerminal(facts.user));
  if (facts.rights === 'none' && !facts.pkexec) {
    return fail('no-sudo', `The agent needs root: give "${facts.user}" sudo, or connect as another user.`);
  }
  if (!facts.btf) {
    return fail(
      'no-ebpf',
      `The kernel ${facts.kernel} does not describe its types (no /sys/kernel/btf/vmlinux), which the agent's eBPF needs: use a newer one.`,
    );
  }
  return ok(null);
}
