import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BrowserWindow, clipboard, dialog, ipcMain, nativeTheme, shell, type IpcMainInvokeEvent } from 'electron';
import * as v from 'valibot';
import type { DecoderShellCalls } from '../contract/decoder.js';
import type { LinksShellCalls, LinksShellEvents, SpooledProfile } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import { firstIssue, type Handlers } from '../contract/rpc.js';
import { shellCalls, type ShellCalls, type ShellEvents } from '../contract/shell.js';
import type { WatchList } from '../engine/watch/watch-list.js';
import { appOrigin } from './app-scheme.js';
import type { HelperProcess } from './helper-process.js';
import { about } from './runtime.js';
import type { RecentFiles } from './recent-files.js';
import type { SettingsFile } from './settings-file.js';
import { releaseProfiles, windowIdOf } from './window-profiles.js';

/** Sends an event to a window, if it is still there. */
export function emitShell<Name extends keyof ShellEvents & string>(
  window: BrowserWindow,
  name: Name,
  payload: ShellEvents[Name],
): void {
  if (!window.isDestroyed()) window.webContents.send('pyrometer-event', name, payload);
}

/** What a window wants back after its page began anew. */
export interface KeptSession {
  readonly state: string;
  readonly profileIds: readonly string[];
}

/** What the calls work with. */
export interface ShellParts {
  readonly links: HelperProcess<LinksShellCalls, LinksShellEvents>;
  readonly decoder: HelperProcess<DecoderShellCalls>;
  readonly settings: SettingsFile;
  readonly recent: RecentFiles;
  /** The folder of the recordings that come with the app. */
  readonly recordingsDir: string;
  readonly watches: WatchList;
}

/** Imports files for a window one after the other; those that fail are told to it. */
export async function importFiles(
  parts: ShellParts,
  window: BrowserWindow,
  paths: readonly string[],
): Promise<readonly SpooledProfile[]> {
  const imported: SpooledProfile[] = [];
  const windowId = windowIdOf(window);
  for (const path of paths) {
    const result = await parts.links.shell.call('profile.import', { windowId, path });
    if (result.ok) {
      imported.push(result.value);
      parts.recent.note(path, Date.now());
    } else emitShell(window, 'files.failed', { name: path, message: result.failure.message });
  }
  // Closed meanwhile: nobody is there to hold what came after.
  if (window.isDestroyed()) await releaseProfiles(parts.links, windowId, []);
  return imported;
}

const shareFilters = {
  html: { name: 'Flame graph, one HTML file', extensions: ['html'] },
  pprof: { name: 'pprof', extensions: ['pb.gz'] },
  folded: { name: 'Folded stacks', extensions: ['folded', 'txt'] },
} as const;

