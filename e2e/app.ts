import { randomUUID } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings, hintIds } from '../src/contract/settings';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { repositoryFolder, resultsFolder } from './world/support/places';
import type { WorldAddresses } from './world/world';

/** How a test wants its app. */
export interface AppOptions {
  readonly world: WorldAddresses;
  /** Names its log and its screenshots; letters, digits and dashes. */
  readonly name: string;
  /** `desk`: an ordinary user, with Chromium's sandbox on. `root`: without it, as Electron demands. */
  readonly user?: 'desk' | 'root';
  /** The folder with the app's package.json. Default: the project itself, built. */
  readonly appFolder?: string;
  /** More arguments for the app: a FILE to open. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The home of an app that ran before, to start it again with what it saved. Default: a new, empty one. */
  readonly home?: string;
  /** Whether this is the user's first start, with its hints. Default: all hints were seen, so that none lies over anything. */
  readonly firstStart?: boolean;
  /** Default 60 s: a first start on a busy machine. */
  readonly timeoutMs?: number;
}

/** A running app. */
export interface App {
  readonly electron: ElectronApplication;
  /** Its first window. */
  readonly window: Page;
  /** The home of its user: settings lie in .config/Pyrometer. */
  readonly home: string;
  readonly pid: number;
  /** Standard output and error of all of its processes so far. */
  readonly log: () => string;
  /** Writes test-results/NAME-LABEL.png and returns the path. */
  readonly screenshot: (label: string, page?: Page) => Promise<string>;
  /** Closes its windows and waits for its end; what does not end in 30 s is killed. */
  dispose(): Promise<void>;
}

/** Starts the built app as a user of the world, on the world's display, and waits for its first window. */
export async function launchApp(options: AppOptions): Promise<App> {
  const account = options.user === 'root' ? { name: 'root', uid: 0, gid: 0 } : options.world.users.desk;
  const home = options.home ?? createHome(options.world, account);
  if (options.home === undefined && options.firstStart !== true) keepSettings(home, account);
  const runtime = join(repositoryFolder, 'node_modules/electron');
  const executable = join(runtime, 'dist', readFileSync(join(runtime, 'path.txt'), 'utf8').trim());
  mkdirSync(resultsFolder, { recursive: true });
  const logFile = join(resultsFolder, `${options.name}.log`);
  writeFileSync(logFile, '');

  const electron = await _electron.launch({
    executablePath: account.uid === 0 ? executable : asUser(options.world, account, executable),
    args: [options.appFolder ?? repositoryFolder, ...(options.args ?? [])],
    // Playwright adds --no-sandbox by itself unless it is told not to.
    chromiumSandbox: account.uid !== 0,
    cwd: home,
    env: { ...environmentOf(options.world, account, home), ...options.env },
    timeout: options.timeoutMs ?? 60_000,
  });
  const child = electron.process();
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      appendFileSync(logFile, chunk);
    });
  try {
    const window = await electron.firstWindow({ timeout: options.timeoutMs ?? 60_000 });
    await window.waitForLoadState('domcontentloaded');
    return {
      electron,
      window,
      home,
      pid: child.pid ?? 0,
      log: () => readFileSync(logFile, 'utf8'),
      screenshot: async (label, page = window) => {
        const path = join(resultsFolder, `${options.name}-${label}.png`);
        await page.screenshot({ path });
        return path;
      },
      dispose: () => close(electron),
    };
  } catch (error) {
    await close(electron);
    throw new Error(`the app opened no window:\n${readFileSync(logFile, 'utf8').slice(-4000)}`, { cause: error });
  }
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function createHome(world: WorldAddresses, account: Account): string {
  const home = join(world.path, 'tmp', `home-${account.name}-${randomUUID().slice(0, 8)}`);
  for (const folder of [home, join(home, 'tmp')]) {
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, account.uid, account.gid);
  }
  return home;
}

/** What a home holds after all hints were seen. */
function keepSettings(home: string, account: Account): void {
  const folders = ['.config', '.config/Pyrometer'].map((folder) => join(home, folder));
  for (const folder of folders) mkdirSync(folder, { mode: 0o700 });
  const path = join(home, '.config/Pyrometer/settings.json');
  writeFileSync(path, JSON.stringify({ ...defaultSettings, hintsSeen: hintIds }), { mode: 0o600 });
  for (const each of [...folders, path]) chownSync(each, account.uid, account.gid);
}

/**
 * A program that becomes the user and then the app, with the same process id: Playwright starts its program as this
 * process's user. Not sudo or su, whose PAM session would be a process of its own in between.
 */
function asUser(world: WorldAddresses, account: Account, executable: string): string {
  const path = join(world.path, 'tmp', `as-${account.name}-${randomUUID().slice(0, 8)}`);
  const becomeUser = `setpriv --reuid ${account.uid} --regid ${account.gid} --init-groups --pdeathsig KILL --`;
  writeFileSync(path, `#!/bin/sh\nexec ${becomeUser} '${executable.replaceAll("'", "'\\''")}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Nothing of root's environment: what a desktop session sets, on the world's display. */
function environmentOf(world: WorldAddresses, account: Account, home: string): Record<string, string> {
  return {
    HOME: home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: '/bin/bash',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    DISPLAY: world.display,
    TMPDIR: join(home, 'tmp'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_RUNTIME_DIR: account.uid === 0 ? join(home, 'tmp') : `/run/user/${account.uid}`,
  };
}

async function close(electron: ElectronApplication): Promise<void> {
  const child = electron.process();
  const closed = electron.close().then(
    () => true,
    // It ended on its own while we asked; the exit code below tells.
    () => child.exitCode !== null,
  );
  const inTime = await Promise.race([closed, sleep(30_000, false, { ref: false })]);
  if (!inTime && child.exitCode === null) child.kill('SIGKILL');
}
