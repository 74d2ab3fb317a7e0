import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapDebian, debianRelease, inRoot } from '../world/support/debian';
import { cacheFolder, repositoryFolder } from '../world/support/places';
import { run } from '../world/support/run';

/** A machine that can be booted: systemd, an ssh server, and a Python service that is busy. */
export interface GuestImage {
  /** The kernel, as `uname -r` names it. */
  readonly release: string;
  readonly kernelFile: string;
  /** The root file system, which is unpacked into memory: nothing that happens in the guest stays. */
  readonly rootFile: string;
  /** The private key of the user "pyro", who may use sudo without a password. */
  readonly keyFile: string;
  /** The server's key, as it stands in a known_hosts file: "ssh-ed25519 AAAA...". */
  readonly hostPublicKey: string;
}

const sources = join(repositoryFolder, 'e2e/kernels/guest');
const packages = [
  ...['systemd-sysv', 'udev', 'kmod', 'iproute2', 'cpio'],
  ...['openssh-server', 'sudo', 'python3-minimal'],
];

/** Makes the image of the release's own cloud kernel, once (a minute), and keeps it by content key. */
export async function guestImage(say: (line: string) => void): Promise<GuestImage> {
  const debian = await debianRelease();
  const release = await newestKernel();
  const hash = createHash('sha256').update(`1\n${debian.codename}\n${release}\n${packages.join()}\n`);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const folder = join(cacheFolder(), `guest-${release}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    say(`guest: making the image of Linux ${release} (once, about a minute)`);
    mkdirSync(cacheFolder(), { recursive: true });
    const build = mkdtempSync(join(cacheFolder(), 'guest-build-'));
    try {
      const made = join(build, 'image');
      mkdirSync(made, { mode: 0o700 });
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'pyro', '-f', join(made, 'key')]);
      await unpackKernel(build, release);
      renameSync(join(build, 'kernel/boot', `vmlinuz-${release}`), join(made, 'kernel'));
      await bootstrapDebian(debian, { build, packages, hooks: hooksOf(build, made, release) });
      renameSync(made, folder);
    } finally {
      rmSync(build, { recursive: true, force: true });
    }
  }
  return {
    release,
    kernelFile: join(folder, 'kernel'),
    rootFile: join(folder, 'root.cpio'),
    keyFile: join(folder, 'key'),
    hostPublicKey: readFileSync(join(folder, 'ssh_host_ed25519_key.pub'), 'utf8').split(' ').slice(0, 2).join(' '),
  };
}

/** "6.1.0-56-cloud-amd64": what the release's meta-package asks for. */
async function newestKernel(): Promise<string> {
  const depends = await run('apt-cache', ['depends', 'linux-image-cloud-amd64']);
  const release = /Depends: linux-image-(\d\S*-cloud-amd64)$/m.exec(depends)?.[1];
  if (release === undefined) throw new Error('apt knows no linux-image-cloud-amd64: run `apt-get update`, on Debian');
  return release;
}

/** Unpacks the kernel's package into `<build>/kernel`; nothing of it is installed or run here. */
async function unpackKernel(build: string, release: string): Promise<void> {
  // apt's own download user may not write into a home folder.
  await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', `linux-image-${release}`], {
    cwd: build,
    timeoutMs: 300_000,
  });
  const deb = readdirSync(build).find((name) => name.endsWith('.deb'));
  if (deb === undefined) throw new Error(`apt-get downloaded no package of linux-image-${release}`);
  await run('dpkg-deb', ['--extract', join(build, deb), join(build, 'kernel')]);
}

function hooksOf(build: string, made: string, release: string): readonly string[] {
  return [
    `upload ${sources}/split.py /opt/split.py`,
    `upload ${sources}/split.service /etc/systemd/system/split.service`,
    `upload ${sources}/guest.network /etc/systemd/network/80-guest.network`,
    `copy-in ${build}/kernel/lib/modules /usr/lib`,
    inRoot(`depmod ${release}`),
    inRoot('systemctl enable split.service systemd-networkd.service ssh.service'),
    inRoot(
      'systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer',
    ),
    inRoot('echo guest > /etc/hostname && echo "127.0.0.1 localhost guest" > /etc/hosts'),
    inRoot('useradd --create-home --shell /bin/bash pyro && install -d -m 700 -o pyro -g pyro /home/pyro/.ssh'),
    inRoot('echo "pyro ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/pyro && chmod 440 /etc/sudoers.d/pyro'),
    `upload ${made}/key.pub /home/pyro/.ssh/authorized_keys`,
    inRoot('chown pyro:pyro /home/pyro/.ssh/authorized_keys && chmod 600 /home/pyro/.ssh/authorized_keys'),
    `download /etc/ssh/ssh_host_ed25519_key.pub ${made}/ssh_host_ed25519_key.pub`,
    // The kernel unpacks this one form.
    `${inRoot('find . -xdev -path ./var/cache/apt -prune -o -path ./var/lib/apt/lists -prune -o -print0 | cpio --quiet --null --create --format=newc')} > ${made}/root.cpio`,
  ];
}
