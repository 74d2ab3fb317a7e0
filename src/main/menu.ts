import { BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron';
import type { ShellEvents } from '../contract/shell.js';
import { emitShell } from './shell-calls.js';
import { openWindow } from './window.js';

type Command = ShellEvents['command']['command'];

function item(label: string, accelerator: string, command: Command): MenuItemConstructorOptions {
  return {
    label,
    accelerator,
    click: (_item, window) => {
      if (window instanceof BrowserWindow) emitShell(window, 'command', { command });
    },
  };
}

/** The menu; what the window can do itself is sent to it as a command. */
export function setMenu(): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
      {
        label: 'File',
        submenu: [
          { id: 'new-window', label: 'New window', accelerator: 'CmdOrCtrl+Shift+N', click: openWindow },
          item('Open…', 'CmdOrCtrl+O', 'open'),
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
    ]),
  );
}
