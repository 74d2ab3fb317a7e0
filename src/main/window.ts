import { join } from 'node:path';
import { app, BrowserWindow, nativeTheme, screen, session } from 'electron';
import { appOrigin } from './app-scheme.js';
import { boundsOnScreens, keepBounds, readBounds } from './window-bounds.js';

const crashLimit = 3;
const crashSpanMs = 60_000;

/** Refuses all that a local instrument has no use for: permissions, downloads, web requests to elsewhere. */
export function lockDownSession(): void {
  const current = session.defaultSession;
  current.setPermissionRequestHandler((_contents, _permission, answer) => {
    answer(false);
  });
  current.setPermissionCheckHandler(() => false);
  current.webRequest.onBeforeRequest((details, answer) => {
    const inside = details.url.startsWith(`${appOrigin}/`) || /^(devtools|blob|data):/.test(details.url);
    answer({ cancel: !inside });
  });
}

/**
 * Opens a window; the first one where the last one was, as long as that screen is there. A renderer that dies is loaded again: its view comes back from what it had saved.
 */
export function openWindow(): BrowserWindow {
  const boundsFile = join(app.getPath('userData'), 'window.json');
  const kept = BrowserWindow.getAllWindows().length === 0 ? readBounds(boundsFile) : undefined;
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    ...(kept === undefined ? {} : boundsOnScreens(kept, screens)),
    minWidth: 900,
    minHeight: 560,
    show: false,
    title: 'Pyrometer',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#111316' : '#fdfdfe',
    autoHideMenuBar: true,
    webPreferences: {
      preload: join(import.meta.dirname, '../preload/index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => {
    if (kept?.maximised === true) window.maximize();
    window.show();
  });
  window.on('close', () => {
    keepBounds(boundsFile, { ...window.getNormalBounds(), maximised: window.isMaximized() });
  });
  const { webContents } = window;
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  webContents.on('will-navigate', (event) => {
    event.preventDefault();
  });
  const crashes: number[] = [];
  webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit' || window.isDestroyed()) return;
    const now = Date.now();
    crashes.push(now);
    if (crashes.filter((time) => now - time < crashSpanMs).length > crashLimit) {
      console.error(`The window's process ended ${crashLimit} times within a minute (${details.reason}); giving up.`);
      window.destroy();
      return;
    }
    webContents.reload();
  });
  void window.loadURL(`${appOrigin}/index.html`); // a failure shows as an empty window and a line in the log
  return window;
}
