import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter } from '../../src/engine/link/prompter';
import { startSshd, type Sshd } from './sshd';
import { repositoryFolder } from './support/places';
import { run } from './support/run';
import { waitFor } from './support/wait';

const world = inject('world');
const { pyro } = world.users;
const knownHosts = join(world.path, 'tmp', 'noexec-known-hosts');
const cache = join(pyro.home, '.cache');
let made = false;
let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd({ worldPath: world.path, config: ['AllowStreamLocalForwarding no'] });
  writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${sshd.hostPublicKey}\n`);
  made = !existsSync(cache);
  mkdirSync(cache, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `uid=${pyro.uid},gid=${pyro.gid},mode=700,noexec`, 'tmpfs', cache]);
});

afterAll(async () => {
  await run('umount', [cache]);
  if (made) rmSync(cache, { recursive: true });
  await sshd.dispose();
});

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function makeSession(): TargetSession {
  return new TargetSession({
    config: {
      kind: 'ssh',
      id: 'noexec',
      name: 'noexec',
      host: '127.0.0.1',
      port: sshd.port,
      user: 'pyro',
      authentication: { method: 'key', path: world.keys.ed25519 },
    },
    prompter: silentPrompter,
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowSeconds: 5,
    onChange: () => undefined,
  });
}

test('where the home is noexec and no socket is forwarded, the agent is spoken to through root’s copy', async () => {
  const first = makeSession();
  value(await first.connect());
  value(await first.agent.start('continuous'));
  expect(first.agent.connection?.via).toBe('bridge');
  await waitFor('a window', () => ((first.state.agent.status?.windowsStored ?? 0) > 0 ? true : undefined), {
    timeoutMs: 60_000,
  });
  first.dispose();
  // And found again.
  const second = makeSession();
  value(await second.connect());
  expect(second.state.agent.state).toBe('profiling');
  expect(second.agent.connection?.via).toBe('bridge');
  expect(value(await second.removeLeftovers(true))).toEqual([]);
  second.dispose();
});
