import { homedir } from 'node:os';
import { join } from 'node:path';

/** The window's data folder, as Electron names it: both know the same servers and snapshots. */
export function dataDir(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Pyrometer');
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'Pyrometer');
}
