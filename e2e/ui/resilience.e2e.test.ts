import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from 'vitest';
import { connectAgent, type AgentConnection } from '../../src/engine/agent/agent-connection';
import { defaultLease } from '../../src/engine/deploy/agent-watch';
import { agentSocket } from '../../src/engine/deploy/facts';
import { LocalLink } from '../../src/engine/link/local-link';
import { launchApp, type App } from '../app';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { killApp, killHelper } from './killing';

const world = inject('world');
let app: App;
let ui: Driver;

const leaseMs = defaultLease.seconds * 1000;

/** Asks the agent of this computer, beside the app. */
async function withAgent<T>(ask: (agent: AgentConnection) => T | Promise<T>): Promise<T> {
  const socket = agentSocket(world.users.desk.uid);
  const opened = await connectAgent(new LocalLink(), { socket });
  if (!opened.ok) throw new Error(opened.failure.message);
  try {
    return await ask(opened.value);
  } finally {
    opened.value.dispose();
  }
}

/** When the recording ends unless it is renewed, Unix milliseconds. */
const leaseEndsAt = (): Promise<number> => withAgent(({ firstStatus }) => Number(firstStatus.leaseExpiresAt));

/** What a person has chosen, as the window shows it. */
interface Chosen {
  readonly target: string;
  readonly service: string;
  /** The names of the way to the zoomed frame. */
  readonly zoom: readonly string[];
  readonly search: string;
}

/** Chosen, with how the view is doing. */
interface Seen extends Chosen {
  readonly state: string;
  readonly graph: string;
  readonly total: number;
  readonly matches: number;
  readonly alerts: readonly string[];
}

/**
 * Reads the window from the main process: to Playwright a page whose process was killed stays crashed, also when the
 * app has loaded it again.
 */
function look(): Promise<Seen> {
  return app.electron.evaluate(async ({ BrowserWindow }) => {
    const read = `(() => {
      const text = (selector) => document.querySelector(selector)?.textContent ?? '';
      const all = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
      const canvas = document.querySelector('[aria-label="Flame graph"] canvas');
      const target = document.querySelector('ul[aria-label="Targets"] button[aria-current="true"]');
      return {
        target: target?.querySelector('bdi')?.textContent ?? '',
        state: target?.getAttribute('aria-description') ?? '',
        service: text('ul[aria-label="Services"] button[aria-current="true"] bdi, ul[aria-label="Services"] .on .side-main > :first-child'),
        zoom: all('nav[aria-label="Zoom"] button').slice(1),
        search: document.querySelector('#flame-search')?.value ?? '',
        matches: all('ul[aria-label="Search matches"] li').length,
        graph: canvas?.dataset.state ?? '',
        total: Number(canvas?.dataset.total ?? 0),
        alerts: all('[role="alert"]'),
      };
    })()`;
    const window = BrowserWindow.getAllWindows()[0];
    if (window === undefined) throw new Error('there is no window');
    return (await window.webContents.executeJavaScript(read)) as Seen;
  });
}

/** Waits until the recording goes on and its graph is drawn whole. */
function back(timeoutMs = 60_000): Promise<Seen> {
  return waitFor(
    'the recording to be shown',
    async () => {
      const seen = await look();
      if (seen.state === 'recording' && seen.graph === 'ready' && seen.matches > 0) return seen;
      throw new Error(JSON.stringify(seen));
    },
    { timeoutMs, everyMs: 100 },
  );
}

const chosenIn = ({ target, service, zoom, search }: Seen): Chosen => ({ target, service, zoom, search });

/** Shows the web service, searched and zoomed to a caller of everything; answers how that looks. */
async function zoomIntoWeb(): Promise<Seen> {
  await ui.service('revel_web').click({ timeout: 120_000 });
  await ui.graph(); // keys go to the graph of before as long as that is shown
  await ui.find('checkout_view');
  const flame = app.window.getByRole('treegrid', { name: 'Flame graph' });
  // A window that comes in between may take a key.
  await waitFor(
    'a zoom of two frames',
    async () => {
      for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'Enter']) await flame.press(key);
      return (await look()).zoom.length === 2 ? true : undefined;
    },
    { timeoutMs: 30_000, everyMs: 250 },
  );
  return back();
}

beforeAll(async () => {
  app = await launchApp({ world, name: 'resilience' });
  ui = drive(app.window);
});

beforeEach(() => {
  onTestFailed(async () => {
    await app.screenshot('failed').catch(() => undefined); // a page that crashed has no picture
  });
});

afterAll(async () => {
  await app.dispose();
});

let chosen: Chosen;
let linksKilledAtMs = 0;

test('a recording is zoomed and searched', async () => {
  await ui.target('This computer').click();
  await ui.button('Record').first().click();
  await ui.targetState('This computer', /recording/, 120_000);
  chosen = chosenIn(await zoomIntoWeb());
  expect(chosen).toMatchObject({ target: 'This computer', service: 'revel_web', search: 'checkout_view' });
  expect(chosen.zoom).toHaveLength(2);
  await app.screenshot('1-before');
});

