import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { HostKeys } from '../link/host-keys.js';
import type { Link } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { silentPrompter } from '../link/prompter.js';
import { SshLink } from '../link/ssh-link.js';
import { sshdMissing, startSshd, type TestSshd } from '../link/testing/sshd.js';
import { QuerierClient } from '../pyroscope/querier-client.js';
import { recentCores, timeline } from '../pyroscope/source-views.js';
import { connectAgent, type AgentConnection } from './agent-connection.js';
import { Http2Session } from './http2-session.js';
import { toAgentState } from './status.js';
import { replayMissing, startReplay, type Replay } from './testing/replay.js';

const missing = (await replayMissing()) ?? (await sshdMissing());
if (missing !== undefined) console.warn(`agent connection tests are skipped: ${missing}`);

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

const prompter = { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) };

describe.skipIf(missing !== undefined)('connectAgent', { timeout: 60_000 }, () => {
  let replay: Replay;
  const servers: TestSshd[] = [];
  const links: Link[] = [];
  beforeAll(async () => {
    replay = await startReplay();
  }, 180_000);
  afterAll(async () => {
    for (const link of links) link.dispose();
    for (const server of servers) await server.dispose();
    await replay.dispose();
  });

  async function sshLink(lines: readonly string[]): Promise<{ link: SshLink; sshd: TestSshd }> {
    const sshd = await startSshd(lines);
    servers.push(sshd);
    const link = new SshLink({ config: sshd.config, prompter, hostKeys: new HostKeys(join(sshd.folder, 'own'), []) });
    links.push(link);
    value(await link.connect());
    return { link, sshd };
  }

  async function check(agent: AgentConnection): Promise<void> {
    const endMs = Date.now();
    const range = { startMs: endMs - 600_000, endMs };
    const state = toAgentState(agent.firstStatus, 'test', false, endMs);
    expect(state.status?.hostname).not.toBe('');
    const watching = new AbortController();
    for await (const { status } of agent.client.watchStatus({}, { signal: watching.signal })) {
      expect(status?.windowsStored).toBe(agent.firstStatus.windowsStored);
      break;
    }
    watching.abort();
    const client = new QuerierClient(agent.http, 'the agent');
    expect(value(await client.profileTypes(range))).toContain(cpuProfileType);
    const query = { profileType: cpuProfileType, selector: '{}', ...range };
    const bytes = value(await client.mergeProfile(query));
    const profile = Profile.decode(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
    expect(profile.sample.length).toBeGreaterThan(10);
    const course = value(await timeline(client, query, 15_000));
    expect(course.unit).toBe('cores');
    expect(course.values).toHaveLength(40);
    const sumCores = course.values.reduce((sum, cores) => sum + (Number.isNaN(cores) ? 0 : cores), 0);
    const column = profile.sampleType.findIndex(
      (type) => profile.stringTable.strings[Number(type.unit)] === 'nanoseconds',
    );
    const totalNs = profile.sample.reduce((sum, sample) => sum + Number(sample.value[column]), 0);
    expect(sumCores * 15).toBeCloseTo(totalNs / 1e9, 3);
    const services = value(await recentCores(client, range, cpuProfileType));
    expect(services.size).toBeGreaterThan(1);
    const bad = await client.mergeProfile({ ...query, selector: '{oops' });
    expect(bad).toMatchObject({ ok: false, failure: { code: 'pyroscope-error' } });
    agent.dispose();
    await agent.closed;
    expect(await client.profileTypes(range)).toMatchObject({ ok: false });
  }

  it('speaks over a local socket', async () => {
    const link = new LocalLink();
    links.push(link);
    await check(value(await connectAgent(link, { socket: replay.socket })));
    expect(await connectAgent(link, { socket: `${replay.socket}.none` })).toMatchObject({
      ok: false,
      failure: { code: 'agent-not-running' },
    });
  });

  it('speaks over a forwarded socket', async () => {
    const { link } = await sshLink([]);
    const agent = value(await connectAgent(link, { socket: replay.socket }));
    expect(agent.via).toBe('socket');
    await check(agent);
    expect(await connectAgent(link, { socket: `${replay.socket}.none` })).toMatchObject({
      ok: false,
      failure: { code: 'agent-not-running' },
    });
  });

  it('speaks through the bridge where sockets are not forwarded, past a login script that prints', async () => {
    const { link, sshd } = await sshLink([
      'AllowStreamLocalForwarding no',
      'ForceCommand echo noise; eval "$SSH_ORIGINAL_COMMAND"',
    ]);
    const bridge = join(sshd.folder, 'bridge');
    const script = [
      '#!/usr/bin/env node',
      `const socket = require('node:net').connect(${JSON.stringify(replay.socket)});`,
      'process.stdin.pipe(socket).pipe(process.stdout);',
    ];
    await writeFile(bridge, script.join('\n'));
    await chmod(bridge, 0o755);
    expect(await connectAgent(link, { socket: replay.socket })).toMatchObject({
      ok: false,
      failure: { code: 'forwarding-denied' },
    });
    const agent = value(await connectAgent(link, { socket: replay.socket, bridge: [bridge] }));
    expect(agent.via).toBe('bridge');
    await check(agent);
    expect(await connectAgent(link, { socket: replay.socket, bridge: ['false'] })).toMatchObject({
      ok: false,
      failure: { code: 'agent-not-running' },
    });
  });

  it('ends at once when a bridge finds nobody behind a socket that was left over', async () => {
    const { link, sshd } = await sshLink(['AllowStreamLocalForwarding no']);
    const socket = join(sshd.folder, 'left.sock');
    execFileSync('python3', ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', socket]);
    const record = join(sshd.folder, 'agent.json');
    await writeFile(record, '{"record_version":1,"pid":4194305,"state":"stopped"}'); // beyond any pid
    expect(await connectAgent(link, { socket })).toMatchObject({ ok: false, failure: { code: 'agent-not-running' } });
    await rm(record);
    for (const seconds of ['0', '0.1', '0.3']) {
      const bridge = ['sh', '-c', 'sleep "$1"; echo nobody >&2; exit 1', 'sh', seconds];
      const result = await connectAgent(link, { socket, bridge });
      expect(result).toMatchObject({ ok: false, failure: { code: 'agent-not-running' } });
      expect(JSON.stringify(result)).not.toContain('deadline'); // the call's own time limit did not have to end it
    }
  });

  it('notices that the agent ended', async () => {
    const own = await startReplay();
    const link = new LocalLink();
    links.push(link);
    const agent = value(await connectAgent(link, { socket: own.socket }));
    await own.dispose();
    await agent.closed;
  });

  it('notices that an agent ended which did not know a call', async () => {
    const own = await startReplay();
    const { link } = await sshLink([]);
    const session = new Http2Session(value(await link.open({ kind: 'unix', path: own.socket })), true);
    const asked = await session.request('POST', '/agent.v1.AgentService/NotYetThere', {}, { endStream: true });
    const [head] = (await once(asked, 'response')) as [IncomingHttpHeaders];
    expect(head[':status']).toBe(404);
    await own.dispose();
    await session.closed;
  });
});
