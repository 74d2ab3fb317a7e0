/** A key press as a command's keys are written. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** Whether a press is what `keys` says: "Mod+Shift+L", "Home", "?". Mod is Command on a Mac and Ctrl elsewhere. */
export function pressMatches(press: KeyPress, keys: string, mac: boolean): boolean {
  const parts = keys.split('+');
  const key = parts.at(-1) ?? '';
  const modifier = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (press.altKey !== parts.includes('Alt') || other || modifier !== parts.includes('Mod')) return false;
  // A sign like "?" is typed with Shift on some keyboards and without on others.
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (!isSign && press.shiftKey !== parts.includes('Shift')) return false;
  return press.key.toLowerCase() === key.toLowerCase();
}

/** Keys as they are written for people on their machine. */
export function keysWords(keys: string, mac: boolean): string {
  const arrows = keys.replace('ArrowLeft', '←').replace('ArrowRight', '→');
  if (!mac) return arrows.replace('Mod', 'Ctrl');
  return arrows.replace('Mod', '⌘').replace('Shift', '⇧').replace('Alt', '⌥').replaceAll('+', '');
}

/** Whether keys are one letter or sign, pressed alone: those act in the focused view only, and can be turned off. */
export function isSingleKey(keys: string): boolean {
  return keys.length === 1;
}

/** Whether a press is meant for the views: one of them has the focus, the list of services that they are chosen in, or nothing. */
export function inViews(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target === document.body || target.closest('.main, .details, .bar, .services') !== null)
  );
}

/** Whether the press is text being typed: single keys are no commands there. */
export function typesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== 'checkbox')
  );
}
