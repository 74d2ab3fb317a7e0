import type { TimedThread } from '../../../contract/decoder.js';
import type { LabelKey } from '../../../contract/operations.js';
import { visibleText } from '../../format/visible-text.js';

/** What a thread is called: "MainThread 4711", or its number alone; for the screen. */
export function threadWords({ thread: { value }, name }: Pick<TimedThread, 'thread' | 'name'>): string {
  return visibleText(name === '' || name === value ? value : `${name} ${value}`);
}

/** What the chosen thread is called; one that is not in the list by its number. */
export function chosenWords(threads: readonly TimedThread[], chosen: LabelKey | null): string {
  if (chosen === null) return 'All threads';
  const known = threads.find(({ thread }) => sameLabel(thread, chosen));
  return threadWords(known ?? { thread: chosen, name: '' });
}

/** Threads that have a text in their name, number or service. */
export function matchingThreads(threads: readonly TimedThread[], text: string): readonly TimedThread[] {
  const wanted = text.trim().toLowerCase();
  return threads.filter(({ thread, name, service }) =>
    `${name} ${thread.value} ${service}`.toLowerCase().includes(wanted),
  );
}

/** Whether two labels are the same. */
export function sameLabel(a: LabelKey, b: LabelKey | null): boolean {
  return b !== null && a.key === b.key && a.value === b.value && a.unit === b.unit;
}
