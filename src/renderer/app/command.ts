import type { Context } from '../state/context.js';
import type { AppState } from '../state/store.js';

/** Something that can be done: in the palette, by its keys, from the menu. */
export interface Command {
  readonly id: string;
  readonly title: (state: AppState) => string;
  /** As written in the palette; "Mod" is Ctrl, or Command on a Mac. */
  readonly keys?: string;
  /** Another way to something that is listed already: neither in the palette nor among the keys. */
  readonly hidden?: boolean;
  /** Whether it can be done now. */
  readonly enabled: (state: AppState) => boolean;
  readonly run: (context: Context) => void;
}

/** A title that is always the same. */
export const named = (title: string) => (): string => title;

/** Whether something is drawn. */
export const hasView = (state: AppState): boolean => state.viewSource !== null;
