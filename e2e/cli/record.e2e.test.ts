import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterEach, expect, inject, test } from 'vitest';
import { openOffline } from '../browser';
import { startFakeDarwin } from '../world/fake-darwin';
import { processesOf } from '../world/root/processes';
import { repositoryFolder } from '../world/support/places';
import { freePort } from '../world/support/ports';
import { tryRun, type Finished } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import { commandLineOf } from './command-line';

const world = inject('world');
const cli = commandLineOf(world);
const { host, port, hostPublicKey } = world.sshd;
const server = `pyro@${host}:${port}`;
const identity = ['--identity', world.keys.ed25519];

/** Agents that run in this world. */
function agents(): readonly string[] {
  return processesOf(basename(world.path))
    .filter(({ command }) => command.includes('pyrometer-agent'))
    .map(({ pid, command }) => `${pid} ${command}`);
}

/**
 * Sockets of agents that somebody answers on. Their files may stay: an agent that gave up its rights cannot remove them
 * from root's folder, and the next one does.
 */
async function answering(): Promise<readonly string[]> {
  const folder = '/run/pyrometer';
  const sockets = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sock')) : [];
  const answers = await Promise.all(
    sockets.map(
      (name) =>
        new Promise<boolean>((resolve) => {
          const socket = connect(join(folder, name));
          socket.once('connect', () => {
            socket.destroy();
            resolve(true);
          });
          socket.once('error', () => {
            resolve(false);
          });
        }),
    ),
  );
  return sockets.filter((_name, index) => answers[index]);
}

afterEach(async () => {
  await waitFor(
    'the agents to end',
    () => {
      const left = agents();
      if (left.length === 0) return true;
      throw new Error(left.join('\n'));
    },
    { timeoutMs: 30_000 },
  );
  expect(await answering()).toEqual([]);
  // Nor is anything left beside what was asked for.
  expect(readdirSync(join(cli.home, 'tmp'))).toEqual([]);
  expect(readdirSync(cli.home).filter((name) => name.includes('.part'))).toEqual([]);
});

/** What a pprof holds: the sum of its first values, and the names of its functions. */
function readPprof(path: string): { readonly total: number; readonly names: ReadonlySet<string> } {
  const profile = Profile.decode(gunzipSync(readFileSync(path)));
  const total = profile.sample.reduce((sum, { value }) => sum + Number(value[0]), 0);
  return {
    total,
    names: new Set(profile.function.map((each) => profile.stringTable.strings[Number(each.name)] ?? '')),
  };
}

/** Opens a page offline; answers its total and whether it finds a name. */
async function readPage(path: string, name: string): Promise<{ readonly total: number; readonly found: string }> {
  const offline = await openOffline(path);
  try {
    const total = Number(await offline.page.locator('#total').getAttribute('data-total'));
    await offline.page.getByLabel('Search').fill(name);
    const found = offline.page.getByText(/match(es)?, /);
    await found.waitFor();
    expect(offline.requests).toEqual([]);
    expect(offline.errors).toEqual([]);
    return { total, found: await found.innerText() };
  } finally {
    await offline.dispose();
  }
}

// An agent that has just begun reads the interpreters first; on a busy machine its first seconds have no Python in them.
const seconds = '20';

test('record local writes one page that opens offline', async () => {
  const done = await cli.run(['record', 'local', '--seconds', seconds, '--out', 'flame.html']);
  expect(done, done.stderr).toMatchObject({ code: 0, stdout: '' });
  expect(done.stderr).toMatch(/recording, \d+ of 20 s/);
  expect(done.stderr).toMatch(/flame\.html: \d+ stacks, \d+ functions, \d+ bytes/);
  const { total, found } = await readPage(join(cli.home, 'flame.html'), 'checkout_view');
  // Two cores and twenty seconds cannot have less than a tenth of a second.
  expect(total).toBeGreaterThan(100_000_000);
  expect(found).not.toMatch(/^0 matches/);
});

test('record user@host writes a pprof, which is exported as a page with the same total', async () => {
  cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);
  const done = await cli.run(['record', server, ...identity, '--seconds', seconds, '--out', 'profile.pb.gz']);
  expect(done, done.stderr).toMatchObject({ code: 0, stdout: '' });
  const { total, names } = readPprof(join(cli.home, 'profile.pb.gz'));
  expect([...names]).toContain('checkout_view');
  expect(total).toBeGreaterThan(100_000_000);
  const exported = await cli.run(['export', 'profile.pb.gz', '--out', 'server.html']);
  expect(exported, exported.stderr).toMatchObject({ code: 0 });
  const page = await readPage(join(cli.home, 'server.html'), 'checkout_view');
  expect(page.total).toBe(total);
  expect(page.found).not.toMatch(/^0 matches/);
  const folded = await cli.run(['export', 'profile.pb.gz', '--out', 'server.folded']);
  expect(folded.code).toBe(0);
  const lines = readFileSync(join(cli.home, 'server.folded'), 'utf8').trim().split('\n');
  expect(lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)).toBe(total);
});

