import type { Link } from '../link/link.js';
import { silentPrompter } from '../link/prompter.js';
import { Elevator } from './elevate.js';
import { agentStore, type TargetFacts } from './facts.js';
import { removeLeftovers } from './remove-leftovers.js';
import { isRootFree } from './rights.js';

const lookTimeoutMs = 30_000;

/** $1 the store, in which an agent noted that what lies there is a recording's, and for how long it stays: seconds after its last window. */
const script = `
# Looks how long what a recording stored is to stay; changes nothing.
keep=$(cat -- "$1/profiles.db.recording" 2>/dev/null)
case $keep in ''|*[!0-9]*) exit 0;; esac
newest=$(find "$1" -type f -exec stat -c %Y {} + | sort -n | tail -n 1)
echo "left $((newest + keep - $(date +%s)))"
:`;

export interface OutlivedOptions {
  readonly link: Link;
  readonly facts: TargetFacts;
  readonly targetId: string;
  readonly targetName: string;
  readonly resourcesDir: string;
  /** Default /var/lib/pyrometer. */
  readonly store?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What there is to say of a store that no agent has. */
export interface Outlived {
  /** A recording's whose time is over: it is to be removed. */
  readonly over: boolean;
  /** undefined: nothing, as of an agent that was stopped. */
  readonly message: string | undefined;
}

/**
 * Looks at what lies on a target where no agent runs. A keeper removes a recording when its time is over; where the machine went
 * down, nobody did. Asks for no password: where root needs one, how long it stays is not known, and a line says who removes it. (Rejected: to look as soon
 * as a root bridge is there. It was opened for something else, as to read the log, which would be removed under the eyes of who reads it.)
 * Changes nothing.
 */
export async function lookForOutlived(options: OutlivedOptions): Promise<Outlived> {
  const { facts } = options;
  const nothing = { over: false, message: undefined };
  if (!facts.stored) return nothing;
  const left = isRootFree(facts.rights) ? await secondsLeft(options) : undefined;
  if (left !== undefined && left <= 0) return { over: true, message: undefined };
  if (!facts.wentDown) return nothing;
  const message =
    left === undefined
      ? 'An agent ran here until the machine went down. What it stored is still there: a start goes on with it, “What is on it…” removes it.'
      : `A recording ended here when the machine went down. Record goes on with its windows, which stay for ${inWords(left)}.`;
  return { over: false, message };
}

/** Removes a recording whose time is over, with all the rest; not forced: who records there after all is not disturbed. */
export async function removeOutlived(options: OutlivedOptions): Promise<Outlived> {
  const { link, facts, targetId, targetName, resourcesDir, signal } = options;
  const given = { link, facts, targetId, targetName, resourcesDir, signal };
  const removed = await removeLeftovers({ ...given, prompter: silentPrompter, force: false });
  if (removed.ok && removed.value.length === 0) {
    return { over: false, message: 'What a recording left here had outlived its time and was removed.' };
  }
  const why = removed.ok
    ? removed.value.map((rest) => `${rest.path}: ${rest.why}`).join('; ')
    : removed.failure.message;
  return { over: true, message: `What a recording left here has outlived its time and could not be removed: ${why}` };
}

async function secondsLeft({ link, facts, signal, store = agentStore }: OutlivedOptions): Promise<number | undefined> {
  const elevator = new Elevator({ link, facts, prompter: silentPrompter, targetId: '', targetName: '' });
  const looked = await elevator.run(['sh', '-c', script, 'sh', store], { timeoutMs: lookTimeoutMs, signal });
  const said = looked.ok ? /^left (-?\d+)$/m.exec(looked.value.stdout)?.[1] : undefined;
  return said === undefined ? undefined : Number(said);
}

function inWords(seconds: number): string {
  if (seconds < 2 * 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
