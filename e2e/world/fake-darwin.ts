import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSshd, type Sshd } from './sshd';

/**
 * What a Mac answers, as scripts. It is a fake and is called so: the commands behind it, sshd, Docker, Python and py-spy are
 * this machine's. Each program knows the arguments that macOS knows and refuses others, so that what would fail on a Mac
 * fails here.
 */
const programs: Readonly<Record<string, string>> = {
  uname: `
case "$*" in
  ''|-s) echo Darwin ;;
  -r) echo 23.5.0 ;;
  -m) exec /usr/bin/uname -m ;;
  *) echo "uname: the fake knows -s, -r and -m" >&2; exit 1 ;;
esac`,
  sw_vers: `
case "$1" in
  -productName) echo macOS ;;
  -productVersion) echo 14.5 ;;
  *) printf 'ProductName:\\t\\tmacOS\\nProductVersion:\\t\\t14.5\\nBuildVersion:\\t\\t23F79\\n' ;;
esac`,
  // BSD's ps: options in one word behind a dash, no long options, no thread column; -M lists threads. What runs in containers
  // is not among its processes: on a Mac that is in a virtual machine.
  ps: `
for word in "$@"; do
  case "$word" in
    --*|*nlwp*|*etimes*) echo "ps: illegal option or keyword: $word" >&2; exit 1 ;;
  esac
done
case "$1" in
  -M) [ "$2" = -p ] || exit 1; exec /bin/ps -L -p "$3" -o user,pid,tty,pcpu,stat,args ;;
  -axww|-axwwo|-axo) shift ;;
  *) echo "ps: the fake knows -axww, -axwwo and -axo" >&2; exit 1 ;;
esac
[ "$1" != -o ] || shift
/bin/ps -eww -o "$1" | awk '
  function depth(pid,  path, line, words, n) {
    path = "/proc/" pid "/status"
    while ((getline line < path) > 0) if (line ~ /^NSpid:/) n = split(line, words)
    close(path)
    return n
  }
  NR == 1 { own = depth("self"); print; next }
  depth($1) <= own'`,
  sha256sum: `echo "sh: sha256sum: command not found" >&2; exit 127`,
  shasum: `[ "$1" = -a ] && [ "$2" = 256 ] || exit 1; shift 2; exec /usr/bin/sha256sum "$@"`,
  systemctl: `echo "sh: systemctl: command not found" >&2; exit 127`,
};

/** Where programs are looked for after `startFakeDarwin`, so that a Mac's come first. */
export function darwinPath(worldPath: string): string {
  return `${folderOf(worldPath)}:/usr/local/bin:/usr/bin:/bin`;
}

function folderOf(worldPath: string): string {
  return join(worldPath, 'tmp', 'fake-darwin');
}

/** An SSH server whose logins find a Mac's programs first. */
export function startFakeDarwin(worldPath: string): Promise<Sshd> {
  const folder = folderOf(worldPath);
  mkdirSync(folder, { recursive: true });
  for (const [name, body] of Object.entries(programs)) {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${body.trim()}\n`);
    chmodSync(path, 0o755);
  }
  return startSshd({ worldPath, config: [`SetEnv PATH=${darwinPath(worldPath)}`] });
}