test('kill -9 of links: the recording goes on, and what was chosen is as it was', async () => {
  const before = await look();
  await killHelper(app, 'links');
  linksKilledAtMs = Date.now();
  expect(chosenIn(await back())).toEqual(chosen);
  // It is the same recording: its windows before are still there.
  const after = await waitFor(
    'a graph with a new window',
    async () => {
      const seen = await back();
      return seen.total > before.total ? seen : undefined;
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
  expect(chosenIn(after)).toEqual(chosen);
  expect(after.alerts).toEqual([]);
  await app.screenshot('2-after-links');
});

test('kill -9 of decoder: the view comes back', async () => {
  await killHelper(app, 'decoder');
  // Only the new decoder can answer this; the search filters the table too.
  await app.window.getByRole('tab', { name: 'Table' }).click();
  await app.window.getByRole('table', { name: 'Functions' }).getByText('checkout_view').first().waitFor();
  await app.window.getByRole('tab', { name: 'Flame' }).click();
  const seen = await back();
  expect(chosenIn(seen)).toEqual(chosen);
  expect(seen.alerts).toEqual([]);
  await ui.button('Save snapshot').click();
  await app.window.getByLabel('Title').fill('Before the crash');
  await ui.button('Save').last().click();
  await app.window
    .getByRole('list', { name: 'Snapshots' })
    .getByRole('button', { name: /Before the crash/ })
    .first()
    .waitFor();
  await app.screenshot('3-after-decoder');
});

test('a server is saved with its host key', async () => {
  await ui.button('Add server').first().click();
  await app.window.getByLabel('Host', { exact: true }).fill(world.sshd.host);
  await app.window.getByLabel('Port', { exact: true }).fill(String(world.sshd.port));
  await app.window.getByLabel('User', { exact: true }).fill('pyro');
  await app.window.getByLabel('Name', { exact: true }).fill('web-1');
  await app.window.getByRole('radio', { name: /Key/ }).click();
  await app.window.getByLabel('Private key', { exact: true }).fill(world.keys.ed25519);
  await ui.button('Save').last().click();
  await ui.target('web-1').click();
  await ui.button('Connect').first().click();
  await app.window.getByLabel('I trust this key').check();
  await ui.button('Accept key').click();
  await ui.targetState('web-1', /not installed|stopped|profiling/);
  await ui.target('This computer').click();
  chosen = chosenIn(await zoomIntoWeb());
  expect(chosen.zoom).toHaveLength(2);
});

test('kill -9 of renderer: the window is loaded again with what was chosen', async () => {
  const rendererPid = (): Promise<number> =>
    app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0);
  // What was chosen last is kept a moment later.
  await waitFor(
    'the session to be kept',
    () =>
      app.electron.evaluate(
        async ({ BrowserWindow }, wanted) => {
          const ask = `pyrometer.call('session.load', {}).then((answer) => String(answer.value))`;
          const contents = BrowserWindow.getAllWindows()[0]?.webContents;
          const kept = JSON.parse((await contents?.executeJavaScript(ask)) as string) as {
            zoomPath?: readonly string[];
            search?: string;
          } | null;
          const same = kept?.search === wanted.search && String(kept.zoomPath) === String(wanted.zoom);
          return same ? true : undefined;
        },
        { zoom: chosen.zoom, search: chosen.search },
      ),
    { timeoutMs: 30_000 },
  );
  const pid = await rendererPid();
  process.kill(pid, 'SIGKILL');
  await waitFor('another renderer', async () => (![0, pid].includes(await rendererPid()) ? true : undefined), {
    timeoutMs: 60_000,
  });
  // The graph is there before what was zoomed to.
  await expect.poll(async () => chosenIn(await back())).toEqual(chosen);
  expect((await look()).alerts).toEqual([]);
});

test('the new links process renews the recording', async () => {
  await waitFor(
    'a renewal after links was killed and had come back',
    async () => ((await leaseEndsAt()) > linksKilledAtMs + leaseMs + 15_000 ? true : undefined),
    { timeoutMs: 60_000, everyMs: 500 },
  );
  expect((await back()).state).toBe('recording');
});

test('kill -9 of the whole app: what was saved is there at the next start', async () => {
  await killApp(app);
  app = await launchApp({ world, name: 'resilience', home: app.home });
  ui = drive(app.window);
  await ui.target('web-1').waitFor();
  const snapshot = app.window
    .getByRole('list', { name: 'Snapshots' })
    .getByRole('button', { name: /Before the crash/ });
  await snapshot.first().click();
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  // The key that was accepted is known: nobody is asked again.
  await ui.target('web-1').click();
  await ui.button('Connect').first().click();
  await ui.targetState('web-1', /not installed|stopped|profiling/);
  expect(await app.window.getByText(/SHA256:/).count()).toBe(0);
  // The recording of the app that was killed goes on until its lease ends, and this one may record with it.
  await ui.targetState('This computer', /profiling/);
  await ui.target('This computer').click();
  await ui.button('Record').first().waitFor();
  await app.screenshot('4-restarted');
  await withAgent(({ client }) => client.stop({ force: true }));
  await ui.targetState('This computer', /stopped|ready/);
});
