import { fail, type Failure } from '../../contract/result.js';
import type { TargetProgram } from './install.js';

/** The copy is not the agent that was sent; no program of ours ends so. */
export const agentChanged = 98;
/** As a shell ends where it may not execute a program. */
export const agentNotExecutable = 126;

/** Root's agents, each in a folder that is named by its SHA-256. The agent removes it with all else that is its own. */
export const programFolder = '/opt/pyrometer';
/** Where root copies the agent to for a moment where it may not lie there, the first that can be used, and how its copies begin. */
export const copyPlaces = ['/var/lib', '/var/tmp', '/tmp'];
export const copyName = '.pyrometer-agent-';
/** And those of py-spy, which are there for as long as it records. */
export const pySpyCopyName = '.pyrometer-py-spy-';

/**
 * The uploaded binary lies in a folder of the login user, where every program of that user could exchange it between our
 * comparison and the start. So what runs as root copies it to where only root may write, compares the copy and runs that
 * one. Rejected: comparing in place, for who has the file open can write to it afterwards. It stays in a folder of its own, root's
 * up to the file system's root, until the agent is removed; where there is no such place (/opt is missing, read-only, noexec or
 * others may write there) it goes again once the agent has started, which needs its file no more. /var/lib comes first then, for
 * packages run their programs there, where /tmp and /run often forbid it.
 *
 * $1 the binary, $2 its SHA-256, $3 whether it is to say first if it can run, $4 the folder of root's agents, then the arguments of
 * its last run.
 */
const script = `
# Copies the agent to where only root may write, compares its SHA-256 and runs the copy.
# It keeps profiles and log in /var/lib/pyrometer, sockets and state in /run/pyrometer; "agent remove" takes them away.
file=$1 sum=$2 look=$3 programs=$4; shift 4
umask 077; export LC_ALL=C
folder= kept= made=
tidy() { # $1 how it ended
  [ -z "$folder" ] || rm -rf -- "$folder"
  [ -z "$made" ] || [ "$1" = 0 ] || { rm -rf -- "$kept"; rmdir -- "$programs" 2>/dev/null; }
}
trap 'tidy $?' EXIT
trap 'exit 1' HUP INT TERM
same() { case $(sha256sum -- "$1" 2>/dev/null) in "$sum "*) ;; *) return 1;; esac; }
fill() { # $1 where: the copy, once it is right
  cp -- "$file" "$1" && chmod 755 -- "$1" || return
  # One that is gone was taken away by another start or a keeper: nobody changed it.
  same "$1" || { [ ! -e "$1" ] || exit ${agentChanged}; return 1; }
  "$1" version >/dev/null
}
roots() { [ -z "$(find "$1" -maxdepth 0 \\( ! -type d -o ! -user 0 -o -perm -020 -o -perm -002 \\) 2>&1)" ]; }
settle() { # has the agent in root's folder for it
  above=$(dirname -- "$programs")
  while roots "$above"; do
    [ "$above" != / ] || break
    above=$(dirname -- "$above")
  done
  [ "$above" = / ] || return
  kept=$programs/$sum
  for d in "$programs" "$kept"; do
    [ -e "$d" ] || mkdir -m 755 -- "$d" || return
    roots "$d" || return
  done
  agent=$kept/pyrometer-agent
  same "$agent" && "$agent" version >/dev/null && return
  made=yes; part=$kept/.pyrometer-agent.$$
  fill "$part" && mv -f -- "$part" "$agent"
}
# What a power cut left.
find ${copyPlaces.join(' ')} -maxdepth 1 -name '${copyName}*' -user 0 -mmin +60 -exec rm -rf -- {} + 2>/dev/null
put() {
  settle 2>/dev/null && return
  tidy 1; made=
  for place in ${copyPlaces.join(' ')}; do
    folder=$(mktemp -d "$place/${copyName}XXXXXXXX") || continue
    agent=$folder/pyrometer-agent
    fill "$agent" && return
    rm -rf -- "$folder"; folder=
  done
  exit ${agentNotExecutable}
}
run() {
  [ "$look" = no ] || "$agent" preflight --json || return
  "$agent" "$@"
}
put
run "$@"; code=$?
# The keeper of an agent that has just ended took the copy away with all else of it: once more.
if [ $code = 127 ] && [ ! -e "$agent" ]; then
  sleep 1
  put
  run "$@"; code=$?
fi
exit $code
`;

/** The command that root runs to start the agent at `path`: it prints preflight's report, then what the agent prints. */
export function verifiedStart(
  path: string,
  binary: Pick<TargetProgram, 'sha256'>,
  args: readonly string[],
  programs = programFolder,
): readonly string[] {
  return ['sh', '-c', script, 'sh', path, binary.sha256, 'yes', programs, ...args];
}

/** The command that root runs to have the agent at `path` do something else than start. */
export function verifiedCommand(
  path: string,
  binary: Pick<TargetProgram, 'sha256'>,
  args: readonly string[],
  programs = programFolder,
): readonly string[] {
  return ['sh', '-c', script, 'sh', path, binary.sha256, 'no', programs, ...args];
}

/** What to say of `agentChanged`. */
export function changedAfterSent(cacheFolder: string, said: string): { ok: false; failure: Failure } {
  return fail(
    'upload-corrupt',
    `The agent in ${cacheFolder} was changed after it was sent and was not started: look who writes there.`,
    said.slice(0, 2000),
  );
}
