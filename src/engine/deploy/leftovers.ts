import type { Leftover } from '../../contract/target.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { Prompter } from '../link/prompter.js';
import { findAgentBinary } from './agent-resources.js';
import { Elevator } from './elevate.js';
import type { TargetFacts } from './facts.js';
import { install } from './install.js';
import { agentChanged, agentNotExecutable, verifiedCommand } from './verified-start.js';

const removeTimeoutMs = 90_000;
/** `pyrometer-agent remove` ends so while somebody records with the agent. */
const agentHeld = 4;

/** Folders of root's on a target; looking at what is in them would need root. */
const store = '/var/lib/pyrometer';
const runDirectory = '/run/pyrometer';

const findScript = `
cd -- "$1" 2>/dev/null && for f in *; do
  [ -d "$f" ] && du -sk -- "$f"
done
for d in ${store} ${runDirectory}; do [ -e "$d" ] && printf 'there %s\\n' "$d"; done
:`;

const removeScript = `
rm -rf -- "$1" || exit
parent=$(dirname -- "$1")
[ ! -d "$parent" ] || rmdir -- "$parent" 2>/dev/null || :`;

/** What we put on a target and is there: binaries of the login user, and the folders of the agent. Changes nothing. */
export async function findLeftovers(
  link: Link,
  facts: TargetFacts,
  signal?: AbortSignal,
): Promise<Result<readonly Leftover[]>> {
  const found = await runScript(link, findScript, [facts.cacheFolder], signal === undefined ? {} : { signal });
  if (!found.ok) return found;
  const leftovers: Leftover[] = [];
  for (const line of found.value.stdout.split('\n')) {
    const binary = /^(\d+)\s+([\w.+-]+)$/.exec(line);
    if (binary !== null) {
      const [, kilobytes = '', name = ''] = binary;
      leftovers.push({ kind: 'binary', path: `${facts.cacheFolder}/${name}`, byteLength: Number(kilobytes) * 1024 });
    } else if (line === `there ${store}`) leftovers.push({ kind: 'store', path: store });
    else if (line === `there ${runDirectory}`) leftovers.push({ kind: 'sockets', path: runDirectory });
  }
  return ok(leftovers);
}

export interface RemoveOptions {
  readonly link: Link;
  readonly facts: TargetFacts;
  readonly targetId: string;
  readonly targetName: string;
  readonly prompter: Prompter;
  readonly resourcesDir: string;
  /** Also when others record with the agent. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Stops the agent and removes all that we put on a target. "agent-in-use" while others record with it, unless forced. */
export async function removeLeftovers(options: RemoveOptions): Promise<Result<null>> {
  const { link, facts, signal } = options;
  const found = await findLeftovers(link, facts, signal);
  if (!found.ok) return found;
  if (found.value.some(({ kind }) => kind !== 'binary')) {
    const removed = await removeAsRoot(options);
    if (!removed.ok) return removed;
  }
  const given = signal === undefined ? {} : { signal };
  const cleared = await runScript(link, removeScript, [facts.cacheFolder], given);
  if (!cleared.ok) return cleared;
  if (cleared.value.code === 0) return ok(null);
  return fail(
    'agent-failed',
    `The folder ${facts.cacheFolder} cannot be removed: look at its owner and mode.`,
    cleared.value.stderr,
  );
}

/** What belongs to root the agent itself removes: it knows what is its own. */
async function removeAsRoot(options: RemoveOptions): Promise<Result<null>> {
  const { link, facts, targetId, targetName, prompter, signal } = options;
  const binary = await findAgentBinary(options.resourcesDir, facts.machine);
  if (!binary.ok) return binary;
  const path = await install(link, facts, binary.value, { signal });
  if (!path.ok) return path;
  const elevator = new Elevator({ link, facts, prompter, targetId, targetName });
  try {
    const args = ['remove', ...(options.force ? ['--force'] : [])];
    const ran = await elevator.run(verifiedCommand(path.value, binary.value, args), {
      timeoutMs: removeTimeoutMs,
      signal,
    });
    if (!ran.ok) return ran;
    const { code, stdout, stderr } = ran.value;
    const said = stderr.trim().split('\n').at(-1) ?? '';
    if (code === 0) return ok(null);
    if (code === agentHeld) return fail('agent-in-use', said.slice(0, 500));
    if (code === agentChanged || code === agentNotExecutable) {
      return fail('agent-failed', 'Root may not run the agent there, which removes what is its own.', said);
    }
    return fail('agent-failed', said === '' ? 'Not all could be removed.' : said.slice(0, 500), stdout + stderr);
  } finally {
    elevator.dispose();
  }
}
