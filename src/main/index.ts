import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { app, BrowserWindow, dialog, ipcMain, nativeTheme } from 'electron';
import * as v from 'valibot';
import { linkScheme } from '../contract/comparison-link.js';
import type { DecoderShellCalls } from '../contract/decoder.js';
import type { LinksShellCalls, LinksShellEvents } from '../contract/links.js';
import { registerAppScheme, serveAppScheme } from './app-scheme.js';
import { HelperProcess } from './helper-process.js';
import { setMenu } from './menu.js';
import { RecentFiles } from './recent-files.js';
import { emitShell, importFiles, isOurs, serveShell, type KeptSession, type ShellParts } from './shell-calls.js';
import { SettingsFile } from './settings-file.js';
import { createWatching, followWindows } from './watching.js';
import { lockDownSession, openWindow } from './window.js';
import { releaseProfiles, windowIdOf } from './window-profiles.js';

/** A private folder for the bytes of open profiles; those of earlier runs that did not end well are swept. */
function makeSpool(dataDir: string): string {
  const root = join(dataDir, 'spool');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const old of readdirSync(root)) rmSync(join(root, old), { recursive: true, force: true });
  const spool = join(root, randomUUID());
  mkdirSync(spool, { mode: 0o700 });
  return spool;
}

/** File arguments: what stands behind the program (and, unpackaged, the app's folder) and is no switch. */
function filesOf(argv: readonly string[], workingDirectory: string): readonly string[] {
  return argumentsOf(argv)
    .filter((argument) => !argument.startsWith(linkScheme))
    .map((argument) => resolve(workingDirectory, argument));
}

/** Links among the arguments. */
function linksOf(argv: readonly string[]): readonly string[] {
  return argumentsOf(argv).filter((argument) => argument.startsWith(linkScheme));
}

function argumentsOf(argv: readonly string[]): readonly string[] {
  // Unpackaged, the first of them is the app's own folder. Switches may stand before it: Chromium puts them there.
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-'))
    .slice(app.isPackaged ? 0 : 1);
}

function sendPorts(window: BrowserWindow, parts: ShellParts): void {
  for (const process of ['links', 'decoder'] as const) sendPort(window, parts, process);
}

function sendPort(window: BrowserWindow, parts: ShellParts, process: 'links' | 'decoder'): void {
  if (!window.isDestroyed())
    window.webContents.postMessage('pyrometer-port', process, [parts[process].openPort(windowIdOf(window))]);
}

/** An agent stores its last window before it ends. One that cannot be told in time stops when its lease ends. */
const endingMs = 5000;

async function endRecordings({ links }: ShellParts): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, endingMs));
  await Promise.race([links.shell.call('recordings.end', {}), late]);
}

/** Brings a window to the front; a new one where there is none. */
function frontWindow(): BrowserWindow {
  const window = BrowserWindow.getAllWindows()[0] ?? openWindow();
  if (window.isMinimized()) window.restore();
  window.focus();
  return window;
}

const Paths = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))), v.maxLength(100));

