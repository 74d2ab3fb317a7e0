import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, type TestSshd } from '../../src/engine/link/testing/sshd.js';

/** OpenSSH's own programs against the same server. */
export interface OpenSsh {
  /** The local port of `ssh -L`. */
  readonly port: number;
  scp(from: string, to: string): Promise<void>;
  /** Over the connection that `ssh -L` holds, as ours goes over one that stands. */
  scpShared(from: string, to: string): Promise<void>;
  /** `ssh host true`, a process and a connection of its own. */
  firstCommand(): Promise<void>;
  dispose(): void;
}

/** Starts `ssh -L` to a port of loopback. */
export async function startOpenSsh(sshd: TestSshd, target: number): Promise<OpenSsh> {
  const options = [
    '-F',
    'none',
    '-i',
    sshd.userKey,
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
  ];
  const where = `${sshd.config.user}@127.0.0.1`;
  const port = await freePort();
  const shared = ['-o', `ControlPath=${join(sshd.folder, 'control')}`];
  const tunnel = spawn(
    'ssh',
    [
      ...options,
      ...shared,
      '-M',
      '-p',
      String(sshd.port),
      '-N',
      '-L',
      `127.0.0.1:${port}:127.0.0.1:${target}`,
      '--',
      where,
    ],
    { stdio: 'ignore' },
  );
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 200) throw new Error('ssh -L did not begin to listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    scp: (from, to) => run('scp', [...options, '-q', '-P', String(sshd.port), from, `${where}:${to}`]),
    scpShared: (from, to) => run('scp', [...options, ...shared, '-q', '-P', String(sshd.port), from, `${where}:${to}`]),
    firstCommand: () => run('ssh', [...options, '-p', String(sshd.port), '--', where, 'true']),
    dispose: () => {
      tunnel.kill();
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with code ${String(code)}`));
    });
  });
}
