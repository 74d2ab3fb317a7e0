import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import type { Link } from '../link/link.js';
import { Collector } from '../pyspy/slice-output.js';
import { memoryFolder, putInFolder, removeFolder } from './places.js';
import type { MemoryPlace, Ran } from './record-memory.js';

/** How the script ends where it refuses; no program of ours ends so. */
const refused = 95;
const noSetpriv = 96;

/**
 * Has the interpreter of a process run a script as the user whose process it is. Root only gives its rights up: who owns a
 * process chooses the program that is run, so it is never run as root, and its path is the kernel's word and not the
 * command line's. That one is taken where it leads to the same file, as in a virtual environment. A process of another root
 * file system is refused: its interpreter's path means another file here.
 *
 * $1 the process, $2 the folder of its user, $3 the folder that files were sent to, then the interpreter's arguments.
 */
const script = `
# Runs the interpreter of a process as the user whose process it is, never as root; removes the folder that it needed.
pid=$1 folder=$2 sent=$3; shift 3
export LC_ALL=C
all_of() { # $1 Uid or Gid: the one that it is in every way
  sed -n "s/^$1:[[:space:]]*\\([0-9]*\\)[[:space:]]*\\1[[:space:]]*\\1[[:space:]]*\\1\\$/\\1/p" "/proc/$pid/status" 2>/dev/null
}
uid=$(all_of Uid) gid=$(all_of Gid)
case $uid in ''|0) exit ${refused};; esac
[ -n "$gid" ] && [ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ] || exit ${refused}
own=$(readlink "/proc/$pid/exe") || exit ${refused}
word=$(tr '\\0' '\\n' <"/proc/$pid/cmdline" | head -n 1)
case $word in /*) [ "$(readlink -f -- "$word")" != "$own" ] || own=$word;; esac
[ "$(all_of Uid)" = "$uid" ] || exit ${refused}
command -v setpriv >/dev/null || exit ${noSetpriv}
groups=--clear-groups; ! id "$uid" >/dev/null 2>&1 || groups=--init-groups
cd /
exec env -i LC_ALL=C PATH=/usr/local/bin:/usr/bin:/bin \\
  setpriv --reuid "$uid" --regid "$gid" "$groups" --no-new-privs -- sh -c '
    folder=$1 sent=$2; shift 2
    if [ -d "$sent" ]; then mkdir -m 755 -- "$folder" && cp -- "$sent"/*.whl "$folder" || exit ${refused}; fi
    "$@"; ended=$?
    rm -rf -- "$folder"
    exit "$ended"' sh "$folder" "$sent" "$own" "$@"`;

/** A process of another user than who is logged in, on a machine where that one may become root. */
export function ownerPlace(link: Link, elevator: Elevator, pid: number, owner: string): MemoryPlace {
  const sent = memoryFolder(owner);
  const folder = `${sent}-owner`;
  /** A run was given up: its end may not have come. */
  let givenUp = false;
  return {
    folder,
    interpreters: ['the one of the process'],
    async run([, ...args], timeoutMs): Promise<Result<Ran>> {
      const output = new Collector();
      givenUp = true;
      const ran = await elevator.run(['sh', '-c', script, 'sh', String(pid), folder, sent, ...args], {
        timeoutMs,
        onBytes: (bytes) => output.write(bytes),
      });
      if (!ran.ok) return ran;
      givenUp = false;
      const { code, stderr } = ran.value;
      if (code === refused) {
        return fail(
          'refused',
          'memray is not let near this process: it has ended, is root’s, runs in a container, or changes its user. Log in as who runs it.',
          stderr.slice(-2000),
        );
      }
      if (code === noSetpriv) {
        return fail(
          'unsupported',
          'That machine has no setpriv, by which memray would run as the user of the process: install util-linux there, or log in as that user.',
        );
      }
      return ok({ code, stdout: output.text, stderr });
    },
    put: (files) => putInFolder(link, sent, files),
    async clean() {
      await removeFolder(link, sent);
      if (!givenUp) return; // the run removed what it needed
      givenUp = false;
      const removed = await elevator.run(['rm', '-rf', '--', folder], { timeoutMs: 30_000 });
      if (!removed.ok || removed.value.code !== 0) console.error(`memray: ${folder} was left`);
    },
  };
}
