import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Docker from 'dockerode';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { verdictSentence } from '../../src/core/compare/agreement-words';
import { agreementOf } from '../../src/core/compare/agreement';
import { brokenUnwinders, randomFrom, sampledAnew } from '../../src/core/compare/testing/broken-unwinders';
import { connectAgent, type AgentConnection } from '../../src/engine/agent/agent-connection';
import { agentProcesses } from '../../src/engine/agent/processes';
import { Elevator } from '../../src/engine/deploy/elevate';
import { lookAt } from '../../src/engine/deploy/facts';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import { PythonThere } from '../../src/engine/pyspy/python-there';
import { sampleBoth, type SeenByBoth } from '../../src/engine/verify/verify';
import { launchApp, type App } from '../app';
import { commandLineOf } from '../cli/command-line';
import { demoImage } from '../world/docker/image';
import { repositoryFolder } from '../world/support/places';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { addAndConnect } from './servers';

// py-spy beside the agent, both real, on a Python service in a container.

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
const service = 'verify-shop';
/** A verdict takes 400 samples of each of the two, of a process that may get a fifth of a core. */
const verifySeconds = '20';

/** Work of known parts: functions that call each other, methods, a recursion, a C function, a comprehension. */
const program = `
import hashlib, json

class Basket:
    def __init__(self, items):
        self.items = items
    def total(self):
        price = 0
        for item in self.items:
            price += self.price_of(item)
        return price
    def price_of(self, item):
        value = 0
        for rule in range(12):
            value += (item * rule) % 7
        return value

def walk(depth):
    if depth == 0:
        return sum(n * n for n in range(3000))
    return walk(depth - 1)

def render(items):
    return json.dumps([{"sku": n, "price": n * 1.5} for n in items])

def seal(text):
    return hashlib.pbkdf2_hmac("sha256", text.encode()[:64], b"salt", 900).hex()

def checkout(items):
    basket = Basket(items)
    price = basket.total()
    return seal(render(items) + str(price))

def main():
    while True:
        checkout(range(400))
        walk(6)

main()
`;
let app: App;
let ui: Driver;
let container: Docker.Container | undefined;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

async function withAgent<T>(use: (agent: AgentConnection) => Promise<T>): Promise<T> {
  const socket = `/run/pyrometer/control-${world.users.pyro.uid}.sock`;
  const agent = value(await connectAgent(new LocalLink(), { socket }));
  try {
    return await use(agent);
  } finally {
    agent.dispose();
  }
}

