import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statfsSync, statSync, watch } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { descendantsOf } from '../world/root/processes';
import { freePort } from '../world/support/ports';
import { run } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import { startSshd, type Sshd } from '../world/sshd';
import { drive, type Driver } from './driver';
import { addAndConnect } from './servers';

const world = inject('world');
const dockerSocket = '/var/run/docker.sock';
let app: App;
let ui: Driver;
/** Does not forward Unix sockets, so that agents are reached by their bridge. */
let strict: Sshd;
/** Answers as no Pyroscope does: the fault that is faked. */
let impostor: HttpServer;

beforeAll(async () => {
  impostor = createServer((request, response) => {
    const [, kind = ''] = (request.url ?? '').split('/');
    request.resume();
    if (kind === 'garbage') {
      response.writeHead(200, { 'content-type': 'application/proto' });
      response.end(Buffer.from([0xff, 0xff, 0xff, 0x07, 0x00]));
    } else if (kind === 'website') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><body>It works!</body></html>');
    } else {
      response.writeHead(Number(kind), { 'content-type': 'text/plain' });
      response.end('no');
    }
  });
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
  strict = await startSshd({ worldPath: world.path, config: ['AllowStreamLocalForwarding no'] });
  app = await launchApp({ world, name: 'bad-servers' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await strict.dispose();
  impostor.close();
});

const statusItem = (key: string): ReturnType<typeof app.window.locator> =>
  app.window.getByRole('contentinfo', { name: 'Status' }).locator(`[data-key="${key}"]`);

/** Waits until a part of the status bar explains itself. */
const statusSays = (key: string, says: RegExp, timeoutMs = 30_000): Promise<string> =>
  waitFor(
    `the status of ${key} to say ${String(says)}`,
    async () => {
      const title = (await statusItem(key).getAttribute('title', { timeout: 1000 })) ?? '';
      if (says.test(title)) return title;
      throw new Error(`it says "${title}"`);
    },
    { timeoutMs, everyMs: 100 },
  );

async function setPyroscope(target: string, url: string): Promise<void> {
  await ui.button(`More for ${target}`).click();
  await app.window.getByRole('menuitem', { name: /Pyroscope/ }).click();
  await app.window.getByLabel('Address').fill(url);
  await ui.button('Save').last().click();
  await app.window.getByLabel('Address').waitFor({ state: 'detached' });
}

const impostorAt = (path: string): string => {
  const address = impostor.address();
  if (address === null || typeof address === 'string') throw new Error('the impostor does not listen');
  return `http://127.0.0.1:${address.port}/${path}`;
};

test.each([
  ['answers 500', () => impostorAt('500'), /answered with an error \(HTTP 500\): look into its log/],
  ['answers 404', () => impostorAt('404'), /does not know \w+: check the address and its path/],
  ['wants credentials', () => impostorAt('401'), /wants other credentials/],
  ['answers garbage', () => impostorAt('garbage'), /did not answer as a Pyroscope server: check the address/],
  ['is a web site', () => impostorAt('website'), /did not answer as a Pyroscope server: check the address/],
  ['refuses', async () => `http://127.0.0.1:${await freePort()}`, /cannot be reached/],
])('a Pyroscope that %s is named in the status and in the view', async (_what, address, says) => {
  const url = await address();
  await setPyroscope('This computer', url);
  expect(await statusSays('pyroscope', says)).toContain(new URL(url).host);
  await expect.poll(() => statusItem('pyroscope').innerText()).toContain('does not answer');
  await app.window.getByRole('radiogroup', { name: 'Source' }).getByRole('radio', { name: 'Pyroscope' }).click();
  await app.window.getByRole('main').getByText(says).first().waitFor();
  await app.screenshot(`1-pyroscope-${new URL(url).pathname.slice(1)}`);
});

test('the right address mends it', async () => {
  await setPyroscope('This computer', world.pyroscopeUrl);
  await expect.poll(() => statusItem('pyroscope').innerText(), { timeout: 60_000 }).toContain('ok');
  await app.window.getByRole('radiogroup', { name: 'Source' }).getByRole('radio', { name: 'Agent' }).click();
  await ui.button('Record').first().waitFor();
});

test('a target without space refuses the agent with what to do', async () => {
  if ((await ui.target('web-1').count()) === 0) {
    await addAndConnect(app, ui, world, { ...strict, name: 'web-1', user: 'pyro' });
  }
  const { uid, gid, home } = world.users.pyro;
  const cache = join(home, '.cache');
  const store = '/var/lib/pyrometer';
  mkdirSync(cache, { recursive: true });
  chownSync(cache, uid, gid);
  mkdirSync(store, { recursive: true, mode: 0o755 });
  const refusedOn = async (
    folder: string,
    options: string,
    says: RegExp,
    prepare: () => () => void = () => () => undefined,
  ): Promise<void> => {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    const end = prepare();
    try {
      const start = ui.button('Start agent').first();
      await start.click();
      // It takes no second press until it is over; before that the target may say what was wrong the last time.
      await start.click({ trial: true, timeout: 60_000 });
      await waitFor(
        `the refusal ${String(says)}`,
        async () => {
          const title = (await ui.target('web-1').getAttribute('title')) ?? '';
          if (title.startsWith('failed: ') && says.test(title)) return true;
          throw new Error(title);
        },
        { timeoutMs: 60_000, everyMs: 100 },
      );
      await app.window.getByRole('main').getByText(says).first().waitFor();
      // What was sent in vain is not left there.
      const left = readdirSync(folder, { recursive: true }).map(String);
      expect(left.filter((name) => name.includes('.part-'))).toEqual([]);
    } finally {
      end();
      await run('umount', [folder]);
    }
  };
  const owner = `uid=${uid},gid=${gid},mode=700`;
  // Where it would be sent instead.
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=1777', 'tmpfs', '/var/tmp']);
  try {
    await refusedOn(
      cache,
      `size=4m,${owner}`,
      /There is no space left for the agent in .*\(\d+ MB free\): make room for/,
    );
    await app.screenshot('2-no-space');
  } finally {
    await run('umount', ['/var/tmp']);
  }
  // It fills when the place of the agent is made: after the look at the disk, while the agent is sent.
  await refusedOn(
    cache,
    `size=96m,${owner}`,
    /There is no space left for the agent in .*\([0-6] MB free\): make room for/,
    () => {
      const agents = join(cache, 'pyrometer', 'agent');
      mkdirSync(agents, { recursive: true });
      for (const folder of [join(cache, 'pyrometer'), agents]) chownSync(folder, uid, gid);
      const watcher = watch(agents, () => {
        watcher.close();
        const { bavail, bsize } = statfsSync(cache);
        execFileSync('fallocate', ['-l', String(bavail * bsize - 6 * 1024 * 1024), join(cache, 'filler')]);
      });
      return () => {
        watcher.close();
      };
    },
  );
  await app.screenshot('3-filled-meanwhile');
  await refusedOn(
    cache,
    `size=96m,nr_inodes=4,${owner}`,
    /takes no more files \(its inodes are used up\): remove some/,
  );
  // Where it keeps its windows is another disk than where it is put.
  await refusedOn(store, 'size=1m,mode=755', /The disk of \/var\/lib\/pyrometer has \d MB left: free some space/);
});

test('where sockets may not be forwarded, the bridge carries everything', async () => {
  const { mode } = statSync(dockerSocket);
  // The agent may not read Docker's socket itself, whatever its group: its keeper reads it for it.
  chmodSync(dockerSocket, 0);
  try {
    // Unless a first try of this has started it.
    const state = await ui.target('web-1').getAttribute('aria-description');
    if (state !== 'profiling') await ui.button('Start agent').first().click();
    await ui.targetState('web-1', /profiling/, 120_000);
    await ui.service('revel_web').waitFor({ timeout: 90_000 });
  } finally {
    chmodSync(dockerSocket, mode & 0o777);
  }
  await ui.service('revel_web').click({ timeout: 90_000 });
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  // Nothing but a bridge can have carried it: it runs on the server.
  expect(descendantsOf(strict.pid).some(({ command }) => command.includes('pyrometer-agent bridge'))).toBe(true);
});

test('a connection that is cut is opened again, and the view goes on', async () => {
  const before = await ui.graph();
  const sessions = descendantsOf(strict.pid).filter(({ command }) => command.startsWith('sshd'));
  expect(sessions).not.toEqual([]);
  // Nobody listens until the view was looked at.
  await strict.dispose();
  for (const { pid } of sessions) process.kill(pid, 'SIGKILL');
  await ui.targetState('web-1', /reconnecting/);
  await app.window.getByRole('main').getByText('The link is being opened again.').waitFor();
  // What was fetched stays on the screen, with a window that came before the cut.
  const kept = await ui.graph();
  expect(kept).toBeGreaterThanOrEqual(before);
  await app.screenshot('5-cut');
  strict = await startSshd({ worldPath: world.path, port: strict.port, config: ['AllowStreamLocalForwarding no'] });
  await ui.targetState('web-1', /profiling/);
  await waitFor('a graph with new windows', async () => ((await ui.graph()) > kept ? true : undefined), {
    timeoutMs: 60_000,
    everyMs: 250,
  });
  await ui.button('Stop agent').first().click();
  await ui.targetState('web-1', /stopped/);
});
