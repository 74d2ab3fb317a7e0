import { BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron';
import type { RecentFile, ShellEvents } from '../contract/shell.js';
import { emitShell } from './shell-calls.js';
import { openWindow } from './window.js';

type Command = ShellEvents['command']['command'];

function item(label: string, accelerator: string | null, command: Command): MenuItemConstructorOptions {
  return {
    label,
    ...(accelerator === null ? {} : { accelerator }),
    click: (_item, window) => {
      if (window instanceof BrowserWindow) emitShell(window, 'command', { command });
    },
  };
}

/** Files that were opened before, and what opens one of them in a window. */
export interface RecentMenu {
  readonly files: readonly RecentFile[];
  readonly open: (window: BrowserWindow, id: string) => void;
  readonly clear: () => void;
}

function recentItem({ files, open, clear }: RecentMenu): MenuItemConstructorOptions {
  return {
    label: 'Open recent',
    enabled: files.length > 0,
    submenu: [
      ...files.map(({ id, name, folder }): MenuItemConstructorOptions => ({
        // An ampersand would mark the letter behind it.
        label: name.replaceAll('&', '&&'),
        sublabel: folder,
        click: (_item, window) => {
          if (window instanceof BrowserWindow) open(window, id);
        },
      })),
      { type: 'separator' },
      { label: 'Forget all', click: clear },
    ],
  };
}

/** The menu; what the window can do itself is sent to it as a command. */
export function setMenu(recent: RecentMenu): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
      {
        label: 'File',
        submenu: [
          { id: 'new-window', label: 'New window', accelerator: 'CmdOrCtrl+Shift+N', click: openWindow },
          item('Open…', 'CmdOrCtrl+O', 'open'),
          recentItem(recent),
          item('Save snapshot…', 'CmdOrCtrl+S', 'save-snapshot'),
          item('Share…', 'CmdOrCtrl+E', 'share'),
          { type: 'separator' },
          item('Add server…', 'CmdOrCtrl+N', 'add-server'),
          { type: 'separator' },
          { role: 'quit' },
        ],
      },
      { role: 'editMenu' },
      {
        label: 'View',
        submenu: [
          item('Find', 'CmdOrCtrl+F', 'find'),
          item('Whole graph', 'CmdOrCtrl+0', 'zoom-reset'),
          item('Light or dark', 'CmdOrCtrl+Shift+L', 'toggle-theme'),
          { type: 'separator' },
          { role: 'togglefullscreen' },
          { role: 'toggleDevTools' },
        ],
      },
      { role: 'help', submenu: [item('Learn to read flame graphs', null, 'learn')] },
    ]),
  );
}
