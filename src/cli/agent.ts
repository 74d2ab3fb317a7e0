import { TargetSession } from '../engine/deploy/session.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { Leftover } from '../contract/target.js';
import type { Command } from './arguments.js';
import { printable } from './printable.js';
import { connectionParts } from './record.js';
import { ask } from './terminal.js';

const kinds = {
  binary: 'the agent',
  store: 'profiles and log',
  sockets: 'sockets and state',
  unit: 'starts the agent after a reboot',
  program: 'the agent that root runs',
  copy: "root's copy of the agent, left by a crash",
  mount: 'mounted by the agent',
  process: 'process',
  container: 'container that runs py-spy',
} as const;

function linesOf({ kind, path, byteLength, contents = [] }: Leftover): readonly string[] {
  const size = byteLength === undefined ? '' : `, ${(byteLength / 1e6).toFixed(1)} MB`;
  return [
    `${printable(path)}  (${kinds[kind]}${size})`,
    ...contents.map((name) => `${printable(path)}/${printable(name)}`),
  ];
}

/** Lists what of ours lies on a target, or removes it, after one question where nobody said yes before. */
export async function agentCommand(
  command: Extract<Command, { name: 'agent' }>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Result<null>> {
  const session = new TargetSession({
    ...connectionParts(command.target, command.identity),
    onChange: () => undefined,
  });
  try {
    const connected = await session.connect(signal);
    if (!connected.ok) return connected;
    const found = await session.leftovers(signal);
    if (!found.ok) return found;
    if (found.value.length === 0) {
      say('Nothing of Pyrometer is there.');
      return ok(null);
    }
    const lines = found.value.flatMap(linesOf);
    if (command.action === 'list') {
      const { state, message } = session.state.agent;
      if (state === 'kept' && message !== undefined) say(printable(message));
      lines.forEach(say);
      return ok(null);
    }
    if (!command.yes) {
      lines.forEach(say);
      const confirmed = await confirm(session.state.config.name);
      if (!confirmed.ok) return confirmed;
    }
    const removed = await session.removeLeftovers(command.force, signal);
    if (!removed.ok) return removed;
    const remains = removed.value.map(({ path, why }) => `${path}: ${why}`);
    const stays = (line: string): boolean =>
      removed.value.some(
        ({ path }) => line.startsWith(`${printable(path)} `) || line.startsWith(`${printable(path)}/`),
      );
    for (const line of lines) if (!stays(line)) say(`removed ${line}`);
    if (remains.length === 0) return ok(null);
    return fail('agent-failed', 'Not all could be removed. What stays, and why:', remains.join('\n'));
  } finally {
    session.dispose();
  }
}

async function confirm(name: string): Promise<Result<null>> {
  const answer = await ask(
    `This stops the agent on ${printable(name)} and deletes all of the above. Type yes to go on: `,
    true,
  );
  if (answer === undefined) return fail('invalid-input', 'Nobody can be asked here: add --yes to remove all of it.');
  return answer.trim().toLowerCase() === 'yes' ? ok(null) : fail('cancelled', 'Nothing was removed.');
}
