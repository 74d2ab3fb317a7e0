import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { basename } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { processesOf } from '../world/root/processes';
import { startSshd, type Sshd } from '../world/sshd';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { addAndConnect } from './servers';

const world = inject('world');
const patience = { timeoutMs: 60_000, everyMs: 100 };
/** An address of loopback that hardly any other world uses: Pyroscope's port may be taken on the usual one. */
const address = `127.0.${process.pid % 250}.${2 + (process.pid % 101)}`;
let app: App;
let ui: Driver;
let sshd: Sshd;
let page: Server;

beforeAll(async () => {
  page = createServer((_request, response) => response.end('the page behind the tunnel'));
  page.listen(4140, address);
  await once(page, 'listening');
  sshd = await startSshd({ worldPath: world.path });
  app = await launchApp({ world, name: 'tunnels' });
  ui = drive(app.window);
  const { host, port, hostPublicKey } = sshd;
  await addAndConnect(app, ui, world, { name: 'web-t', user: 'pyro', host, port, hostPublicKey });
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await sshd.dispose();
  page.close();
});

/** The port that a tunnel listens on, as its row says it. */
function portOf(name: string): Promise<number> {
  return waitFor(
    `the tunnel ${name} to be open`,
    async () => {
      const row = app.window.getByRole('list', { name: 'Tunnels' }).getByRole('button', { name, exact: true });
      const said = (await row.getAttribute('aria-description', { timeout: 10_000 })) ?? '';
      const port = /127\.0\.0\.1:(\d+) to/.exec(said)?.[1];
      if (port === undefined) throw new Error(`it says "${said}"`);
      return Number(port);
    },
    patience,
  );
}

/** Ends the server with every connection to it, as a reboot would, and starts it again. */
async function restart(config: readonly string[] = []): Promise<void> {
  await sshd.dispose();
  const sessions = processesOf(basename(world.path)).filter(({ command }) => command.startsWith('sshd: pyro'));
  for (const { pid } of sessions) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // its other half ended with it
    }
  }
  sshd = await startSshd({ worldPath: world.path, port: sshd.port, config });
}

/** Waits until the page behind the tunnel can be read: right after a cut the app may not have noticed it yet. */
async function leadsToThePage(port: number): Promise<void> {
  await waitFor(
    'the page behind the tunnel',
    async () => {
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('the page behind the tunnel');
      return true;
    },
    patience,
  );
}

test('what listens on the server is found, and one click makes it reachable here', async () => {
  await ui.button('Open a tunnel').click();
  const open = app.window.getByRole('button', { name: `Open a tunnel to Pyroscope at ${address}:4140` });
  await open.waitFor({ timeout: 30_000 });
  await app.screenshot('1-found');
  await open.click();
  await leadsToThePage(await portOf('Pyroscope'));
  await app.screenshot('2-open');
});

test('it is opened in the browser by its local address', async () => {
  await app.electron.evaluate(({ shell }) => {
    shell.openExternal = (url: string) => {
      Object.assign(globalThis, { browsed: url });
      return Promise.resolve();
    };
  });
  const port = await portOf('Pyroscope');
  await app.window
    .getByRole('list', { name: 'Tunnels' })
    .getByRole('button', { name: 'Pyroscope', exact: true })
    .click();
  await waitFor(
    'the browser to be told',
    async () => {
      const url = await app.electron.evaluate(() => (globalThis as { browsed?: string }).browsed);
      expect(url).toBe(`http://127.0.0.1:${port}/`);
      return true;
    },
    patience,
  );
});

test('it comes back by itself after the connection broke', async () => {
  const port = await portOf('Pyroscope');
  await restart();
  await leadsToThePage(port);
  await ui.targetState('web-t', /not installed|stopped|profiling/);
});

test('a typed address is checked, and where the server forwards nothing it says so', async () => {
  await ui.button('Open a tunnel').click();
  const dialog = app.window.getByRole('dialog');
  await dialog.getByLabel('Address').fill('no such address');
  await dialog.getByRole('button', { name: 'Open tunnel' }).click();
  await dialog.getByText('Write a port, host:port, or the path of a Unix socket.').waitFor();
  await restart(['AllowTcpForwarding no']);
  await dialog.getByLabel('Address').fill('localhost:5432');
  await waitFor(
    'the sentence',
    async () => {
      await dialog.getByRole('button', { name: 'Open tunnel' }).click();
      await dialog
        .getByText(
          '127.0.0.1 does not forward connections to localhost:5432: allow it with "AllowTcpForwarding yes" in its sshd_config.',
        )
        .waitFor({ timeout: 2000 });
      return true;
    },
    patience,
  );
  await app.screenshot('3-forbidden');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('it is saved with the server, and opens with the next connection', async () => {
  await restart();
  const { home } = app;
  await app.dispose();
  app = await launchApp({ world, name: 'tunnels-again', home });
  ui = drive(app.window);
  await ui.target('web-t').click();
  await ui.button('Connect').first().click();
  await leadsToThePage(await portOf('Pyroscope'));
  await app.window.getByRole('button', { name: 'More for Pyroscope' }).click();
  await app.window.getByRole('menuitem', { name: 'Close tunnel' }).click();
  await app.window.getByText('Ports of web-t, such as its Grafana, on this computer.').waitFor();
  await app.screenshot('4-closed');
});
