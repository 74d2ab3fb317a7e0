import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '../world/support/ports';
import { run, tryRun, type Finished } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import type { GuestImage } from './guest-image';

/** A virtual machine that is up, reached over ssh on loopback. */
export interface Guest {
  readonly image: GuestImage;
  readonly port: number;
  /** Runs a command of sh in it, as the user "pyro". */
  sh(command: string): Promise<Finished>;
  /** Writes an archive of files and folders in it to a file here, which can be unpacked over another guest's root. */
  archive(paths: readonly string[], to: string): Promise<void>;
  /** What its console shows so far. */
  console(): string;
  dispose(): Promise<void>;
}

/** Where everything is emulated, a boot takes a minute on a quiet machine. */
const bootMs = 600_000;

/** Boots an image. Its network reaches nothing but what connects to it. */
export async function bootGuest(image: GuestImage, knownHostsFile: string): Promise<Guest> {
  const port = await freePort();
  const child = spawn(
    'qemu-system-x86_64',
    [
      // Emulated also where there is KVM: inside of another virtual machine it often cannot be had or hangs.
      ...['-accel', 'tcg', '-machine', 'q35', '-cpu', 'max', '-smp', '2', '-m', '3072'],
      ...['-nographic', '-no-reboot', '-monitor', 'none', '-serial', 'stdio'],
      ...['-kernel', image.kernelFile, '-initrd', image.rootFile],
      ...['-append', 'console=ttyS0 panic=-1 quiet rdinit=/lib/systemd/systemd'],
      ...['-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
      // Without its boot program, which is in a package of its own.
      ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-100_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const ssh = [
    ...['-p', String(port), '-i', image.keyFile, '-o', `UserKnownHostsFile=${knownHostsFile}`],
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes', '-F', 'none'],
    ...['--', 'pyro@127.0.0.1'],
  ];
  const guest: Guest = {
    image,
    port,
    sh: (command) => tryRun('ssh', [...ssh, command], { timeoutMs: 120_000 }),
    archive: async (paths, to) => {
      const pack = `sudo find ${paths.join(' ')} -print0 | sudo cpio --quiet --null --create --format=newc`;
      // Through a file: an archive is no text.
      await run('sh', ['-c', 'to=$1; shift; exec ssh "$@" >"$to"', 'sh', to, ...ssh, pack], { timeoutMs: 180_000 });
    },
    console: () => said,
    dispose: () => end(child),
  };
  try {
    await waitFor(
      'the guest to greet',
      async () => {
        if (ended(child)) return 'ended';
        return (await greets(port)) ? 'up' : undefined;
      },
      { timeoutMs: bootMs, everyMs: 500 },
    );
    if (ended(child)) throw new Error('the virtual machine ended');
    return guest;
  } catch (error) {
    await guest.dispose();
    throw new Error(`the guest did not come up; its console said last:\n${said.slice(-3000)}`, { cause: error });
  }
}

/** Whether an ssh server is behind the port: qemu itself takes every connection. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (up: boolean): void => {
      socket.destroy();
      resolve(up);
    };
    socket.setTimeout(5000, () => {
      settle(false);
    });
    socket.once('data', (chunk: Buffer) => {
      settle(chunk.toString('latin1').startsWith('SSH-'));
    });
    socket.once('error', () => {
      settle(false);
    });
    socket.once('close', () => {
      settle(false);
    });
  });
}

function ended({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
