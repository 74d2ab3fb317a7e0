import type { AppState } from '../state/store.js';
import type { Command } from './command.js';
import { commands } from './commands.js';

/**
 * The commands that can be carried out now and whose title has every word of the query somewhere; those first in which each
 * begins a word: of "sh", "Share…" comes before "Save snapshot…".
 */
export function findCommands(state: AppState, query: string): readonly Command[] {
  const wanted = query.toLowerCase().split(/\s+/);
  const inner: Command[] = [];
  const begins: Command[] = [];
  for (const command of commands) {
    if (command.id === 'palette' || command.hidden === true || !command.enabled(state)) continue;
    const title = command.title(state).toLowerCase();
    if (!wanted.every((word) => title.includes(word))) continue;
    (wanted.every((word) => ` ${title}`.includes(` ${word}`)) ? begins : inner).push(command);
  }
  return [...begins, ...inner];
}
