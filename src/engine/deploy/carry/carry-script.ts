import { programFolder } from '../verified-start.js';
import { placeScript } from '../upload-place.js';

/**
 * What ssh's only session begins with. It says the mark, then speaks in turns, a line each, since a shell may read ahead in what it is
 * sent only where nothing more was sent yet: facts and "ready"; hears the program's folder, name and SHA-256; "heard"; then "there", or
 * "send" with the path to which it is to go, hears how many bytes come and whether they are compressed, reads them, and says "kept" or
 * "failed" with what is free. Where no folder lets programs run it says "nowhere". At last it becomes the program, whose first line is
 * its key's fingerprint.
 *
 * The program is run as the user that logged in, who may write where it lies: nothing here is root's. Root's own copy does as well, where
 * the user's folders are mounted noexec.
 *
 * $1 the mark, $2 the folder of root's programs.
 */
const script = `
# Has the agent carry this connection; puts it there first where it is not yet, as it is sent on the same connection.
mark=$1 programs=$2 mask=$(umask)
umask 077
say() { printf '%s\\n' "$1" || exit 1; } # else the app would wait for it
say ''; say "$mark"
say "system=$(uname -s)"; say "machine=$(uname -m)"
command -v gzip >/dev/null 2>&1 && say gzip=yes
say ready
read -r version name sum || exit 0
say heard
# By its input: of a name with a backslash the sum is told another way.
same() { case $({ sha256sum <"$1"; } 2>/dev/null) in "$sum "*) ;; *) return 1;; esac; }
carry() { # $1 the program
  say there; umask "$mask"
  exec "$1" login-bridge
}
mine() { [ "$place" != "$spare" ] || [ -O "$spare" ]; } # somebody may have been quicker
runs() { # $1 a folder: whether programs may run there
  mkdir -p -- "$1" && mine && printf '#!/bin/sh\\n' >"$1/.runs.$$" && chmod 700 -- "$1/.runs.$$" && "$1/.runs.$$"
  code=$?; rm -f -- "$1/.runs.$$"
  return $code
}
agent=$programs/$sum/$name
same "$agent" && "$agent" version >/dev/null 2>&1 && carry "$agent"
${placeScript}
for place in "$cache" "$spare"; do
  [ "$place" != "$spare" ] || [ ! -e "$spare" ] || [ -O "$spare" ] || continue
  folder=$place/pyrometer/agent/$version
  runs "$folder" 2>/dev/null || {
    rmdir -- "$folder" "$place/pyrometer/agent" "$place/pyrometer" 2>/dev/null; continue
  }
  agent=$folder/$name
  same "$agent" && carry "$agent"
  part=$agent.part-$$
  trap 'rm -f -- "$part"' EXIT
  trap 'exit 1' HUP INT TERM
  say "send $agent"
  read -r bytes packed || exit 1
  case $packed in
    gzip) head -c "$bytes" | gzip -dc >"$part";;
    *) head -c "$bytes" >"$part";;
  esac 2>/dev/null
  if same "$part" && chmod 755 -- "$part" && mv -f -- "$part" "$agent"; then
    trap - EXIT HUP INT TERM
    carry "$agent"
  fi
  rm -f -- "$part"
  say "failed $(df -Pk -- "$folder" 2>/dev/null | awk 'NR==2 {print $4}')"
  exit 1
done
say "nowhere $cache, $spare"
exit 1
`;

/** The command that ssh's only session runs. */
export function carryCommand(mark: string, programs = programFolder): readonly string[] {
  return ['sh', '-c', script, 'sh', mark, programs];
}
