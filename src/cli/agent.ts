import { TargetSession } from '../engine/deploy/session.js';
import { ok, type Result } from '../contract/result.js';
import type { Leftover } from '../contract/target.js';
import type { Command } from './arguments.js';
import { printable } from './printable.js';
import { connectionParts } from './record.js';

const kinds = { binary: 'the agent', store: 'profiles and log', sockets: 'sockets and state' } as const;

function lineOf({ kind, path, byteLength }: Leftover): string {
  const size = byteLength === undefined ? '' : `, ${(byteLength / 1e6).toFixed(1)} MB`;
  return `${printable(path)}  (${kinds[kind]}${size})`;
}

/** Lists or removes what of ours lies on a target. Answers the lines to print. */
export async function agentCommand(
  command: Extract<Command, { name: 'agent' }>,
  signal: AbortSignal,
): Promise<Result<readonly string[]>> {
  const session = new TargetSession({
    ...connectionParts(command.target, command.identity),
    onChange: () => undefined,
  });
  try {
    const connected = await session.connect(signal);
    if (!connected.ok) return connected;
    const found = await session.leftovers(signal);
    if (!found.ok) return found;
    if (found.value.length === 0) return ok(['Nothing of Pyrometer is there.']);
    const lines = found.value.map(lineOf);
    if (command.action === 'list') return ok(lines);
    const removed = await session.removeLeftovers(command.force, signal);
    return removed.ok ? ok(lines.map((line) => `removed ${line}`)) : removed;
  } finally {
    session.dispose();
  }
}
