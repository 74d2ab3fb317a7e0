import type Docker from 'dockerode';
import type { Leftover } from '../../contract/target.js';
import { ok, type Result } from '../../contract/result.js';
import { dockerOver } from '../docker/docker-link.js';
import { findDocker } from '../docker/find-docker.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { silentPrompter } from '../link/prompter.js';
import { listSidecars, type ListedSidecar } from '../pyspy/sidecar.js';
import { Elevator } from './elevate.js';
import { agentRunDirectory, agentStore, type TargetFacts } from './facts.js';
import { isRootFree } from './rights.js';
import { copyName, copyPlaces, programFolder, pySpyCopyName } from './verified-start.js';

const listTimeoutMs = 30_000;

/** Folders of root's on a target; looking at what is in them needs root. */
const store = agentStore;
const runDirectory = agentRunDirectory;
/** Where the agent notes that it mounted tracefs, and where it did. */
const mountNote = `${runDirectory}/tracefs-mounted`;
const mountPath = '/sys/kernel/tracing';
/** What makes the agent come back after a reboot. */
const unit = '/etc/systemd/system/pyrometer-agent.service';

/** Copies that root's start made and could not remove, as when it was killed; a younger one may be starting. */
export const findCopies = `find ${copyPlaces.join(' ')} -maxdepth 1 \\( -name '${copyName}*' -o -name '${pySpyCopyName}*' \\) -user 0 -mmin +5`;

/** $1 the folder of the agents that were sent; then the processes that were there before, which a record may name no more. */
const findScript = `
# Lists what Pyrometer put there; changes nothing.
cache=$1; shift
process() { # $1 a pid
  words=$(tr '\\0' ' ' 2>/dev/null <"/proc/$1/cmdline") || return 0
  case $words in
    *pyrometer-agent\\ run\\ *) printf 'process %s pyrometer-agent run\\n' "$1";;
    *pyrometer-agent\\ keeper\\ *) printf 'process %s pyrometer-agent keeper\\n' "$1";;
  esac
}
recorded=$(sed -n 's/.*"pid":\\([0-9][0-9]*\\).*/\\1/p' ${runDirectory}/agent.json 2>/dev/null)
# Who removes what an agent left outlives it.
for p in "$@" $recorded $(cat ${runDirectory}/keeper.pid 2>/dev/null); do process "$p"; done
if [ -n "$recorded" ]; then
  for f in $(grep -ls "^PPid:[[:space:]]*$recorded$" /proc/[0-9]*/status 2>/dev/null); do
    f=\${f%/status}; process "\${f#/proc/}"
  done
fi
for d in ${store} ${runDirectory} ${unit} ${programFolder}; do [ -e "$d" ] && printf 'there %s\\n' "$d"; done
[ -e ${mountNote} ] && printf 'there %s\\n' ${mountPath}
find ${programFolder} ! -type d -exec printf 'in %s\\n' {} \\; 2>/dev/null
${findCopies} 2>/dev/null | sed 's/^/copy /'
cd -- "$cache" 2>/dev/null && for f in *; do
  [ -d "$f" ] || continue
  printf 'binary %s %s\\n' "$(du -sk -- "$f" | cut -f 1)" "$f"
  find "$f" ! -type d -exec printf 'in %s\\n' {} \\;
done
:`;

const listScript = `
# Lists what lies in root's folders of Pyrometer; changes nothing.
for d in "$@"; do find "$d" ! -type d -exec printf 'in %s\\n' {} \\; ; done
:`;

/** What was found, and what it takes to remove it. */
export interface Found {
  readonly leftovers: readonly Leftover[];
  /** The containers among them, and who removes them. */
  readonly sidecars: { readonly docker: Docker; readonly listed: readonly ListedSidecar[] } | undefined;
}

/**
 * What we put on a target and is there. Changes nothing, and asks for no password: the contents of root's folders are listed
 * where root can be had without one. `before`: processes that were there then.
 */
