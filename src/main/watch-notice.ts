import { Notification } from 'electron';
import type { WatchRule } from '../contract/watching.js';
import { measuredWords, ruleWords, watchedName } from '../core/watch/words.js';
import type { WatchVerdict } from '../core/watch/watcher.js';

/** Shown ones, which nothing else holds: one that is collected tells nobody of its click. */
const shown = new Set<Notification>();

/**
 * Tells the desktop that a rule is broken. Names stand in the title only: servers of notifications read markup in the text below it, which
 * holds nothing but our own words and numbers.
 */
export function notifyAbove(rule: WatchRule, verdict: WatchVerdict, onClick: () => void): void {
  if (!Notification.isSupported()) return;
  const since = verdict.sinceMs === undefined ? '' : `, since ${clock(verdict.sinceMs)}`;
  const notice = new Notification({
    title: `${watchedName(rule)} is above its threshold`,
    body: `For certain${since}: ${measuredWords(rule, verdict)}. Watched: it ${ruleWords(rule)}.`,
  });
  shown.add(notice);
  const forget = (): void => {
    shown.delete(notice);
  };
  notice.on('click', () => {
    forget();
    onClick();
  });
  notice.on('close', forget);
  notice.on('failed', (_event, error) => {
    forget();
    console.error('main: a notification could not be shown:', error);
  });
  notice.show();
}

function clock(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}
