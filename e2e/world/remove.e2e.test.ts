import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import type { Leftover } from '../../src/contract/target';
import type { LeaseTimes } from '../../src/engine/deploy/agent-watch';
import { TargetSession } from '../../src/engine/deploy/session';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { HostKeys } from '../../src/engine/link/host-keys';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import { sidecarLabel } from '../../src/engine/pyspy/sidecar';
import { commandLineOf } from '../cli/command-line';
import { demoImage } from './docker/image';
import { processesOf } from './root/processes';
import { startSshd, type Sshd } from './sshd';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

const world = inject('world');
const { pyro, pat } = world.users;
const knownHosts = join(world.path, 'tmp', 'remove-known-hosts');
const known = (port: number): string => `[127.0.0.1]:${port} ${world.sshd.hostPublicKey}\n`;
writeFileSync(knownHosts, known(world.sshd.port));
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const sessions: TargetSession[] = [];
/** Lets root log in, with a cache folder in the world's own /var. */
let rootSshd: Sshd;

beforeAll(async () => {
  rootSshd = await startSshd({
    worldPath: world.path,
    config: [
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      `AuthorizedKeysFile ${pyro.home}/.ssh/authorized_keys`,
      'SetEnv XDG_CACHE_HOME=/var/root-cache',
    ],
  });
  appendFileSync(knownHosts, known(rootSshd.port));
});

afterEach(() => {
  for (const session of sessions.splice(0)) session.dispose();
});

afterAll(() => rootSshd.dispose());

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function makeSession(user: 'pyro' | 'pat' | 'root' = 'pyro', lease?: LeaseTimes): TargetSession {
  const session = new TargetSession({
    config: {
      kind: 'ssh',
      id: 'remove',
      name: 'remove',
      host: '127.0.0.1',
      port: user === 'root' ? rootSshd.port : world.sshd.port,
      user,
      authentication: { method: 'key', path: world.keys.ed25519 },
    },
    prompter: { ...silentPrompter, askSecret: () => Promise.resolve([pat.password]) },
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowSeconds: 5,
    lease,
    onChange: () => undefined,
  });
  sessions.push(session);
  return session;
}

/** A session on a machine where nothing of ours is, whatever the tests before left there. */
async function onCleanMachine(user?: 'pyro' | 'pat' | 'root'): Promise<TargetSession> {
  const cleaner = makeSession('root');
  value(await cleaner.connect());
  expect(value(await cleaner.removeLeftovers(true))).toEqual([]);
  const session = makeSession(user);
  value(await session.connect());
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  // Tests before this one may have left an empty cache folder, which goes with the agent.
  for (const home of [pyro.home, pat.home]) rmSync(join(home, '.cache'), { recursive: true, force: true });
  rmSync('/var/root-cache', { recursive: true, force: true });
  return session;
}

/** Not ours: what Docker, sshd, sudo and the demo's load write all the time, and the real folders of the machine. */
const restless = [
  /^\/var\/(lib\/(docker|containerd|apt|dpkg)|log|cache|run)\b/,
  /^\/run\/(docker|containerd|utmp|lock|sshd|sudo)\b/,
  /^\/tmp\/(?!pyrometer-agent)/,
];

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (restless.some((each) => each.test(path))) return [];
    const { mode, uid, gid, size } = lstatSync(path);
    const line = `${path} ${mode.toString(8)} ${uid}:${gid}${entry.isFile() ? ` ${size}` : ''}`;
    return [line, ...(entry.isDirectory() ? filesBelow(path) : [])];
  });
}

/** All that an agent could leave: files, sockets and units among them, users, mounts, settings of the kernel. */
function machine(): Readonly<Record<string, readonly string[]>> {
  const lines = (text: string): string[] => text.trim().split('\n').sort();
  const sysctl = ['kernel', 'net/core', 'vm'].flatMap((folder) =>
    readdirSync(join('/proc/sys', folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && /bpf|perf|kptr|ptrace|ftrace|memlock|stats|overcommit/.test(entry.name))
      .map((entry) => join('/proc/sys', folder, entry.name)),
  );
  return {
    files: ['/etc', '/home', '/opt', '/run', '/tmp', '/var'].flatMap(filesBelow).sort(),
    users: lines(readFileSync('/etc/passwd', 'utf8') + readFileSync('/etc/group', 'utf8')),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')).filter((line) => !/docker|nsfs/.test(line)),
    pinned: filesBelow('/sys/fs/bpf').sort(),
    sysctl: sysctl.map((path) => `${path} ${execFileSync('cat', [path]).toString().trim()}`),
    processes: processesOf(basename(world.path)).flatMap(({ command }) =>
      /pyrometer-agent/.test(command) ? [command] : [],
    ),
  };
}

const agentPids = (): readonly number[] =>
  processesOf(basename(world.path)).flatMap(({ pid, command }) =>
    /pyrometer-agent (run|keeper)/.test(command) ? [pid] : [],
  );

function killAgents(): void {
  for (const pid of agentPids()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // one of the two ended with the other
    }
  }
}

