import { dirname } from 'node:path/posix';
import { placeScript } from '../upload-place.js';
import { copyPlaces, programFolder } from '../verified-start.js';
import { fine, refused, warning, type Probe, type Said } from './probe.js';

const megabyte = 1024 * 1024;
/** For the agent's program and the hour after: the same as the agent asks for itself. */
const neededMegabytes = 64;

export const space: Probe = {
  script: `${placeScript}
for place in "$cache" /var/lib/pyrometer; do
  near "$place"
  set -- $(df -Pk -- "$at" 2>/dev/null | awk 'NR==2 {print $4}') 
  say kb "$place=\${1:-}"
  set -- $(df -Pi -- "$at" 2>/dev/null | awk 'NR==2 && $2>0 {print $4}')
  [ -n "\${1:-}" ] && say files "$place=$1"
done
near "$cache"; [ -w "$at" ] || say readonly "$HOME"`,
  judge: (said) => {
    const [readonly] = said.all('readonly');
    if (readonly !== undefined) {
      return refused(
        `${readonly} cannot be written to`,
        'The agent is sent to the cache folder of the user: give the user a home folder that can be written to, or log in as another user.',
      );
    }
    const full = placesOf(said, 'files').find(({ value }) => value === 0);
    if (full !== undefined) {
      return refused(
        `no more files on the disk of ${full.place}`,
        'Its inodes are used up: remove some files there, their size does not matter.',
      );
    }
    const rooms = placesOf(said, 'kb').map(({ place, value }) => ({ place, bytes: value * 1024 }));
    const found = rooms.map(({ place, bytes }) => `${inWords(bytes)} for ${place}`).join(', ');
    const small = rooms.find(({ bytes }) => bytes < neededMegabytes * megabyte);
    if (small !== undefined) {
      return refused(found, `Make room for ${neededMegabytes} MB on the disk of ${small.place}.`);
    }
    return fine(found === '' ? 'not told by df' : found);
  },
};

function placesOf(said: Said, key: string): readonly { readonly place: string; readonly value: number }[] {
  return said.all(key).flatMap((text) => {
    const at = text.lastIndexOf('=');
    const value = Number.parseInt(text.slice(at + 1), 10);
    return Number.isNaN(value) ? [] : [{ place: text.slice(0, at), value }];
  });
}

function inWords(bytes: number): string {
  return bytes >= 1024 * megabyte ? `${(bytes / 1024 / megabyte).toFixed(1)} GB` : `${Math.floor(bytes / megabyte)} MB`;
}

/** Where root copies the agent and runs it. */
const rootPlaces = [dirname(programFolder), ...copyPlaces];

export const noexec: Probe = {
  script: `${placeScript}
near "$cache"; say home "$(readlink -f -- "$at")"
for place in ${rootPlaces.join(' ')}; do
  [ -d "$place" ] || [ "$place" != ${dirname(programFolder)} ] || continue
  near "$place"; say root "$(readlink -f -- "$at")"
done
while read -r device at type options rest; do say mount "$at $options"; done < /proc/mounts`,
  judge: (said) => {
    const mounts = said.all('mount').map((line) => {
      const at = line.indexOf(' ');
      return { path: unescaped(line.slice(0, at)), options: line.slice(at + 1).split(',') };
    });
    const forbidden = (folder: string): boolean => mountOf(mounts, folder)?.options.includes('noexec') === true;
    const usable = said.all('root').filter((folder) => !forbidden(folder));
    if (usable.length === 0) {
      return refused(
        `${rootPlaces.join(', ')} are mounted noexec`,
        'Root runs the agent from one of them: mount one without noexec.',
      );
    }
    const [place = ''] = usable;
    const home = said.one('home');
    // What root keeps there anybody may run.
    if (forbidden(home) && place === dirname(programFolder)) {
      return fine(`${place}; ${home} is mounted noexec, which is in nobody's way`);
    }
    if (forbidden(home)) {
      return warning(
        `${place}; ${home} is mounted noexec`,
        'The agent runs all the same. Only where the SSH server forwards no sockets it would have to run there, too: allow AllowStreamLocalForwarding in sshd_config then.',
      );
    }
    return fine(place);
  },
};

interface Mount {
  readonly path: string;
  readonly options: readonly string[];
}

/** The mount that a folder lies on: the last of the longest, since later ones cover earlier ones. */
export function mountOf(mounts: readonly Mount[], folder: string): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const within = mount.path === '/' || folder === mount.path || folder.startsWith(`${mount.path}/`);
    if (within && mount.path.length >= (found?.path.length ?? 0)) found = mount;
  }
  return found;
}

/** /proc/mounts writes blanks and backslashes as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

const programs = ['sha256sum', 'mktemp', 'cp', 'mv', 'chmod', 'mkdir', 'find', 'wc', 'cat'];

export const tools: Probe = {
  script: `
for t in ${programs.join(' ')}; do command -v "$t" >/dev/null 2>&1 || say missing "$t"; done
# A shell of busybox has cp in itself, at no path.
case "$(readlink -f -- "$(command -v cp)") $(cp --help 2>&1 | head -n 1)" in *[Bb]usy[Bb]ox*) say userland busybox;; *) say userland coreutils;; esac
for l in /lib/ld-musl-*; do [ -e "$l" ] && say library musl; done`,
  judge: (said) => {
    const missing = said.all('missing');
    if (missing.length > 0) {
      return refused(
        `no ${missing.join(', ')}`,
        'The agent is sent and verified with them: install coreutils and findutils (or busybox with them).',
      );
    }
    const library = said.one('library') === '' ? '' : ' and musl; the agent needs no C library';
    return fine(`${said.one('userland')}${library}`);
  },
};
