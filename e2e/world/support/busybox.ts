import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './places';
import { run } from './run';

/** A busybox without libraries, of the machine's own packages: unpacked once, never installed. */
export async function busybox(): Promise<string> {
  const folder = join(cacheFolder(), 'busybox-static');
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder(), { recursive: true });
    const build = mkdtempSync(join(cacheFolder(), 'busybox-build-'));
    try {
      // apt's own download user may not write into a home folder.
      await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'busybox-static'], {
        cwd: build,
        timeoutMs: 300_000,
      });
      const deb = readdirSync(build).find((name) => name.endsWith('.deb'));
      if (deb === undefined) throw new Error('apt-get downloaded no busybox-static');
      await run('dpkg-deb', ['--extract', join(build, deb), join(build, 'unpacked')]);
      renameSync(join(build, 'unpacked'), folder);
    } finally {
      rmSync(build, { recursive: true, force: true });
    }
  }
  const found = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(folder, path)).find(existsSync);
  if (found === undefined) throw new Error(`there is no busybox in ${folder}`);
  return found;
}
