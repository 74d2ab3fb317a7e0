import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { record as recordTarget } from '../engine/deploy/record.js';
import type { SessionOptions } from '../engine/deploy/session.js';
import { HostKeys } from '../engine/link/host-keys.js';
import { checkWritable } from '../engine/profiles/share.js';
import type { Result } from '../contract/result.js';
import type { TargetConfig, TargetState } from '../contract/target.js';
import type { Command, RecordTarget } from './arguments.js';
import { dataDir } from './data-dir.js';
import type { Progress } from './progress.js';
import { terminalPrompter } from './terminal-prompter.js';
import { writeProfile, type Written } from './write-profile.js';

function configOf(target: RecordTarget, identity: string | undefined): TargetConfig {
  if (target.kind === 'local') return { kind: 'local', id: 'local', name: hostname() };
  return {
    kind: 'ssh',
    id: 'cli',
    name: `${target.user}@${target.host}`,
    host: target.host,
    port: target.port,
    user: target.user,
    authentication: identity === undefined ? { method: 'agent' } : { method: 'key', path: identity },
  };
}

/** What a session is made with, whatever it is for. */
export function connectionParts(
  target: RecordTarget,
  identity: string | undefined,
): Pick<SessionOptions, 'config' | 'prompter' | 'hostKeys' | 'resourcesDir'> {
  return {
    config: configOf(target, identity),
    prompter: terminalPrompter,
    hostKeys: new HostKeys(join(dataDir(), 'known_hosts')),
    resourcesDir: join(import.meta.dirname, '..', '..', 'resources'),
  };
}

/** What a target's state is in words, for the line of progress. */
function inWords({ link, agent }: TargetState): string {
  if (link.state !== 'connected') return link.message ?? 'connecting';
  if (agent.step !== undefined) return `step ${agent.step.number} of ${agent.step.of}: ${agent.step.text}`;
  return agent.message ?? link.message ?? 'looking at the target';
}

/** Records everything, or one service, on a target and writes the result. */
export async function record(
  command: Extract<Command, { name: 'record' }>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<Written>> {
  // Nobody shall record for an hour and then hear that there is no such folder.
  const writable = await checkWritable(command.out);
  if (!writable.ok) return writable;
  let sampling = false;
  const recorded = await recordTarget({
    ...connectionParts(command.target, command.identity),
    seconds: command.seconds,
    service: command.service,
    times: command.times,
    holder: { id: randomUUID(), description: `npm start -- record of ${userInfo().username} on ${hostname()}` },
    onChange: (state) => {
      if (!sampling) progress.show(inWords(state));
    },
    onProgress: (seconds, wanted) => {
      sampling = true;
      const text =
        seconds < wanted
          ? `recording, ${String(Math.floor(seconds))} of ${String(wanted)} s`
          : command.times
            ? 'waiting for the last samples and their names'
            : 'waiting for the last window';
      progress.show(text, seconds / wanted);
    },
    signal,
  });
  if (!recorded.ok) return recorded;
  for (const note of recorded.value.notes) process.stderr.write(`${note}\n`);
  progress.show(`writing ${command.out}`);
  return writeProfile(recorded.value.bytes, {
    path: command.out,
    format: command.format,
    title: recorded.value.title,
    asItIs: command.times,
  });
}