/** Serves the window's calls: the sender is checked, then the name, then the parameters. */
export function serveShell(parts: ShellParts, sessions: WeakMap<Electron.WebContents, KeptSession>): void {
  // A window names no paths of its own: it may only come back to what it was told.
  const shared = new Set<string>();
  const windowOf = (event: IpcMainInvokeEvent): BrowserWindow => {
    const window = BrowserWindow.fromWebContents(event.sender);
    if (window === null) throw new Error('a call came from no window');
    return window;
  };
  const handlersFor = (event: IpcMainInvokeEvent): Handlers<ShellCalls> => ({
    'app.about': () => ok(about()),
    'files.open': async () => {
      const window = windowOf(event);
      const chosen = await dialog.showOpenDialog(window, {
        title: 'Open profiles',
        properties: ['openFile', 'multiSelections'],
        filters: [
          { name: 'Profiles', extensions: ['pb.gz', 'gz', 'pb', 'pprof', 'folded', 'txt', 'collapsed'] },
          { name: 'All files', extensions: ['*'] },
        ],
      });
      return ok(chosen.canceled ? [] : await importFiles(parts, window, chosen.filePaths));
    },
    'code.chooseFolder': async ({ prefix }) => {
      const chosen = await dialog.showOpenDialog(windowOf(event), {
        title: prefix === '' ? 'Choose a clone' : 'Choose the folder of the same code',
        properties: ['openDirectory'],
      });
      const [folder] = chosen.filePaths;
      if (chosen.canceled || folder === undefined) return ok(null);
      return parts.links.shell.call('code.addFolder', { folder, prefix });
    },
    'recent.list': () => ok(parts.recent.list),
    'recent.open': async ({ id }) => {
      const path = parts.recent.pathOf(id);
      if (path === undefined) return fail('not-found', 'That file is not in the list any more.');
      const imported = await importFiles(parts, windowOf(event), [path]);
      if (imported.length === 0 && !existsSync(path)) parts.recent.forget(path);
      return ok(imported);
    },
    'recent.clear': () => {
      parts.recent.clear();
      return ok(null);
    },
    'learn.open': ({ recording }) => {
      const path = join(parts.recordingsDir, `${recording}.pb.gz`);
      return parts.links.shell.call('profile.import', { windowId: windowIdOf(windowOf(event)), path });
    },
    'share.save': async ({ format, title, suggestedName, source }) => {
      const chosen = await dialog.showSaveDialog(windowOf(event), {
        title: 'Share',
        defaultPath: `${suggestedName.replace(/[^\p{L}\p{N} ._-]/gu, '_')}.${shareFilters[format].extensions[0]}`,
        filters: [{ name: shareFilters[format].name, extensions: [...shareFilters[format].extensions] }],
      });
      if (chosen.canceled || chosen.filePath === '') return ok(null);
      const written = await parts.decoder.shell.call('share.write', { path: chosen.filePath, format, title, source });
      if (!written.ok) return written;
      shared.add(chosen.filePath);
      return ok({ path: chosen.filePath, byteLength: written.value.byteLength });
    },
    'share.reveal': ({ path }) => {
      if (!shared.has(path)) return fail('refused', 'That file was not shared from here.');
      shell.showItemInFolder(path);
      return ok(null);
    },
    'session.save': ({ state, profileIds }) => {
      sessions.set(event.sender, { state, profileIds });
      return ok(null);
    },
    'session.load': () => ok(sessions.get(event.sender)?.state ?? null),
    'settings.load': () => ok(parts.settings.settings),
    'settings.save': ({ settings }) => {
      parts.settings.save(settings);
      nativeTheme.themeSource = parts.settings.nativeTheme;
      parts.watches.setRules(settings.watches);
      for (const window of BrowserWindow.getAllWindows()) {
        if (window.webContents !== event.sender) emitShell(window, 'settings.changed', { settings });
      }
      return ok(null);
    },
    'watches.list': () => ok(parts.watches.states),
    'tunnel.browse': async ({ port }) => {
      try {
        await shell.openExternal(`http://127.0.0.1:${port}/`);
        return ok(null);
      } catch (error) {
        return fail('unsupported', `No browser could be started: open 127.0.0.1:${port} yourself.`, String(error));
      }
    },
    'clipboard.write': async ({ text }) => {
      await clipboard.writeText(text);
      return ok(null);
    },
  });
  const isCall = (name: unknown): name is keyof ShellCalls =>
    typeof name === 'string' && Object.hasOwn(shellCalls, name);
  const answer = async (
    event: IpcMainInvokeEvent,
    name: keyof ShellCalls,
    params: unknown,
  ): Promise<Result<unknown>> => {
    const checked = v.safeParse(shellCalls[name].params, params, firstIssue);
    if (!checked.success)
      return fail('invalid-input', `The call "${name}" was not understood.`, v.summarize(checked.issues));
    // The schema of this very name has just checked the parameters.
    const handler = handlersFor(event)[name] as (params: unknown) => Promise<Result<unknown>> | Result<unknown>;
    return handler(checked.output);
  };
  ipcMain.handle('pyrometer-call', async (event, name: unknown, params: unknown): Promise<Result<unknown>> => {
    if (!isOurs(event)) return fail('refused', 'This page may not call Pyrometer.');
    if (!isCall(name)) return fail('invalid-input', 'There is no such call.');
    try {
      return await answer(event, name, params);
    } catch (error) {
      console.error(`shell call ${name}:`, error);
      return fail('internal', 'Something went wrong inside Pyrometer.', String(error));
    }
  });
}

/** Only the top frame of our own page may ask anything. */
export function isOurs(event: { readonly senderFrame: Electron.WebFrameMain | null }): boolean {
  const frame = event.senderFrame;
  return frame?.parent === null && frame.url.startsWith(`${appOrigin}/`);
}
