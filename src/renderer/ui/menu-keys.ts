import { moveFocus } from './focus.js';

/** A pause after which typing begins a new word, ms. */
const wordMs = 700;

/** What was typed into a menu last. */
export interface Typed {
  readonly word: string;
  /** Of the event, ms. */
  readonly at: number;
}

/** The entries of a menu that can be chosen now, without those of the menus that it opens. */
export function menuItems(menu: HTMLElement | null): readonly HTMLElement[] {
  const all = menu?.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)') ?? [];
  return [...all].filter((item) => item.closest('[role="menu"]') === menu);
}

/**
 * What is looked for after one more letter: the word so far with it, from the entry that has the focus on; a letter that begins a word, or
 * the same one again, looks behind it. Answers the index of the first entry that begins so; -1: none does.
 */
export function typeAhead(
  texts: readonly string[],
  focused: number,
  { word, at }: Typed,
  letter: string,
  nowMs: number,
): { readonly typed: Typed; readonly index: number } {
  const before = nowMs - at < wordMs ? word : '';
  const again = before !== '' && before === letter.repeat(before.length);
  const wanted = again ? letter : before + letter;
  const from = wanted.length === 1 ? focused + 1 : Math.max(0, focused);
  const order = texts.map((_, step) => (from + step) % texts.length);
  const index = order.find((each) => texts[each]?.toLowerCase().startsWith(wanted) === true) ?? -1;
  return { typed: { word: before + letter, at: nowMs }, index };
}

/** Whether a key of a menu that moves its focus was that; up and down go around the ends. */
export function moveInMenu(key: string, items: readonly HTMLElement[]): boolean {
  switch (key) {
    case 'ArrowDown':
      moveFocus(items, 1);
      return true;
    case 'ArrowUp':
      moveFocus(items, -1);
      return true;
    case 'Home':
      items[0]?.focus();
      return true;
    case 'End':
      items.at(-1)?.focus();
      return true;
    default:
      return false;
  }
}