/** BPF programs and maps that a process holds, as "prog_id:\t12". */
function bpfOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fdinfo`;
  const readOr = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch {
      return otherwise; // closed or ended meanwhile
    }
  };
  return readOr(() => readdirSync(folder), []).flatMap((descriptor) =>
    readOr(() => readFileSync(join(folder, descriptor), 'utf8'), '')
      .split('\n')
      .filter((line) => /^(prog|map|link)_id:/.test(line)),
  );
}

function everybodysBpf(): ReadonlySet<string> {
  return new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => bpfOf(Number(pid))),
  );
}

async function startAndSample(
  session: TargetSession,
  kind: 'continuous' | 'recording' = 'continuous',
): Promise<readonly string[]> {
  value(await session.agent.start(kind));
  await waitFor('a window', () => ((session.state.agent.status?.windowsStored ?? 0) > 0 ? true : undefined), {
    timeoutMs: 90_000,
  });
  const held = agentPids().flatMap(bpfOf);
  expect(held.length).toBeGreaterThan(10);
  return held;
}

async function expectGone(before: ReturnType<typeof machine>, held: readonly string[]): Promise<void> {
  await waitFor('the agent to end', () => (agentPids().length === 0 ? true : undefined), { timeoutMs: 60_000 });
  expect(machine()).toEqual(before);
  // Nobody holds them, and nothing is pinned: the kernel has let them go.
  const left = everybodysBpf();
  expect(held.filter((id) => left.has(id))).toEqual([]);
}

const paths = (found: readonly Leftover[]): readonly string[] =>
  found.flatMap(({ path, contents = [] }) => contents.map((name) => join(path, name)));

test.each([
  { user: 'pyro', how: 'sudo', cache: join(pyro.home, '.cache') },
  { user: 'root', how: 'root itself', cache: '/var/root-cache' },
] as const)('as $how: removing lists every file, socket and process, and leaves the machine as it was', async (who) => {
  const session = await onCleanMachine(who.user);
  const before = machine();
  const held = await startAndSample(session);
  // What it writes while the list is made may not be in it.
  const there = machine()['files'] ?? [];
  const found = value(await session.leftovers());
  const running = agentPids();
  expect(running).toHaveLength(2);
  // Where the machine has no tracefs, the agent mounts one.
  const mounted = before['mounts']?.some((line) => / tracefs /.test(line)) === true;
  expect(found.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual([
    expect.stringContaining(`binary ${who.cache}/pyrometer/agent/`),
    ...(mounted ? [] : ['mount /sys/kernel/tracing']),
    expect.stringMatching(`^process (${running.join('|')}) pyrometer-agent (run|keeper)$`),
    expect.stringMatching(`^process (${running.join('|')}) pyrometer-agent (run|keeper)$`),
    'program /opt/pyrometer',
    'sockets /run/pyrometer',
    'store /var/lib/pyrometer',
  ]);
  const listed = paths(found);
  // Nothing that came is missing from the list.
  const came = there.filter((line) => before['files']?.includes(line) !== true);
  const ours = came
    .map((line) => line.replace(/ \d+ \d+:\d+( \d+)?$/, ''))
    .filter((path) => existsSync(path) && !lstatSync(path).isDirectory());
  expect(ours.filter((path) => !listed.includes(path))).toEqual([]);
  expect(listed).toContain(`/run/pyrometer/control-${who.user === 'root' ? 0 : pyro.uid}.sock`);
  expect(listed).toContain('/var/lib/pyrometer/profiles.db');

  expect(value(await session.removeLeftovers(true))).toEqual([]);
  expect(session.state.agent.state).toBe('not-installed');
  await expectGone(before, held);
  expect(value(await session.leftovers())).toEqual([]);
});

test('as sudo with a password: folders of root are named, and all goes', async () => {
  const session = await onCleanMachine('pat');
  const before = machine();
  const held = await startAndSample(session);
  const found = value(await session.leftovers());
  expect(found.find(({ kind }) => kind === 'store')).toEqual({ kind: 'store', path: '/var/lib/pyrometer' });
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  await expectGone(before, held);
});

test('what cannot be removed is told with its reason, and hinders nothing else', async () => {
  const session = await onCleanMachine();
  const before = machine();
  const held = await startAndSample(session);
  const foreign = '/var/lib/pyrometer/thesis.tex';
  writeFileSync(foreign, 'of somebody else');
  expect(value(await session.removeLeftovers(true))).toEqual([
    {
      kind: 'store',
      path: '/var/lib/pyrometer',
      contents: ['thesis.tex'],
      why: 'it holds files that are not the agent\'s: ["thesis.tex"]',
    },
  ]);
  expect(readFileSync(foreign, 'utf8')).toBe('of somebody else');
  rmSync(foreign);
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  await expectGone(before, held);
});

test('a container of py-spy is listed and removed; one that somebody records with only when forced', async () => {
  const session = await onCleanMachine();
  const make = async (goneBy: number): Promise<string> => {
    const made = await docker.createContainer({
      Image: demoImage,
      Cmd: ['sleep', '600'],
      Labels: { [sidecarLabel]: String(goneBy) },
      HostConfig: { NetworkMode: 'none' },
    });
    return (await made.inspect()).Name.slice(1);
  };
  const late = await make(1);
  expect(value(await session.leftovers())).toEqual([{ kind: 'container', path: late }]);
  const used = await make(Math.ceil(Date.now() / 1000) + 3600);
  const refused = await session.removeLeftovers(false);
  expect(refused.ok ? 'removed' : refused.failure.code).toBe('agent-in-use');
  expect(refused.ok ? '' : refused.failure.message).toContain(used);
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  const left = await docker.listContainers({ all: true, filters: { label: [sidecarLabel] } });
  expect(left).toEqual([]);
});

test('the command line lists what it will remove, asks, and removes it', async () => {
  const session = await onCleanMachine();
  const before = machine();
  const held = await startAndSample(session);
  session.dispose();
  const cli = commandLineOf(world);
  cli.write('.ssh/known_hosts', known(world.sshd.port));
  const key = cli.write('.ssh/id', readFileSync(world.keys.ed25519));
  const target = `pyro@127.0.0.1:${world.sshd.port}`;
  const asked = await cli.run(['agent', 'remove', target, '--identity', key]);
  expect(asked.stdout).toContain('/var/lib/pyrometer/profiles.db');
  expect(asked.stderr).toContain('Nobody can be asked here: add --yes to remove all of it.');
  expect(asked.code).toBe(1);
  expect(agentPids()).toHaveLength(2);
  const done = await cli.run(['agent', 'remove', target, '--identity', key, '--yes']);
  expect(done.stdout).toContain('removed /var/lib/pyrometer  (profiles and log)');
  expect(done.code).toBe(0);
  await expectGone(before, held);
});

test('after kill -9 of the agent and its keeper, a cut upload and a dead start, removing leaves nothing', async () => {
  const session = await onCleanMachine();
  const before = machine();
  const held = await startAndSample(session);
  const binary = value(await session.leftovers()).find(({ kind }) => kind === 'binary');
  killAgents();
  await waitFor('the agent to die', () => (agentPids().length === 0 ? true : undefined), {
    timeoutMs: 30_000,
  });
  // As an upload that was cut, and a start that was killed an hour ago, leave them.
  const part = join(binary?.path ?? '', 'pyrometer-agent.part-cut');
  writeFileSync(part, 'half');
  chownSync(part, pyro.uid, pyro.gid);
  const copy = '/var/lib/.pyrometer-agent-deadbeef';
  mkdirSync(copy, { mode: 0o700 });
  writeFileSync(join(copy, 'pyrometer-agent'), 'copy');
  execFileSync('touch', ['-d', '1 hour ago', copy]);

  const found = value(await session.leftovers());
  const listed = paths(found);
  expect(listed).toEqual(expect.arrayContaining([part, join(copy, 'pyrometer-agent'), '/run/pyrometer/agent.lock']));
  expect(value(await session.removeLeftovers(false))).toEqual([]);
  await expectGone(before, held);
});

test('the next start clears up after kill -9, and goes on with what was stored', async () => {
  const session = await onCleanMachine();
  const before = machine();
  await startAndSample(session);
  killAgents();
  await waitFor('the app to notice', () => (session.state.agent.state === 'stopped' ? true : undefined), {
    timeoutMs: 60_000,
  });
  expect(session.state.agent.message).toMatch(
    /^The agent ended by itself; \/var\/lib\/pyrometer\/agent\.log there says why\./,
  );
  // The lock and the pid file of the dead one are there, and are no hindrance.
  expect(existsSync('/run/pyrometer/agent.lock')).toBe(true);
  // A part of an upload that was cut an hour ago is swept by the start.
  const binary = value(await session.leftovers()).find(({ kind }) => kind === 'binary');
  const part = join(binary?.path ?? '', 'pyrometer-agent.part-cut');
  writeFileSync(part, 'half');
  execFileSync('touch', ['-d', '2 hours ago', part]);
  const held = await startAndSample(session);
  expect(existsSync(part)).toBe(false);
  expect(readlinkSync(`/proc/${agentPids()[0] ?? 0}/exe`)).toContain('pyrometer-agent');
  expect(value(await session.removeLeftovers(true))).toEqual([]);
  await expectGone(before, held);
});

test('a recording that nobody renews can be read for a while, another goes on with it, and then all of it goes by itself', async () => {
  const session = await onCleanMachine();
  const before = machine();
  // The leases are longer than a start takes, and shorter than anybody waits.
  const recorder = makeSession('pyro', { seconds: 20, renewEveryMs: 1000, keepSeconds: 3600 });
  value(await recorder.connect());
  const held = await startAndSample(recorder, 'recording');
  recorder.dispose(); // as an app that was killed: it gives nothing back

  const reader = makeSession('pyro', { seconds: 20, renewEveryMs: 1000, keepSeconds: 5 });
  value(await reader.connect());
  await waitFor('the agent to be kept', () => (reader.state.agent.state === 'kept' ? true : undefined), {
    timeoutMs: 90_000,
  });
  expect(reader.state.agent.message).toMatch(/^Nobody renewed this recording since .*; then everything is removed\.$/);
  expect(reader.state.agent.status?.kept?.untilMs).toBeGreaterThan(Date.now() + 3_000_000);
  expect(agentPids().flatMap(bpfOf)).toEqual([]);
  const left = everybodysBpf();
  expect(held.filter((id) => left.has(id))).toEqual([]);
  const range = { startMs: Date.now() - 600_000, endMs: Date.now() };
  const services = value(await reader.sources.services('agent', range));
  expect(services.length).toBeGreaterThan(0);

  const heldAnew = await startAndSample(reader, 'recording');
  const names = value(await reader.sources.services('agent', range)).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(services.map(({ name }) => name)));
  reader.dispose();
  await expectGone(before, heldAnew);
  expect(value(await session.leftovers())).toEqual([]);
});

test('what a recording left whose machine went down is told at the next connect, and goes when its time is over', async () => {
  const session = await onCleanMachine();
  const before = machine();
  const recorder = makeSession('pyro', { seconds: 600, renewEveryMs: 20_000, keepSeconds: 86_400 });
  value(await recorder.connect());
  await startAndSample(recorder, 'recording');
  expect(value(await session.leftovers()).flatMap(({ contents = [] }) => contents)).toContain('profiles.db.recording');
  recorder.dispose();
  // What a reboot takes: processes, mounts and /run.
  killAgents();
  await waitFor('the agent to die', () => (agentPids().length === 0 ? true : undefined), { timeoutMs: 30_000 });
  const mounted = machine()['mounts']?.filter((line) => before['mounts']?.includes(line) !== true) ?? [];
  for (const line of mounted) execFileSync('umount', [line.split(' ')[1] ?? '']);
  rmSync('/run/pyrometer', { recursive: true });

  const next = makeSession();
  value(await next.connect());
  expect(next.state.agent).toMatchObject({
    state: 'stopped',
    message: 'A recording ended here when the machine went down. Record goes on with its windows, which stay for 24 h.',
  });
  const other = makeSession('pat');
  value(await other.connect());
  expect(other.state.agent.message).toBe(
    'An agent ran here until the machine went down. What it stored is still there: a start goes on with it, “What is on it…” removes it.',
  );
  execFileSync('find', ['/var/lib/pyrometer', '-type', 'f', '-exec', 'touch', '-d', '25 hours ago', '{}', '+']);

  const late = makeSession();
  value(await late.connect());
  expect(late.state.agent).toMatchObject({
    state: 'not-installed',
    message: 'What a recording left here had outlived its time and was removed.',
  });
  expect(machine()).toEqual(before);
});
