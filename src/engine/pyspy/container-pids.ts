import type Docker from 'dockerode';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import { processesIn } from './containers.js';
import { scriptInside } from './inside.js';
import type { ListedProcess } from './processes.js';

/** A process as its container counts. */
const Inside = v.object({ pid: v.number(), parentPid: v.number(), startedAt: v.number(), command: v.string() });
export type Inside = v.InferOutput<typeof Inside>;

/** Prints all processes of the container but itself as JSON. Runs on every Python from 2.7 on. */
const list = `
import json, os
found = []
for name in os.listdir('/proc'):
    if not name.isdigit() or int(name) == os.getpid():
        continue
    try:
        with open('/proc/' + name + '/stat', 'rb') as file:
            fields = file.read().decode('utf-8', 'replace').rsplit(')', 1)[1].split()
        with open('/proc/' + name + '/cmdline', 'rb') as file:
            command = file.read().decode('utf-8', 'replace').replace(chr(0), ' ')
    except (IOError, OSError):
        continue
    found.append({'pid': int(name), 'parentPid': int(fields[1]), 'startedAt': int(fields[19]), 'command': command})
print(json.dumps(found))
`;

/**
 * The pid by which a container itself knows a process that the engine's machine lists as `pid`. That machine may be one
 * that cannot be asked, so the two lists are laid side by side: both have the same processes in the order in which they
 * began. "not-found" when they do not agree.
 */
export async function pidInside(container: Docker.Container, pid: number): Promise<Result<number>> {
  // A health check, or whatever else runs for a moment, is in one list and not in the other.
  for (let tries = 0; tries < 3; tries++) {
    const outside = await processesIn(container);
    const text = await scriptInside(container, { python: list });
    const parsed = v.safeParse(v.array(Inside), parse(text ?? ''));
    const found = parsed.success ? matchPids(outside, parsed.output).get(pid) : undefined;
    if (found !== undefined) return ok(found);
  }
  return fail(
    'not-found',
    'That process is not there any more, or its container does not tell: choose again, or the container.',
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no Python ran there
  }
}

/** Pids inside by pids outside; empty when the lists are of different processes. */
export function matchPids(outside: readonly ListedProcess[], inside: readonly Inside[]): ReadonlyMap<number, number> {
  const pids = new Map<number, number>();
  if (outside.length !== inside.length) return pids;
  const ours = [...outside].sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0) || a.pid - b.pid);
  const theirs = [...inside].sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid);
  for (const [index, process] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined || !isSame(process.command, other.command)) return new Map();
    pids.set(process.pid, other.pid);
  }
  const isTree = ours.every(({ pid, parentPid }) => {
    const above = pids.get(parentPid);
    const other = inside.find((each) => each.pid === pids.get(pid));
    return above === undefined || above === other?.parentPid;
  });
  return isTree ? pids : new Map();
}

/** ps replaces what cannot be printed, and cuts; programs that name themselves leave blanks behind. */
function isSame(listed: string, own: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/[^\x21-\x7e]+/g, ' ')
      .trim()
      .slice(0, 60);
  return plain(own) === '' || plain(listed) === plain(own);
}
