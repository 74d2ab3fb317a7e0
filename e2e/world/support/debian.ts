import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run';

/** The release that this machine runs, and where it gets its packages from. */
export interface DebianRelease {
  /** "bookworm". */
  readonly codename: string;
  /** A sources.list in either of apt's formats. */
  readonly sources: string;
}

/** Throws on machines that run neither Debian nor a child of it. */
export async function debianRelease(): Promise<DebianRelease> {
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined)
    throw new Error('/etc/os-release names no VERSION_CODENAME: the images of the tests need Debian or Ubuntu');
  const sources = await run('sh', [
    '-c',
    'for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do [ -f "$f" ] && cat "$f" && echo; done; true',
  ]);
  return { codename, sources };
}

/** What a root file system is made of. */
export interface DebianRoot {
  /** A folder for what lies about meanwhile. */
  readonly build: string;
  readonly packages: readonly string[];
  /** mmdebstrap's hooks, run one after the other in the finished root, whose path is their "$1". */
  readonly hooks: readonly string[];
  /** Where the root is written to; without it the hooks take of it what they need. */
  readonly tar?: string;
}

/** A hook that runs a command of sh inside the root. It holds no single quote. */
export function inRoot(command: string): string {
  return `chroot "$1" sh -ec '${command}'`;
}

/** Makes a minimal Debian, without documentation and translations. Its packages come from the machine's own sources. */
export async function bootstrapDebian(
  release: DebianRelease,
  { build, packages, hooks, tar }: DebianRoot,
): Promise<void> {
  const acquire = await run('apt-config', ['dump', '--format', '%F "%v";%n', 'Acquire']);
  const aptOptions = join(build, 'apt.conf');
  // How the machine reaches its mirror: a proxy, certificates. The rest of its configuration stays its own.
  writeFileSync(
    aptOptions,
    acquire
      .split('\n')
      .filter((line) => /proxy|cainfo|retries/i.test(line) && !line.endsWith(' "";'))
      .join('\n'),
  );
  await run(
    'mmdebstrap',
    [
      ...['--quiet', '--variant=minbase', `--include=${packages.join()}`, `--aptopt=${aptOptions}`],
      ...['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      ...(tar === undefined ? ['--format=null'] : []),
      ...[release.codename, tar ?? '-', '-'],
    ],
    { input: release.sources, env: { TMPDIR: build }, timeoutMs: 600_000 },
  );
}
