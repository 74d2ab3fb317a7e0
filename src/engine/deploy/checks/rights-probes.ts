import { doasNeedsTerminal, rightsScript } from '../rights.js';
import { fine, refused, warning, type Probe, type Verdict } from './probe.js';

/** Numbers of linux/capability.h: what a running agent cannot do without. */
const neededCapabilities: readonly (readonly [name: string, bit: bigint, adminSuffices: boolean])[] = [
  ['CAP_BPF', 39n, true],
  ['CAP_PERFMON', 38n, true],
  ['CAP_SYS_PTRACE', 19n, false],
  ['CAP_DAC_READ_SEARCH', 2n, false],
  ['CAP_CHECKPOINT_RESTORE', 40n, true],
  ['CAP_SYSLOG', 34n, true],
];
const sysAdmin = 21n;

/** The names of needed capabilities that are not in a mask of /proc/PID/status. */
export function missingCapabilities(hexadecimal: string): readonly string[] {
  if (!/^[0-9a-f]{1,16}$/.test(hexadecimal)) return [];
  const mask = BigInt(`0x${hexadecimal}`);
  const has = (bit: bigint): boolean => ((mask >> bit) & 1n) === 1n;
  return neededCapabilities
    .filter(([, bit, adminSuffices]) => !has(bit) && !(adminSuffices && has(sysAdmin)))
    .map(([name]) => name);
}

/** The capabilities that a command as root gets: those of the login are no measure of them. */
export const privileges: Probe = {
  script: `${rightsScript}
say user "$(id -un)"
caps='grep ^CapEff /proc/self/status'
case $rights in
  root) say caps "$($caps)";;
  sudo) say caps "$(sudo -n $caps 2>/dev/null)";;
  doas) say caps "$(doas -n $caps 2>/dev/null)";;
esac
if command -v pkexec >/dev/null 2>&1; then say pkexec yes; fi`,
  judge: (said) => {
    const user = said.one('user');
    const missing = missingCapabilities(/([0-9a-f]+)\s*$/.exec(said.one('caps'))?.[1] ?? '');
    if (missing.length > 0) {
      return refused(
        `root without ${missing.join(', ')}`,
        'Root is restricted there, as in a container: connect to the host itself, or give the container these capabilities.',
      );
    }
    return ofRights(said.one('rights'), user, said.one('pkexec') === 'yes');
  },
};

function ofRights(rights: string, user: string, pkexec: boolean): Verdict {
  switch (rights) {
    case 'root':
      return fine(`${user} is root`);
    case 'sudo':
      return fine('sudo without a password');
    case 'doas':
      return fine('doas without a password');
    case 'sudo-password':
      return fine('sudo with a password, which is asked for when the agent starts');
    case 'doas-password':
      return refused('doas with a password', doasNeedsTerminal(user));
    default:
      if (pkexec) return warning('no sudo, but pkexec', 'The desktop of this computer will ask for an administrator.');
      return refused(
        'neither root nor sudo nor doas',
        `The agent needs root: give "${user}" sudo (usermod -aG sudo ${user}, or the line "${user} ALL=(root) ALL" in a file below /etc/sudoers.d), or connect as another user.`,
      );
  }
}

export const docker: Probe = {
  script: `
s=/var/run/docker.sock
if [ -S "$s" ]; then
  say socket "$s"; say mode "$(stat -c '%a %G' -- "$s" 2>/dev/null)"
  [ -r "$s" ] && [ -w "$s" ] && say usable yes
fi
say user "$(id -un)"
[ -d /run/containerd/io.containerd.runtime.v2.task ] && say engine containerd
[ -d /var/lib/containers/storage/overlay-containers ] && say engine podman`,
  judge: (said) => {
    const others = said.all('engine');
    if (said.one('socket') === '') {
      return fine(others.length === 0 ? 'no container engine' : `no Docker, but ${others.join(' and ')}`);
    }
    if (said.one('usable') === 'yes') return fine(`${said.one('user')} may use ${said.one('socket')}`);
    const [mode = '', group = 'docker'] = said.one('mode').split(' ');
    const found = `${said.one('user')} may not use ${said.one('socket')}`;
    // The agent asks through its keeper, which is root.
    const later = 'Containers are listed once the agent runs, which may';
    if (mode !== '' && (Number.parseInt(mode, 8) & 0o020) === 0) return warning(found, `${later}.`);
    return warning(found, `${later}: to see them before, add the user to the group "${group}".`);
  },
};
