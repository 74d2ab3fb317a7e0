import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter, type SecretQuestion } from '../../src/engine/link/prompter';
import { processesOf } from './root/processes';
import { startSshd, type Sshd } from './sshd';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// sudo with a password, for real: it is asked for once a connection and started once, and what it started ends with the connection.

const world = inject('world');
const { pat } = world.users;
const knownHosts = join(world.path, 'tmp', 'root-bridge-known-hosts');
const sudoLog = '/var/log/sudo-root-bridge.log';
const sudoers = '/etc/sudoers.d/pyrometer-e2e-root-bridge';
const asked: SecretQuestion[] = [];
const sessions: TargetSession[] = [];
let narrow: Sshd;
/** Between the app and its server. */
let between: Server;
const ends: Socket[] = [];
let passing = true;

beforeAll(async () => {
  narrow = await startSshd({ worldPath: world.path, config: ['MaxSessions 2', 'AllowStreamLocalForwarding no'] });
  between = createServer((near) => {
    const far = connect(world.sshd.port, '127.0.0.1');
    ends.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (piece: Buffer) => passing && to.write(piece));
      from.on('error', () => undefined);
      from.on('close', () => passing && to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  const known = [world.sshd.port, narrow.port, (between.address() as AddressInfo).port];
  writeFileSync(knownHosts, known.map((port) => `[127.0.0.1]:${port} ${world.sshd.hostPublicKey}\n`).join(''));
});

beforeEach(() => {
  sudoersOf('');
  rmSync(sudoLog, { force: true });
  asked.length = 0;
  passing = true;
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.dispose();
  for (const end of ends.splice(0)) end.destroy();
  const cleaner = makeSession();
  value(await cleaner.connect());
  expect(value(await cleaner.removeLeftovers(true))).toEqual([]);
  cleaner.dispose();
  sessions.length = 0;
  await waitFor('every bridge to end', () => (bridges().length === 0 ? true : undefined), { timeoutMs: 15_000 });
});

afterAll(async () => {
  rmSync(sudoers, { force: true });
  rmSync(sudoLog, { force: true });
  between.close();
  await narrow.dispose();
});

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** @param more settings of sudo for pat */
function sudoersOf(more: string): void {
  writeFileSync(sudoers, `Defaults:pat logfile=${sudoLog}, loglinelen=0${more}\n`, { mode: 0o440 });
}

function makeSession(port = world.sshd.port, answers: readonly string[] = []): TargetSession {
  const session = new TargetSession({
    config: {
      kind: 'ssh',
      id: 'root-bridge',
      name: 'root-bridge',
      host: '127.0.0.1',
      port,
      user: 'pat',
      authentication: { method: 'key', path: world.keys.ed25519 },
    },
    prompter: {
      ...silentPrompter,
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve([answers[asked.length - 1] ?? pat.password]);
      },
    },
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowSeconds: 5,
    onChange: () => undefined,
  });
  sessions.push(session);
  return session;
}

/** What sudo ran for pat, by its own log; looking whether it asks for a password is no part of it. */
const sudos = (): readonly string[] =>
  (existsSync(sudoLog) ? readFileSync(sudoLog, 'utf8') : '')
    .split('\n')
    .filter((line) => line.includes('COMMAND=') && !/COMMAND=(\S*\/true|validate)$/.test(line));

const bridges = (): readonly number[] =>
  processesOf(basename(world.path)).flatMap(({ pid, command }) =>
    /^\S*pyrometer-agent root-bridge/.test(command) ? [pid] : [],
  );

const agents = (): readonly number[] =>
  processesOf(basename(world.path)).flatMap(({ pid, command }) =>
    /pyrometer-agent (run|keeper)/.test(command) ? [pid] : [],
  );

const tails = (): readonly number[] =>
  processesOf(basename(world.path)).flatMap(({ pid, command }) => (/^tail .*agent\.log/.test(command) ? [pid] : []));

/** Follows the agent's log; answers what ends that. */
async function follow(session: TargetSession): Promise<{ end: () => void; over: Promise<Result<null>> }> {
  const ending = new AbortController();
  const lines: string[] = [];
  const over = session.followLog(({ lines: more }) => lines.push(...more), ending.signal);
  await waitFor('the log', () => (lines.length > 0 ? true : undefined), { timeoutMs: 20_000 });
  return {
    over,
    end: () => {
      ending.abort();
    },
  };
}

test.each([
  ['as it is', ''],
  ['with a terminal for each command', ', use_pty'],
])('the password is asked for once and sudo started once: start, record, log, remove; sudo %s', async (_how, more) => {
  sudoersOf(more);
  const session = makeSession();
  value(await session.connect());
  value(await session.startRecording());
  expect(bridges()).toHaveLength(1);
  const { end, over } = await follow(session);
  expect(tails()).toHaveLength(1);
  end();
  expect(await over).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  // A command of root's that is given up ends there, too.
  await waitFor('tail to end', () => (tails().length === 0 ? true : undefined), { timeoutMs: 10_000 });
  value(await session.stopRecording());
  // Its keeper takes away what root has of it.
  await waitFor('the recording to end', () => (agents().length === 0 ? true : undefined), { timeoutMs: 30_000 });
  value(await session.agent.start('continuous'));
  value(await session.agent.restart(true));
  const receipt = session.receipt();
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  expect(bridges()).toEqual([]);

  expect(asked.map(({ title }) => title)).toEqual(['sudo password of pat on 127.0.0.1']);
  expect(asked[0]?.explanation).toContain('neither kept nor stored');
  expect(sudos()).toHaveLength(1);
  expect(sudos()[0]).toContain('root-bridge');
  expect(readFileSync(sudoLog, 'utf8')).not.toContain(pat.password);
  expect(JSON.stringify(receipt)).not.toContain(pat.password);
  const asRoot = receipt.entries.filter(({ asRoot: is }) => is).map(({ command }) => command);
  expect(asRoot.every((command) => command.startsWith('sudo -- '))).toBe(true);
  expect(asRoot.filter((command) => command.includes(' start --uid '))).toHaveLength(3);
  expect(asRoot.filter((command) => command.includes('agent.log'))).toHaveLength(1);
});

test('a wrong password is asked for again, within the same sudo', async () => {
  const session = makeSession(world.sshd.port, ['wrong']);
  value(await session.connect());
  value(await session.agent.start('continuous'));
  expect(asked).toHaveLength(2);
  expect(asked[1]?.explanation).toContain('sudo did not accept that password.');
  expect(bridges()).toHaveLength(1);
});

test('disconnecting ends what runs as root, and the next connection asks again', async () => {
  const session = makeSession();
  value(await session.connect());
  value(await session.agent.start('continuous'));
  const { over } = await follow(session);
  session.disconnect();
  await over;
  await waitFor('root to leave', () => (bridges().length + tails().length === 0 ? true : undefined), {
    timeoutMs: 15_000,
  });
  value(await session.connect());
  (await follow(session)).end();
  expect(asked).toHaveLength(2);
});

test('an app that is killed leaves nothing that runs as root but the agent', async () => {
  const session = makeSession((between.address() as AddressInfo).port);
  value(await session.connect());
  value(await session.agent.start('continuous'));
  const { over } = await follow(session);
  expect(bridges().length + tails().length).toBe(2);
  // What the kernel does for a process that is gone: the connection ends without a word of SSH.
  for (const end of ends.splice(0)) end.resetAndDestroy();
  await over;
  await waitFor('root to leave', () => (bridges().length + tails().length === 0 ? true : undefined), {
    timeoutMs: 15_000,
  });
});

test('a connection that is cut in silence does so within a minute or so', { timeout: 180_000 }, async () => {
  const session = makeSession((between.address() as AddressInfo).port);
  value(await session.connect());
  value(await session.agent.start('continuous'));
  const { over } = await follow(session);
  passing = false; // sshd goes on waiting
  await over;
  expect(bridges().length + tails().length).toBe(2);
  await waitFor('root to leave', () => (bridges().length + tails().length === 0 ? true : undefined), {
    timeoutMs: 90_000,
  });
});

test('on a server that allows two sessions, of which the agent has one, the bridge makes room for what needs one', async () => {
  const session = makeSession(narrow.port);
  value(await session.connect());
  value(await session.agent.start('continuous'));
  expect(value(await session.leftovers()).length).toBeGreaterThan(0);
  expect(bridges()).toEqual([]);
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  expect(asked).toHaveLength(2);
});
