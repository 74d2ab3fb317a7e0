import { BrowserWindow } from 'electron';
import type { DecoderShellCalls } from '../contract/decoder.js';
import type { LinksShellCalls, LinksShellEvents } from '../contract/links.js';
import { ok } from '../contract/result.js';
import { watchWindowId, type WatchRule } from '../contract/watching.js';
import { WatchList } from '../engine/watch/watch-list.js';
import type { HelperProcess } from './helper-process.js';
import { emitShell } from './shell-calls.js';
import { notifyAbove } from './watch-notice.js';

/** A Pyroscope tells nobody of new windows; how often it is looked at where something of it is watched. */
const pyroscopePeriodMs = 60_000;

/** The processes that windows go through. */
export interface WatchingParts {
  readonly links: HelperProcess<LinksShellCalls, LinksShellEvents>;
  readonly decoder: HelperProcess<DecoderShellCalls>;
}

/**
 * Watches rules: links fetches windows into the spool, the decoder counts in them, the list judges the numbers, and the desktop is told.
 * `show` brings a window to the place of a rule.
 */
export function createWatching(parts: () => WatchingParts, show: (ruleId: string) => void): WatchList {
  const list = new WatchList({
    count: async (windows, functions) => {
      const { links, decoder } = parts();
      const fetched = await links.shell.call('watch.windows', windows);
      if (!fetched.ok) return fetched;
      if (fetched.value === null) return ok([]);
      const { windowsId } = fetched.value;
      const counted = await decoder.shell.call('watch.count', { windowsId, functions: [...functions] });
      await links.shell.call('window.release', { windowId: watchWindowId, keep: [] }); // gone is as good
      return counted;
    },
    onChange: (states) => {
      for (const window of BrowserWindow.getAllWindows()) emitShell(window, 'watches.changed', { states });
    },
    onAbove: (rule: WatchRule, verdict) => {
      notifyAbove(rule, verdict, () => {
        show(rule.id);
      });
    },
  });
  setInterval(() => {
    list.lookAtPyroscopes();
  }, pyroscopePeriodMs);
  return list;
}

/** Has the list look whenever links says that a target has a new window; anew after each start of links. */
export function followWindows(list: WatchList, { links }: WatchingParts): void {
  links.shell.on('window.stored', ({ targetId }) => {
    list.look(targetId);
  });
}