export async function findLeftovers(
  link: Link,
  facts: TargetFacts,
  signal?: AbortSignal,
  before: readonly Leftover[] = [],
): Promise<Result<Found>> {
  if (link.engine !== undefined) {
    const sidecars = await findSidecars(link, signal);
    return ok({ leftovers: containersOf(sidecars), sidecars });
  }
  const pids = before.flatMap(({ kind, path }) => (kind === 'process' ? [path.split(' ')[0] ?? ''] : []));
  const args = [facts.cacheFolder, ...pids];
  const found = await runScript(link, findScript, args, signal === undefined ? {} : { signal });
  if (!found.ok) return found;
  const lines = [...new Set(found.value.stdout.split('\n'))];
  const leftovers = lines.flatMap((line) => leftoverOf(line, lines, facts.cacheFolder));
  const sidecars = await findSidecars(link, signal);
  return ok({
    leftovers: [...(await withContents(link, facts, leftovers, signal)), ...containersOf(sidecars)],
    sidecars,
  });
}

function containersOf(sidecars: Found['sidecars']): readonly Leftover[] {
  return sidecars?.listed.map(({ name }): Leftover => ({ kind: 'container', path: name })) ?? [];
}

function leftoverOf(line: string, lines: readonly string[], cacheFolder: string): readonly Leftover[] {
  const binary = /^binary (\d+) ([\w.+-]+)$/.exec(line);
  if (binary !== null) {
    const [, kilobytes = '', name = ''] = binary;
    const contents = contentsOf(lines, name);
    return [{ kind: 'binary', path: `${cacheFolder}/${name}`, byteLength: Number(kilobytes) * 1024, contents }];
  }
  const process = /^process (\d+ pyrometer-agent (?:run|keeper))$/.exec(line)?.[1];
  if (process !== undefined) return [{ kind: 'process', path: process }];
  if (line === `there ${store}`) return [{ kind: 'store', path: store }];
  if (line === `there ${runDirectory}`) return [{ kind: 'sockets', path: runDirectory }];
  if (line === `there ${unit}`) return [{ kind: 'unit', path: unit }];
  if (line === `there ${programFolder}`) {
    return [{ kind: 'program', path: programFolder, contents: contentsOf(lines, programFolder) }];
  }
  if (line === `there ${mountPath}`) return [{ kind: 'mount', path: mountPath }];
  return line.startsWith('copy ') ? [{ kind: 'copy', path: line.slice(5) }] : [];
}

/** Where this user may not use Docker, there is no container of ours by this user. */
async function findSidecars(link: Link, signal: AbortSignal | undefined): Promise<Found['sidecars']> {
  const address = await findDocker(link, signal);
  if (!address.ok || address.value === undefined) return undefined;
  const docker = dockerOver(link, address.value);
  const listed = await listSidecars(docker, Date.now());
  return listed.ok ? { docker, listed: listed.value } : undefined;
}

/** What lies in a folder, by lines that name it with the folder in front. */
function contentsOf(lines: readonly string[], folder: string): readonly string[] {
  const begin = `in ${folder}/`;
  return lines.filter((line) => line.startsWith(begin)).map((line) => line.slice(begin.length));
}

async function withContents(
  link: Link,
  facts: TargetFacts,
  leftovers: readonly Leftover[],
  signal: AbortSignal | undefined,
): Promise<readonly Leftover[]> {
  const closed = leftovers.filter(({ kind }) => kind === 'store' || kind === 'sockets' || kind === 'copy');
  if (closed.length === 0 || !isRootFree(facts.rights)) return leftovers;
  const elevator = new Elevator({ link, facts, prompter: silentPrompter, targetId: '', targetName: '' });
  const argv = ['sh', '-c', listScript, 'sh', ...closed.map(({ path }) => path)];
  const listed = await elevator.run(argv, { timeoutMs: listTimeoutMs, signal });
  // Without the list the folders are still told.
  if (!listed.ok || listed.value.code !== 0) return leftovers;
  const lines = listed.value.stdout.split('\n');
  return leftovers.map((each) => (closed.includes(each) ? { ...each, contents: contentsOf(lines, each.path) } : each));
}
