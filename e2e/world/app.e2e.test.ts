import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { repositoryFolder } from './support/places';

const appFolder = join(repositoryFolder, 'e2e/fixtures/trivial-app');
const world = inject('world');

/** The process id, as the host counts, of the first window's renderer. */
function rendererPid(app: App): Promise<number> {
  return app.electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0,
  );
}

function statusOf(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
}

test('an app runs as the desktop user with its sandbox on', async () => {
  const app = await launchApp({ world, name: 'trivial-desk', appFolder });
  try {
    expect(await app.window.locator('h1').textContent()).toBe('It burns');
    expect(statusOf(app.pid).get('Uid')?.split('\t')[0]).toBe(String(world.users.desk.uid));

    const renderer = statusOf(await rendererPid(app));
    expect(renderer.get('Seccomp')).toBe('2');
    expect(renderer.get('NoNewPrivs')).toBe('1');
    // One id outside and another in each pid namespace of the sandbox.
    expect(renderer.get('NSpid')?.split('\t').length).toBeGreaterThan(1);

    const screenshot = await app.screenshot('window');
    expect(statSync(screenshot).size).toBeGreaterThan(5_000);
  } finally {
    await app.dispose();
  }
});

test('a utility process of that app may use sudo: the sandbox does not cover it', async () => {
  const app = await launchApp({ world, name: 'trivial-sudo', appFolder });
  try {
    const answer = await app.electron.evaluate(
      () => (globalThis as unknown as { helperAnswer: Promise<unknown> }).helperAnswer,
    );
    expect(answer).toEqual({ uid: world.users.desk.uid, sudo: '0', error: '' });
  } finally {
    await app.dispose();
  }
});

test('as root the app runs without the sandbox', async () => {
  const app = await launchApp({ world, name: 'trivial-root', appFolder, user: 'root' });
  try {
    expect(await app.window.title()).toBe('Trivial');
    expect(
      statusOf(await rendererPid(app))
        .get('NSpid')
        ?.split('\t'),
    ).toHaveLength(1);
  } finally {
    await app.dispose();
  }
});

test('an app that dies at once is an error that shows what it said', async () => {
  const launch = launchApp({ world, name: 'trivial-dies', appFolder: join(appFolder, 'missing'), timeoutMs: 20_000 });
  await expect(launch).rejects.toThrow(/missing/);
});
