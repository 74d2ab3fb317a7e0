import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Remainder } from '../../contract/target.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { Prompter } from '../link/prompter.js';
import { removeSidecar } from '../pyspy/sidecar.js';
import { findAgentBinary } from './agent-resources.js';
import { Elevator } from './elevate.js';
import type { TargetFacts } from './facts.js';
import { install } from './install.js';
import { lastJson } from './last-json.js';
import { findCopies, findLeftovers, type Found } from './leftovers.js';
import type { RootAccess } from './root/root-access.js';
import { agentChanged, agentNotExecutable, verifiedCommand } from './verified-start.js';

const removeTimeoutMs = 90_000;
/** `pyrometer-agent remove` ends so while somebody records with the agent. */
const agentHeld = 4;
/** The agent's keeper ends a moment after the agent. */
const looksForProcesses = 10;
const lookEveryMs = 500;

/** What `pyrometer-agent remove` prints last. */
const Removal = v.object({
  removed: v.array(v.string()),
  remains: v.array(v.object({ path: v.string(), why: v.string() })),
});
type Remains = v.InferOutput<typeof Removal>['remains'];

/** rmdir takes away what is empty only; a cache folder of the user's that is empty may have been made for ours. */
const removeScript = `
# Removes the agents that were sent, and the folders above them that are empty then.
rm -rf -- "$1" || exit
at=$(dirname -- "$1")
for n in 1 2; do rmdir -- "$at" 2>/dev/null || break; at=$(dirname -- "$at"); done
:`;

const removeCopiesScript = `
# Removes copies of the agent that a crash left.
${findCopies} -exec rm -rf -- {} + 2>/dev/null
:`;

export interface RemoveOptions {
  readonly link: Link;
  readonly facts: TargetFacts;
  readonly targetId: string;
  readonly targetName: string;
  readonly prompter: Prompter;
  readonly root?: RootAccess | undefined;
  readonly resourcesDir: string;
  /** Also when others record with the agent or py-spy. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stops the agent, removes all that we put on a target, and looks again: answers what remains, and why. "agent-in-use" while
 * others record, unless forced.
 */
export async function removeLeftovers(options: RemoveOptions): Promise<Result<readonly Remainder[]>> {
  const { link, facts, signal } = options;
  const found = await findLeftovers(link, facts, signal);
  if (!found.ok) return found;
  const freed = await removeSidecars(found.value, options.force);
  if (!freed.ok) return freed;
  if (link.engine !== undefined) return whatRemains(options, found.value, [], '');
  const ofRoot = found.value.leftovers.some(({ kind }) => kind !== 'binary' && kind !== 'container');
  const removed = ofRoot ? await removeAsRoot(options) : ok([]);
  if (!removed.ok) return removed;
  // What had it removed is of ours, too.
  await options.root?.close();
  const given = signal === undefined ? {} : { signal };
  const cleared = await runScript(link, removeScript, [facts.cacheFolder], given);
  if (!cleared.ok) return cleared;
  return whatRemains(options, found.value, removed.value, cleared.value.stderr.trim());
}

async function removeSidecars({ sidecars }: Found, force: boolean): Promise<Result<null>> {
  if (sidecars === undefined) return ok(null);
  const { docker, listed } = sidecars;
  const used = listed.filter(({ late }) => !late);
  if (used.length > 0 && !force) {
    return fail('agent-in-use', `Somebody records with py-spy there: ${used.map(({ name }) => name).join(', ')}.`);
  }
  for (const sidecar of listed) await removeSidecar(docker, sidecar);
  return ok(null);
}

/** What belongs to root the agent itself removes: it knows what is its own. Answers what it could not. */
async function removeAsRoot(options: RemoveOptions): Promise<Result<Remains>> {
  const { link, facts, targetId, targetName, prompter, root, signal } = options;
  const binary = await findAgentBinary(options.resourcesDir, facts.machine);
  if (!binary.ok) return binary;
  const path = await install(link, facts, binary.value, { signal });
  if (!path.ok) return path;
  const elevator = new Elevator({ link, facts, prompter, root, targetId, targetName });
  const given = { timeoutMs: removeTimeoutMs, signal };
  const args = ['remove', ...(options.force ? ['--force'] : [])];
  const ran = await elevator.run(verifiedCommand(path.value, binary.value, args), given);
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  if (code === agentHeld) return fail('agent-in-use', said.slice(0, 500));
  if (code === agentChanged || code === agentNotExecutable) {
    return fail('agent-failed', 'Root may not run the agent there, which removes what is its own.', said);
  }
  const removal = lastJson(stdout, Removal);
  if (removal === undefined) {
    return fail('agent-failed', said === '' ? 'Not all could be removed.' : said.slice(0, 500), stdout + stderr);
  }
  const cleared = await elevator.run(['sh', '-c', removeCopiesScript], given);
  return cleared.ok ? ok(removal.remains) : cleared;
}

async function whatRemains(
  { link, facts, signal }: RemoveOptions,
  before: Found,
  remains: Remains,
  rmSaid: string,
): Promise<Result<readonly Remainder[]>> {
  for (let looks = 1; ; looks++) {
    const left = await findLeftovers(link, facts, signal, before.leftovers);
    if (!left.ok) return left;
    const { leftovers } = left.value;
    if (leftovers.some(({ kind }) => kind === 'process') && looks < looksForProcesses) {
      await sleep(lookEveryMs);
      continue;
    }
    return ok(
      leftovers.map((each) => {
        const said = remains.filter(({ path }) => path === each.path || path.startsWith(`${each.path}/`));
        const why = said.map((rest) => (rest.path === each.path ? rest.why : `${rest.path}: ${rest.why}`)).join('; ');
        return { ...each, why: why === '' ? otherwise(each.kind, rmSaid) : why };
      }),
    );
  }
}

/** Why something is still there of which nothing was said. */
function otherwise(kind: Remainder['kind'], rmSaid: string): string {
  if (kind === 'binary' && rmSaid !== '') return rmSaid.slice(0, 500);
  if (kind === 'process') return 'it does not end: look at it with ps';
  if (kind === 'container') return 'Docker did not remove it: look at it with docker ps';
  return 'it was put there meanwhile: look who did, and remove again';
}
