import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '../../..');
const guide = readFileSync(join(repository, 'docs/guide/troubleshooting.md'), 'utf8');

type Fault = readonly [fault: string, said: string, test: string, called?: string];

/**
 * What a user is told of each fault that a link or a deploy may meet: the sentence as it stands in the guide, and the test that
 * makes the fault and looks for the sentence. Where nothing is to be said, the guide's line, and what the test is called.
 */
const faults: readonly Fault[] = [
  ['1 host key changed', '`<host>` showed another key than the one that is known', 'src/engine/link/host-keys.test.ts'],
  [
    '1 host key changed, system ssh',
    ': somebody may be listening in.',
    'src/engine/link/openssh/system-ssh-failures.test.ts',
  ],
  ['1 host key revoked', '`<host>` showed a key that is marked as revoked', 'src/engine/link/host-keys.test.ts'],
  ['2 unknown host', 'The key of `<host>` was not accepted.', 'src/engine/link/ssh-link.test.ts'],
  [
    '3 several key algorithms',
    'Servers with several kinds of host keys',
    'src/engine/link/host-keys.test.ts',
    'shows the %s key where that is the known one',
  ],
  [
    '4 post-quantum only',
    '`<host>` offers only key exchanges that the built-in SSH does not have.',
    'src/engine/link/openssh/system-ssh.test.ts',
  ],
  [
    '4 certificate',
    'a key with a certificate beside it',
    'src/engine/link/openssh/system-ssh.test.ts',
    'connects with a certificate of the user',
  ],
  [
    '4 FIDO',
    'a security key (FIDO)',
    'src/engine/link/openssh/system-ssh.test.ts',
    'connects with a key of a security key',
  ],
  ['5 wrong passphrase', 'The passphrase does not open `<file>`.', 'src/engine/link/key-file.test.ts'],
  [
    '6 too many keys',
    '`<host>` ended the login after too many keys of the SSH agent: choose the one key file for it, or leave fewer keys in the agent.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  [
    '6 too many attempts',
    '`<host>` ended the login after too many attempts. Check the user name and the key or password.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  ['7 sleep and wake', 'The connection to `<host>` broke; connecting again.', 'src/engine/link/ssh-sleep.test.ts'],
  [
    '7 a sleep that is forgiven',
    'a connection that the server still holds goes on',
    'src/engine/link/ssh-sleep.test.ts',
    'is forgiven where the server still holds the connection',
  ],
  [
    '8 first reconnect fails',
    'The connection to `<host>` broke; connecting again.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  ['9 silent cut', 'The connection to `<host>` broke; connecting again.', 'src/engine/link/ssh-cut.test.ts'],
  [
    '9 silent cut, what ran',
    'There is no connection to `<host>` now: connect first.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  ['9 no answer', '`<host>` did not answer on port `<port>`: check the address', 'src/engine/link/ssh-cut.test.ts'],
  ['9 no route', '`<host>` cannot be reached from here: check the network or VPN.', 'src/engine/link/ssh-cut.test.ts'],
  ['10 app killed (lease)', 'Nobody renewed this recording since `<time>`.', 'e2e/world/remove.e2e.test.ts'],
  [
    '11 stale lock or pid file',
    'The agent ended by itself; /var/lib/pyrometer/agent.log there says why.',
    'e2e/world/remove.e2e.test.ts',
  ],
  [
    '12 host rebooted',
    'A recording ended here when the machine went down. Record goes on with its windows',
    'e2e/world/remove.e2e.test.ts',
  ],
  [
    '12 host rebooted, later',
    'What a recording left here had outlived its time and was removed.',
    'e2e/world/remove.e2e.test.ts',
  ],
  [
    '12 host rebooted, root needs a password',
    'An agent ran here until the machine went down. What it stored is still there: a start goes on with it, “What is on it…” removes it.',
    'e2e/world/remove.e2e.test.ts',
  ],
  [
    '13 upload cut',
    'the agent there is the one of before or the new one, whole',
    'src/engine/deploy/deploy-faults.test.ts',
    'a deploy has put the whole agent there or none, whichever %s fails',
  ],
  [
    '13 exchanged after it was sent',
    'The agent in `<folder>` was changed after it was sent and was not started: look who writes there.',
    'src/engine/deploy/start-agent.test.ts',
  ],
  ['14 no space', 'There is no space left for the agent in `<folder>`', 'e2e/world/full-disk.night.test.ts'],
  ['14 no inodes', 'takes no more files', 'e2e/world/full-disk.night.test.ts'],
  [
    '15 noexec',
    'Root may not copy the agent to /opt, /var/lib, /var/tmp or /tmp there and run it (full, read-only or mounted noexec?): make room in one of them.',
    'src/engine/deploy/session.test.ts',
  ],
  [
    '16 no internet',
    'Servers without a way to the internet',
    'e2e/world/bare-target.night.test.ts',
    'where there is busybox only, and no way out',
  ],
  [
    '17 busybox, no glibc',
    'Servers with busybox, and without glibc.',
    'e2e/world/bare-target.night.test.ts',
    'where there is busybox only, and no way out',
  ],
  [
    '18 noisy shell',
    'Login scripts that print, and servers without SFTP',
    'src/engine/deploy/session.test.ts',
    'hello from a login script',
  ],
  [
    '18 nologin shell',
    'The login shell there does not run commands: check that the account has a POSIX shell.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  [
    '19 MaxSessions',
    '`<host>` takes no more commands at once: raise MaxSessions in its sshd_config.',
    'src/engine/link/ssh-sessions.test.ts',
  ],
  [
    '19 MaxStartups',
    '`<host>` takes no more connections at the moment: try again later, or raise MaxStartups in its sshd_config.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  [
    '19 AllowTcpForwarding no',
    '`<host>` does not forward connections to `<address>`',
    'src/engine/link/openssh/system-ssh.test.ts',
  ],
  [
    '20 wrong sudo password, not in sudoers',
    'sudo did not let "`<user>`" run the agent on `<host>`: check the password, and that the user may use sudo.',
    'src/engine/deploy/elevate.test.ts',
  ],
  ['20 no sudo password', 'The agent needs root, and the password was not given.', 'src/engine/deploy/elevate.test.ts'],
  [
    '20 no sudo',
    'The agent needs root: give "`<user>`" sudo, or connect as another user.',
    'src/engine/deploy/start-agent.test.ts',
  ],
  ['20 no docker group', '`<user>` may not use `<socket>`', 'e2e/cli/check.e2e.test.ts', 'may not use'],
  [
    '21 IPv6',
    'IPv6 addresses, with and without brackets.',
    'src/engine/link/ssh-faults.test.ts',
    '21: an IPv6 address',
  ],
  [
    '22 names that do not resolve',
    'There is no host "`<host>`": check the name, or whether a VPN is needed.',
    'src/engine/link/ssh-faults.test.ts',
  ],
  [
    '23 paths with blanks and quotes',
    'Home and cache folders with blanks and quotes',
    'src/engine/deploy/session.test.ts',
    "it's a cache",
  ],
  ['23 a user name with them', 'This is no user name.', 'src/renderer/features/targets/target-words.test.ts'],
  [
    '24 Pyroscope or Docker restarts',
    '`<address>` cannot be reached from `<host>`: check that something listens there.',
    'src/engine/link/tunnels.test.ts',
  ],
  [
    '25 endless banner',
    "`<host>` port `<port>` did not complete an SSH handshake: check that it is an SSH server's port.",
    'src/engine/link/ssh-faults.test.ts',
  ],
  [
    '25 names that escape or are markup',
    'with control characters, markup or text that runs backwards',
    'src/renderer/format/visible-text.test.ts',
    '‹U+202E›',
  ],
  ['25 SFTP out of order', 'which is used nowhere', 'src/engine/deploy/session.test.ts', 'hello from a login script'],
  ['4 one session: another system', 'does not run on `<system>`.', 'src/engine/deploy/carry/agent-carrier.test.ts'],
  ['25 endless output', '"`<command>`" printed more than `<n>` bytes.', 'src/engine/link/ssh-faults.test.ts'],
];

/** The longest piece of a sentence between what differs: names and numbers. */
function fixedPart(sentence: string): string {
  return sentence
    .split(/"?`<[^>]*>`"?/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '')
    .trim();
}

describe('the guide to what goes wrong', () => {
  it.each(faults.map(([fault, said, test, called]) => ({ fault, said, test, called })))(
    'has a sentence for fault $fault, which a test looks for',
    ({ said, test, called }) => {
      expect(guide).toContain(said);
      const text = readFileSync(join(repository, test), 'utf8').replaceAll('\\', '');
      expect(text).toContain(called ?? fixedPart(said));
    },
  );

  it('leaves none out', () => {
    const numbers = new Set(faults.map(([fault]) => Number.parseInt(fault, 10)));
    expect([...numbers].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });
});
