import { app, BrowserWindow } from 'electron';

// The window in which a peer runs: as large as ours, and nothing else in it. The page is the last argument.

const page = process.argv.at(-1) ?? '';
const open = async () => {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, spellcheck: false },
  });
  window.setMenu(null);
  await window.loadFile(page);
};
app.on('window-all-closed', () => app.quit());
// Not awaited here: Electron holds `ready` back until this module has settled.
void app.whenReady().then(open);
