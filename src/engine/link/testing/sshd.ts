import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SshTargetConfig } from '../../../contract/target.js';

const run = promisify(execFile);
/** Starts the installed sshd, or the one that set-up unpacked where installing it would upgrade other packages. */
const sshdPath = join(import.meta.dirname, '../../../../scripts/setup/sshd.sh');
const installedPath = '/usr/sbin/sshd';
/** Where set-up unpacks it; sshd.sh starts that one as root only. */
const unpackedPath = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'pyrometer/unpacked/openssh-server/usr/sbin/sshd',
);

/** A real OpenSSH server on loopback that lets the user of this process in by a key. */
export interface TestSshd {
  readonly port: number;
  readonly folder: string;
  readonly userKey: string;
  readonly hostKey: string;
  readonly config: SshTargetConfig;
  /** Ends the server and every connection to it, as a crash would. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Restarts with lines added to the configuration, which may name the folder. */
  configure(lines: readonly string[]): Promise<void>;
  dispose(): Promise<void>;
}

/** Why no server can be started here; undefined when it can. Never a reason where CI must not skip. */
export async function sshdMissing(): Promise<string | undefined> {
  if (process.env['CI'] === 'true') return undefined;
  for (const path of process.getuid?.() === 0 ? [installedPath, unpackedPath] : [installedPath]) {
    try {
      await access(path);
      return undefined;
    } catch {
      // looked for at the next place
    }
  }
  return `${installedPath} is not installed (Debian: openssh-server; as root "npm test" unpacks it)`;
}

/** A port on loopback that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Writes a new pair of keys to FILE and FILE.pub. */
export async function makeKey(file: string, type = 'ed25519', passphrase = ''): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', file]);
}

/** Where a server listens. */
export interface SshdPlace {
  readonly host: string;
  /** What it is started by, for example `ip netns exec NAME`. */
  readonly command: readonly string[];
}

/** Starts a server, on loopback unless another place is given; `lines` are added to its configuration. */
export async function startSshd(
  lines: readonly string[] = [],
  { host, command }: SshdPlace = { host: '127.0.0.1', command: [] },
): Promise<TestSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-sshd-'));
  const userKey = join(folder, 'user');
  const hostKey = join(folder, 'host');
  await makeKey(userKey);
  await makeKey(hostKey);
  await writeFile(join(folder, 'authorized_keys'), await readFile(`${userKey}.pub`));
  const port = await freePort();
  const configFile = join(folder, 'sshd_config');
  const settings = [
    `ListenAddress ${host}:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'PidFile none',
    ...lines,
  ];
  await writeFile(configFile, settings.join('\n') + '\n');
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    // In the group of the tests, so that it goes with them when they are interrupted.
    const [program, ...argv] = [...command, sshdPath, '-D', '-e', '-f', configFile];
    child = spawn(program, argv, { stdio: 'ignore' });
    for (let tries = 0; !(await listens(host, port)); tries++) {
      if (tries > 400 || child.exitCode !== null) throw new Error(`sshd did not start with ${configFile}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    for (const pid of await descendants(child.pid)) endNow(pid);
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    port,
    folder,
    userKey,
    hostKey,
    config: {
      kind: 'ssh',
      id: 'test-server',
      name: 'Test server',
      host,
      port,
      user: userInfo().username,
      authentication: { method: 'key', path: userKey },
    },
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    configure: async (more) => {
      await kill();
      await appendFile(configFile, more.join('\n') + '\n');
      await start();
    },
    dispose: async () => {
      await kill();
      // A command of a connection that was killed may still be writing there.
      await rm(folder, { recursive: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** Kills a process that may have ended by itself since it was listed. */
function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes below a pid; sshd puts each connection into a session of its own, so a group does not hold them. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,comm=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([child, parent, name]) => ({ pid: Number(child), parent: Number(parent), name: name ?? '' }));
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const row of rows) {
      if (row.parent !== parent || row.name !== 'sshd') continue;
      found.push(row.pid);
      visit(row.pid);
    }
  };
  visit(pid);
  return found;
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
