import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startDaemon, type Daemon } from './support/daemon';
import { repositoryFolder } from './support/places';
import { freePort } from './support/ports';
import { run } from './support/run';

/** Which of the world's host keys a server shows. A server that comes back with the other one has "changed". */
export type HostKeyName = 'first' | 'second';

/** How a test wants its SSH server. */
export interface SshdOptions {
  readonly worldPath: string;
  readonly hostKey?: HostKeyName;
  /** Taken as it is: a server that comes back must have its old port. Default: a free one. */
  readonly port?: number;
  /** Lines of sshd_config that come first and so win, for example `AllowStreamLocalForwarding no`. */
  readonly config?: readonly string[];
  /** Its logins have folders of their own for what an agent keeps: to the app it is another machine. */
  readonly apart?: boolean;
}

/** Debian's sshd on 127.0.0.1, with PAM. */
export interface Sshd extends Daemon {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** "ssh-ed25519 AAAA...": what a known_hosts file holds after the host's name. */
  readonly hostPublicKey: string;
}

/** Where an agent keeps things. */
export const agentFolders = ['/run/pyrometer', '/var/lib/pyrometer'] as const;

const ownFolders = [
  `mkdir -p ${agentFolders.join(' ')}`,
  ...agentFolders.map((folder) => `mount -t tmpfs -o mode=755 none ${folder}`),
  'exec "$@"',
].join(' && ');

let started = 0;

/** Starts sshd. Runs inside a world: logins go through the world's own PAM and users. */
export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const name = options.hostKey ?? 'first';
  const hostKey = join(options.worldPath, 'keys', 'host', name);
  const port = options.port ?? (await freePort());
  const label = `sshd-${process.pid}-${++started}`;
  const configFile = join(options.worldPath, 'tmp', `${label}.conf`);
  writeFileSync(
    configFile,
    [
      ...(options.config ?? []),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `PidFile none`,
      'UsePAM yes',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication yes',
      'PubkeyAuthentication yes',
      'AuthorizedKeysFile .ssh/authorized_keys',
      'PermitRootLogin no',
      'PrintMotd no',
      'Subsystem sftp internal-sftp',
      // Many tests log in at once; the default begins to refuse at the tenth.
      'MaxStartups 200',
      'MaxSessions 200',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  );
  const daemon = await startDaemon({
    name: 'sshd',
    // The installed one, or the one that set-up unpacked where installing it would upgrade other packages.
    command: 'sh',
    args: [
      '-c',
      options.apart === true ? `exec unshare -m sh -c '${ownFolders}' sh "$@"` : 'exec "$@"',
      'sh',
      join(repositoryFolder, 'scripts/setup/sshd.sh'),
      ...['-D', '-e', '-f', configFile],
    ],
    logFile: join(options.worldPath, 'logs', `${label}.log`),
    ready: () => answersSsh(port),
    readyTimeoutMs: 60_000,
  });
  const hostPublicKey = (await run('ssh-keygen', ['-y', '-f', hostKey])).trim().split(' ').slice(0, 2).join(' ');
  return { ...daemon, host: '127.0.0.1', port, hostPublicKey };
}

/** Makes the two host keys of a world. */
export async function createHostKeys(worldPath: string): Promise<void> {
  const folder = join(worldPath, 'keys', 'host');
  mkdirSync(folder, { mode: 0o700 });
  await Promise.all(
    (['first', 'second'] satisfies HostKeyName[]).map((name) =>
      run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]),
    ),
  );
}

function answersSsh(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(2000, () => socket.destroy());
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('latin1').startsWith('SSH-2.0'));
    });
    socket.once('error', () => {
      resolve(false);
    });
    socket.once('close', () => {
      resolve(false);
    });
  });
}
