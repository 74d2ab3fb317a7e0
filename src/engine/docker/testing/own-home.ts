import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

/** Makes a home for a user without any engine, first on the path its folder `bin`. Answers what removes it. */
export async function ownHome(): Promise<{ readonly home: string; readonly leave: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'pyro-'));
  await mkdir(join(home, 'bin'));
  vi.stubEnv('PATH', `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`);
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_RUNTIME_DIR', join(home, 'runs'));
  for (const name of ['HOST', 'CONTEXT', 'CONFIG', 'TLS_VERIFY', 'CERT_PATH']) vi.stubEnv(`DOCKER_${name}`, undefined);
  vi.stubEnv('XDG_CONFIG_HOME', undefined);
  return {
    home,
    leave: async () => {
      vi.unstubAllEnvs();
      await rm(home, { recursive: true });
    },
  };
}
