import type { TargetProgram } from './install.js';

/** The copy is not the agent that was sent; no program of ours ends so. */
export const agentChanged = 98;
/** As a shell ends where it may not execute a program. */
export const agentNotExecutable = 126;

/** Where root copies the agent to, the first that can be used, and how its copies begin. */
export const copyPlaces = ['/var/lib', '/var/tmp', '/tmp'];
export const copyName = '.pyrometer-agent-';
/** And those of py-spy, which are there for as long as it records. */
export const pySpyCopyName = '.pyrometer-py-spy-';

/**
 * The uploaded binary lies in a folder of the login user, where every program of that user could exchange it between our
 * comparison and the start. So what runs as root copies it to where only root may write, compares the copy and runs that
 * one; the running agent needs its file no more. Rejected: comparing in place, for who has the file open can write to it
 * afterwards. /var/lib comes first, for packages run their programs there, where /tmp and /run often forbid it.
 *
 * $1 the binary, $2 its SHA-256, $3 whether it is to say first if it can run, then the arguments of its last run.
 */
const script = `
# Copies the agent to where only root may write, compares its SHA-256 and runs the copy.
# It keeps profiles and log in /var/lib/pyrometer, sockets and state in /run/pyrometer; "agent remove" takes them away.
file=$1 sum=$2 look=$3; shift 3
umask 077; export LC_ALL=C
folder=
trap '[ -z "$folder" ] || rm -rf -- "$folder"' EXIT
trap 'exit 1' HUP INT TERM
# What a power cut left.
find ${copyPlaces.join(' ')} -maxdepth 1 -name '${copyName}*' -user 0 -mmin +60 -exec rm -rf -- {} + 2>/dev/null
for place in ${copyPlaces.join(' ')}; do
  folder=$(mktemp -d "$place/${copyName}XXXXXXXX") || continue
  agent=$folder/pyrometer-agent
  if cp -- "$file" "$agent" && chmod 700 -- "$agent"; then
    case $(sha256sum -- "$agent") in "$sum "*) ;; *) exit ${agentChanged};; esac
    "$agent" version >/dev/null && break
  fi
  rm -rf -- "$folder"; folder=
done
[ -n "$folder" ] || exit ${agentNotExecutable}
[ "$look" = no ] || "$agent" preflight --json || exit
"$agent" "$@"
`;

/** The command that root runs to start the agent at `path`: it prints preflight's report, then what the agent prints. */
export function verifiedStart(
  path: string,
  binary: Pick<TargetProgram, 'sha256'>,
  args: readonly string[],
): readonly string[] {
  return ['sh', '-c', script, 'sh', path, binary.sha256, 'yes', ...args];
}

/** The command that root runs to have the agent at `path` do something else than start. */
export function verifiedCommand(
  path: string,
  binary: Pick<TargetProgram, 'sha256'>,
  args: readonly string[],
): readonly string[] {
  return ['sh', '-c', script, 'sh', path, binary.sha256, 'no', ...args];
}