function run(): void {
  const dataDir = app.getPath('userData');
  const spoolDir = makeSpool(dataDir);
  const appDir = app.getAppPath();
  serveAppScheme(join(appDir, 'out', 'renderer'));
  lockDownSession();

  const everyWindow = (process: 'links' | 'decoder') => (): void => {
    for (const window of BrowserWindow.getAllWindows()) sendPort(window, parts, process);
  };
  const givenUp = (name: string): void => {
    dialog.showErrorBox(
      'Pyrometer',
      `The part of Pyrometer named "${name}" ended several times in a row. Restart Pyrometer; nothing that was saved is lost.`,
    );
  };
  const settings = new SettingsFile(join(dataDir, 'settings.json'));
  nativeTheme.themeSource = settings.nativeTheme;
  const recent = new RecentFiles(join(dataDir, 'recent.json'), () => {
    showRecent();
    for (const window of BrowserWindow.getAllWindows()) emitShell(window, 'recent.changed', { files: recent.list });
  });
  const watches = createWatching(
    () => parts,
    (ruleId) => {
      const window = frontWindow();
      if (begun.has(window.webContents)) emitShell(window, 'watch.show', { ruleId });
      else waitingWatch = ruleId;
    },
  );
  const parts: ShellParts = {
    watches,
    links: new HelperProcess<LinksShellCalls, LinksShellEvents>(
      'links',
      { type: 'start', dataDir, spoolDir, resourcesDir: join(appDir, 'resources') },
      () => {
        followWindows(watches, parts);
        everyWindow('links')();
      },
      givenUp,
    ),
    decoder: new HelperProcess<DecoderShellCalls>(
      'decoder',
      { type: 'start', spoolDir, addonDir: join(appDir, 'build', 'native') },
      everyWindow('decoder'),
      givenUp,
    ),
    settings,
    recent,
    recordingsDir: join(appDir, 'resources', 'learn'),
  };
  followWindows(watches, parts);
  watches.setRules(settings.settings.watches);
  const sessions = new WeakMap<Electron.WebContents, KeptSession>();
  serveShell(parts, sessions);

  const openFiles = async (window: BrowserWindow, paths: readonly string[]): Promise<void> => {
    if (paths.length === 0) return;
    const profiles = await importFiles(parts, window, paths);
    if (profiles.length > 0) emitShell(window, 'files.opened', { profiles });
  };
  const openLinks = (window: BrowserWindow, links: readonly string[]): void => {
    for (const link of links) emitShell(window, 'link.opened', { link });
  };
  const showRecent = (): void => {
    setMenu({
      files: recent.list,
      open: (window, id) => {
        const path = recent.pathOf(id);
        if (path !== undefined) void openFiles(window, [path]); // failures are told to the window
      },
      clear: () => {
        recent.clear();
      },
    });
  };
  showRecent();
  let waitingFiles = filesOf(process.argv, process.cwd());
  let waitingLinks = linksOf(process.argv);
  let waitingWatch: string | undefined;
  const begun = new WeakSet<Electron.WebContents>();
  const beginPage = async (window: BrowserWindow): Promise<void> => {
    const { webContents } = window;
    // A page that begins anew: what the one before it held and this one does not come back to is let go, before it can
    // fetch anything.
    if (begun.has(webContents)) {
      await releaseProfiles(parts.links, windowIdOf(window), sessions.get(webContents)?.profileIds ?? []);
    }
    begun.add(webContents);
    sendPorts(window, parts);
    const files = waitingFiles;
    waitingFiles = [];
    const links = waitingLinks;
    waitingLinks = [];
    openLinks(window, links);
    const ruleId = waitingWatch;
    waitingWatch = undefined;
    if (ruleId !== undefined) emitShell(window, 'watch.show', { ruleId });
    await openFiles(window, files);
  };
  ipcMain.on('pyrometer-ready', (event) => {
    const window = BrowserWindow.fromWebContents(event.sender);
    if (window === null || !isOurs(event)) return;
    void beginPage(window); // failures are told to the window
  });
  ipcMain.on('pyrometer-drop', (event, paths: unknown) => {
    const window = BrowserWindow.fromWebContents(event.sender);
    const checked = v.safeParse(Paths, paths);
    if (window !== null && isOurs(event) && checked.success) void openFiles(window, checked.output); // as above
  });
  app.on('second-instance', (_event, argv, workingDirectory) => {
    const window = frontWindow();
    openLinks(window, linksOf(argv));
    void openFiles(window, filesOf(argv, workingDirectory)); // as above
  });
  // On macOS links come so; a development build is not what the system should open them with.
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme.slice(0, -1));
  app.on('open-url', (event, link) => {
    event.preventDefault();
    const window = BrowserWindow.getAllWindows()[0];
    if (window !== undefined && begun.has(window.webContents)) openLinks(window, [link]);
    else waitingLinks = [...waitingLinks, link];
  });
  app.on('browser-window-created', (_event, window) => {
    const windowId = windowIdOf(window);
    window.once('closed', () => {
      void releaseProfiles(parts.links, windowId, []); // logs its failure
    });
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  let ending = false;
  app.on('before-quit', (event) => {
    if (ending) return;
    ending = true;
    event.preventDefault();
    void endRecordings(parts).then(() => {
      app.quit();
    });
  });
  app.on('quit', () => {
    parts.links.dispose();
    parts.decoder.dispose();
    rmSync(spoolDir, { recursive: true, force: true });
  });
  openWindow();
}

registerAppScheme();
// enableSandbox would win over --no-sandbox, and as root every helper process would refuse to start.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
if (app.requestSingleInstanceLock()) void app.whenReady().then(run);
else app.quit();
