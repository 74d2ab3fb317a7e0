import type { Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultPySpyOptions } from '../../contract/pyspy.js';
import type { Result } from '../../contract/result.js';
import { makeCertificates } from '../docker/testing/certificates.js';
import { startFakeEngine, startSecuredEngine } from '../docker/testing/fake-engine.js';
import { HostKeys } from '../link/host-keys.js';
import { silentPrompter } from '../link/prompter.js';
import { TargetSession } from './session.js';

// A Docker engine alone as a target: there is no machine to look at, and py-spy is what records.

let folder = '';
let path = '';
let server: Server;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function make(address: string, certificates?: string): TargetSession {
  const secured = certificates === undefined ? {} : { certificates };
  return new TargetSession({
    config: { kind: 'docker', id: 'docker-1', name: 'Docker: Colima', address, ...secured },
    prompter: silentPrompter,
    hostKeys: new HostKeys(join(folder, 'known'), []),
    resourcesDir: folder,
    onChange: () => undefined,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyro-engine-'));
  path = join(folder, 'docker.sock');
  const machine = { id: 'A', name: 'colima', kernel: '6.6.0' };
  server = await startFakeEngine(path, { ...machine, containers: ['revel_web', 'revel_worker'] });
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

it('is ready for py-spy when it answers, and lists its containers with Python', async () => {
  const session = make(`unix://${path}`);
  try {
    expect(session.state.link.state).toBe('disconnected');
    value(await session.connect());
    expect(session.state).toMatchObject({ link: { state: 'connected' }, agent: { engine: { kind: 'pyspy' } } });
    expect(session.state.agent.engine?.why).toContain('a Docker engine alone');
    const rows = value(await session.sources.services('agent', { startMs: 0, endMs: Date.now() }));
    expect(rows.map(({ name, processes }) => [name, processes?.map(({ version }) => version)])).toEqual([
      ['revel_web', ['3.12']],
      ['revel_worker', ['3.12']],
    ]);
    expect(value(await session.test())).toMatchObject({ system: 'Docker 6.6.0 aarch64', agent: { possible: false } });
    expect(value(await session.leftovers())).toEqual([]);
    expect(value(await session.removeLeftovers(false))).toEqual([]);
    expect(await session.check('kernel')).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
    const request = { service: 'nothing', options: defaultPySpyOptions };
    expect(await session.startRecording(request)).toMatchObject({ ok: false, failure: { code: 'not-found' } });
  } finally {
    session.dispose();
  }
});

it('says where nothing answers', async () => {
  const session = make(`unix://${join(folder, 'none.sock')}`);
  try {
    expect(await session.connect()).toMatchObject({ ok: false, failure: { code: 'refused' } });
    expect(session.state.link).toMatchObject({ state: 'failed' });
    expect(session.state.link.message).toContain('none.sock: start it there');
  } finally {
    session.dispose();
  }
});

it('is spoken to with certificates, and says when they do not fit', async () => {
  const { client, server: own } = makeCertificates(join(folder, 'ours'));
  const others = makeCertificates(join(folder, 'others'));
  const machine = { id: 'B', name: 'build', kernel: '6.8.0' };
  const engine = await startSecuredEngine(own, { ...machine, containers: ['revel_web'] });
  const address = `tcp://127.0.0.1:${engine.port}`;
  const rowsWith = async (certificates?: string): Promise<readonly string[] | string> => {
    const session = make(address, certificates);
    try {
      const connected = await session.connect();
      if (!connected.ok) return `${connected.failure.code}: ${session.state.link.message ?? ''}`;
      if (session.state.agent.state === 'failed') return session.state.agent.message ?? '';
      const rows = await session.sources.services('agent', { startMs: 0, endMs: Date.now() });
      return rows.ok ? rows.value.map(({ name }) => name) : `${rows.failure.code}: ${rows.failure.message}`;
    } finally {
      session.dispose();
    }
  };
  try {
    expect(await rowsWith(client)).toEqual(['revel_web']);
    // Whoever listens there now is not the engine that the certificates are for.
    expect(await rowsWith(others.client)).toBe(
      `auth-failed: Docker at 127.0.0.1 does not take the certificates in ${others.client}, or has one that they do not vouch for: look at them.`,
    );
    await rm(join(client, 'cert.pem'));
    await rm(join(client, 'key.pem'));
    expect(await rowsWith(client)).not.toEqual(['revel_web']);
    expect(await rowsWith()).not.toEqual(['revel_web']);
  } finally {
    engine.server.close();
  }
});