beforeAll(async () => {
  container = await docker.createContainer({
    name: service,
    Image: demoImage,
    Cmd: ['python3', '-c', program],
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  app = await launchApp({ world, name: 'verify' });
  ui = drive(app.window);
  await addAndConnect(app, ui, world, { ...world.sshd, name: 'web-1', user: 'pyro' });
  await ui.button('Start agent').first().click();
  await ui.targetState('web-1', /profiling/, 120_000);
  // A machine that is busy with other things must not lower the rate meanwhile.
  await withAgent(({ client }) => client.setBudget({ machinePercent: 100, memoryBytes: 8n << 30n }));
});

beforeEach(() => {
  onTestFailed(async ({ task }) => {
    await app.screenshot(`failed ${task.name.slice(0, 20)}`);
  });
});

afterAll(async () => {
  try {
    await withAgent(({ client }) => client.setBudget({ machinePercent: 1, memoryBytes: 256n << 20n }));
    await ui.button('Stop agent').first().click();
    await ui.targetState('web-1', /stopped|not installed/);
  } finally {
    await app.dispose();
    await container?.remove({ force: true, v: true });
  }
});

test('the window runs py-spy beside the agent and says that the two agree', { timeout: 240_000 }, async () => {
  await ui.service(service).click({ timeout: 90_000 });
  await ui.graph();
  const trust = app.window.getByRole('region', { name: 'Trust' });
  await trust.getByRole('button', { name: /^Verify (?:with py-spy|again)$/ }).click({ timeout: 90_000 });
  await trust.getByLabel('Verifying').waitFor();
  await trust.getByText(/^\d+ of 20 s$/).waitFor({ timeout: 60_000 });
  await app.screenshot('1-running');
  const verdict = trust.locator('.verify-verdict');
  await verdict.waitFor({ timeout: 90_000 });
  await app.screenshot('2-verdict');
  expect(await verdict.innerText()).toMatch(/^Agrees: \d+ functions, largest difference/);
  await trust.getByText(/samples by the agent/).waitFor();
  await trust.getByRole('button', { name: 'Verify again' }).click();
  await trust.getByRole('button', { name: 'Cancel' }).click({ timeout: 30_000 });
  await trust.getByRole('button', { name: 'Verify with py-spy' }).waitFor();
});

test("memory of a Python process is offered beside the agent, by the agent's names", { timeout: 120_000 }, async () => {
  await ui.button('Memory…').click();
  const dialog = app.window.getByRole('dialog', { name: `Memory of ${service}` });
  const record = dialog.getByRole('button', { name: 'Record memory' });
  await waitFor('its process', async () => ((await record.isEnabled()) ? true : undefined), { timeoutMs: 30_000 });
  await app.screenshot('3-memory');
  await record.click();
  await dialog.getByText(/needs gdb or lldb beside it/).waitFor({ timeout: 60_000 });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('an unwinder that is broken is caught, 20 of 20, and one that is not never is', { timeout: 240_000 }, async () => {
  process.env['DOCKER_HOST'] = `unix://${world.dockerSocket}`;
  const link = new LocalLink();
  const facts = value(await lookAt(link));
  const about = { targetId: 'here', targetName: 'this computer', purpose: { why: 'no reason', keptUntil: 'never' } };
  const elevator = new Elevator({ link, facts, prompter: silentPrompter, ...about });
  const there = new PythonThere({
    targetName: () => 'this computer',
    link: () => link,
    resourcesDir: join(repositoryFolder, 'resources'),
    owner: 'verify-test',
  });
  const both: SeenByBoth = await withAgent(async (agent) =>
    value(
      await sampleBoth({
        agent,
        pythonOf: (processes, most) => there.beside(processes, most, facts, elevator),
        service,
        seconds: 20,
        clockAheadMs: 0,
        onProgress: () => undefined,
      }),
    ),
  );
  const { agent, pyspy, seconds } = both;
  const real = agreementOf(agent, pyspy, seconds);
  expect(real.verdict, verdictSentence(real)).toBe('agrees');
  const caught: string[] = [];
  const alarms: string[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const again = agreementOf(sampledAnew(agent, random), sampledAnew(agent, random), seconds);
    if (again.verdict === 'differs') alarms.push(verdictSentence(again));
    const broken = brokenUnwinders[seed % brokenUnwinders.length];
    if (broken === undefined) throw new Error('there is no such fault');
    const judged = agreementOf(broken.spoil(sampledAnew(agent, random), random), pyspy, seconds);
    if (judged.verdict === 'differs') caught.push(broken.name);
    else console.warn(`${broken.name}: ${verdictSentence(judged)}`);
  }
  expect(alarms).toEqual([]);
  expect(caught).toHaveLength(20);
});

test('the command line says the same, and its exit code too', { timeout: 240_000 }, async () => {
  const cli = commandLineOf(world);
  const { host, port, hostPublicKey } = world.sshd;
  cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);
  const server = `pyro@${host}:${port}`;
  const identity = ['--identity', world.keys.ed25519];
  const done = await cli.run([
    'agent',
    'verify',
    server,
    '--service',
    service,
    '--seconds',
    verifySeconds,
    ...identity,
  ]);
  expect(done.stdout).toMatch(/^Agrees: \d+ functions/);
  expect(done.stdout).toContain('samples by the agent');
  expect(done.code).toBe(0);
  const unknown = await cli.run(['agent', 'verify', server, '--service', 'nothing', ...identity]);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing of nothing runs now') as string });
});

test('a service outside of containers is verified as well', { timeout: 240_000 }, async () => {
  const { nosudo } = world.users;
  const alone = spawn('/usr/bin/python3', ['-c', program], {
    uid: nosudo.uid,
    gid: nosudo.gid,
    cwd: '/',
    stdio: 'ignore',
  });
  try {
    const cli = commandLineOf(world);
    const { host, port, hostPublicKey } = world.sshd;
    cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);
    const named = basename(realpathSync('/usr/bin/python3'));
    const target = ['agent', 'verify', `pyro@${host}:${port}`, '--service', named, '--seconds', verifySeconds];
    const found = async (): Promise<true | undefined> => {
      const { processes } = await withAgent(async (agent) => value(await agentProcesses(agent, undefined)));
      return processes.some(({ pid, service: its }) => pid === alone.pid && its === named) ? true : undefined;
    };
    await waitFor('the agent to find it', found, { timeoutMs: 60_000, everyMs: 250 });
    const done = await cli.run([...target, '--identity', world.keys.ed25519]);
    expect(done.stdout, done.stderr).toMatch(/^Agrees: \d+ functions/);
    expect(done.stdout).toContain(`(${alone.pid ?? 0})`);
    expect(done.code).toBe(0);
  } finally {
    alone.kill('SIGKILL');
  }
});

test('a recording with the time of each sample is a file that opens', { timeout: 240_000 }, async () => {
  const cli = commandLineOf(world);
  const { host, port, hostPublicKey } = world.sshd;
  cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);
  const target = ['record', `pyro@${host}:${port}`, '--identity', world.keys.ed25519];
  const out = join(cli.home, 'times.pb.gz');
  const done = await cli.run([...target, '--times', '--seconds', '8', '--service', service, '--out', out]);
  expect(done, done.stderr).toMatchObject({ code: 0 });
  const { sample: samples, stringTable } = Profile.decode(gunzipSync(readFileSync(out)));
  const times = samples.map(({ label }) => {
    const at = label.find(({ key }) => stringTable.strings[Number(key)] === 'end_timestamp_ns')?.num;
    return Number(at) / 1e9;
  });
  expect(times.length).toBeGreaterThan(50);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  expect(last - first).toBeGreaterThan(2);
  expect(last - first).toBeLessThan(8.1);
  const opened = await cli.run(['export', out, '--out', join(cli.home, 'times.folded')]);
  expect(opened, opened.stderr).toMatchObject({ code: 0 });
  expect(readFileSync(join(cli.home, 'times.folded'), 'utf8')).toContain(';walk;walk;');
});

test('it leaves no container, and the service runs on', async () => {
  const ours = (): Promise<Docker.ContainerInfo[]> =>
    docker.listContainers({ all: true, filters: { label: ['dev.pyrometer.py-spy'] } });
  await expect.poll(ours).toEqual([]);
  expect((await container?.inspect())?.State.Running).toBe(true);
});