test('record on a Mac that is none writes what py-spy saw of one container', async () => {
  const mac = await startFakeDarwin(world.path);
  try {
    cli.write('.ssh/known_hosts', `[${mac.host}]:${mac.port} ${mac.hostPublicKey}\n`);
    const target = `pyro@${mac.host}:${mac.port}`;
    const out = ['--seconds', '15', '--out', 'mac.pb.gz'];
    const done = await cli.run(['record', target, ...identity, '--service', 'revel_web', ...out]);
    expect(done, done.stderr).toMatchObject({ code: 0, stdout: '' });
    const { total, names } = readPprof(join(cli.home, 'mac.pb.gz'));
    expect([...names]).toContain('checkout_view');
    expect([...names].some((name) => name.includes('celery'))).toBe(false);
    expect(total).toBeGreaterThan(10_000_000);
    const none = await cli.run(['record', target, ...identity, '--service', 'no_such', ...out]);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(
      /^Nothing called no_such runs Python on 127\.0\.0\.1 now: choose something that does\.$/m,
    );
  } finally {
    await mac.dispose();
  }
});

test('Ctrl+C ends a recording with its agent', async () => {
  let interrupted = false;
  const done = await cli.run(['record', 'local', '--seconds', '600', '--out', 'long.html'], (said, interrupt) => {
    // Once: a second one ends the process where it stands.
    if (interrupted || !said.includes('recording, ')) return;
    interrupted = true;
    interrupt();
  });
  expect(done, done.stderr).toMatchObject({ code: 130 });
  expect(existsSync(join(cli.home, 'long.html'))).toBe(false);
});

test('a host key that is not known is refused where nobody can be asked, with what to do', async () => {
  cli.write('.ssh/known_hosts', '');
  const done = await cli.run(['record', server, ...identity, '--seconds', '1', '--out', 'new.pb.gz']);
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('connect once with ssh or in the window');
  expect(done.stderr).toMatch(/SHA256:/);
  expect(existsSync(join(cli.home, 'new.pb.gz'))).toBe(false);
});

test('a host key that changed is refused', async () => {
  const other = (await tryRun('ssh-keygen', ['-y', '-f', join(world.path, 'keys/host/second')])).stdout.trim();
  cli.write('.ssh/known_hosts', `[${host}]:${port} ${other}\n`);
  const done = await cli.run(['record', server, ...identity, '--seconds', '1', '--out', 'new.pb.gz']);
  expect(done.code).toBe(1);
  expect(done.stderr).toMatch(/another key than the one that is known.*remove line 1 of/s);
});

test('what cannot be done is said in a sentence', async () => {
  const record = (target: string, out = 'x.html'): Promise<Finished> =>
    cli.run(['record', target, ...identity, '--seconds', '1', '--out', out]);
  const cut = readFileSync(join(repositoryFolder, 'src/core/formats/testdata/go-cpu.pb.gz')).subarray(0, 2000);
  cli.write('cut.pb.gz', cut);
  cli.write('empty.pb.gz', '');
  const closed = await freePort();
  const cases: readonly (readonly [code: number, says: RegExp, done: Promise<Finished>])[] = [
    [1, /^127\.0\.0\.1 refused port \d+: check the port/m, record(`pyro@${host}:${closed}`)],
    [1, /^There is no host "no-such-host\.invalid": check the name/m, record('pyro@no-such-host.invalid')],
    [
      1,
      /^The folder of nowhere\/flame\.html is not there\. Choose another one\.$/m,
      record('local', 'nowhere/flame.html'),
    ],
    [
      1,
      /^\/etc\/flame\.html may not be written\. Choose a folder that is yours\.$/m,
      record('local', '/etc/flame.html'),
    ],
    [1, /^The compressed profile is cut off or damaged\./m, cli.run(['export', 'cut.pb.gz', '--out', 'cut.html'])],
    [1, /^The file is empty\./m, cli.run(['export', 'empty.pb.gz', '--out', 'empty.html'])],
    [1, /^"gone\.pb\.gz" cannot be read\.$/m, cli.run(['export', 'gone.pb.gz', '--out', 'gone.html'])],
    [2, /^"flame\.svg" does not say what to write: end it in/m, cli.run(['record', 'local', '--out', 'flame.svg'])],
    [2, /^There is no command "frobnicate"; see/m, cli.run(['frobnicate'])],
  ];
  for (const [code, says, running] of cases) {
    const done = await running;
    expect(done.code, done.stderr).toBe(code);
    expect(done.stderr).toMatch(says);
    expect(done.stderr, 'nothing was recorded in vain').not.toContain('recording, ');
    expect(done.stdout).toBe('');
  }
  expect(
    readdirSync(cli.home)
      .filter((name) => name.endsWith('.html'))
      .sort(),
  ).toEqual(['flame.html', 'server.html']);
});

test('npm start without a display names the command that needs none', async () => {
  const none = { DISPLAY: undefined, WAYLAND_DISPLAY: undefined, CI: undefined };
  const done = await tryRun(process.execPath, [join(repositoryFolder, 'scripts/start.mjs')], { env: none });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('npm start -- record local --seconds 15 --out flame.html');
});
