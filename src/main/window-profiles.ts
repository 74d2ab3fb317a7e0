import type { BrowserWindow } from 'electron';
import type { LinksShellCalls } from '../contract/links.js';
import type { HelperProcess } from './helper-process.js';

const attempts = 3;

/** What links and decoder call a window. */
export function windowIdOf(window: BrowserWindow): string {
  return `w${window.id}`;
}

/**
 * Tells links that a window holds no profiles any more but those it keeps; a links process that restarts is told again. One
 * that is gone for good needs not be told: the spool goes with the app.
 */
export async function releaseProfiles(
  links: HelperProcess<LinksShellCalls>,
  windowId: string,
  keep: readonly string[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const result = await links.shell.call('window.release', { windowId, keep: [...keep] });
    if (result.ok) return;
    if (result.failure.code === 'process-restarted') {
      if (attempt < attempts) continue;
      return;
    }
    console.error(`main: the profiles of ${windowId} could not be let go: ${result.failure.message}`);
    return;
  }
}
