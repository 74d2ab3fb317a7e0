import { useSyncExternalStore } from 'react';
import type { FrameKey } from '../../contract/operations.js';
import type { Context } from './context.js';

/** Says which function is below the pointer of a view; null: none any more. */
export function hoverFunction({ hoveredFunction }: Context, by: object, key: FrameKey | null): void {
  const shown = hoveredFunction.get();
  if (key !== null) {
    const same = shown?.by === by && shown.key.name === key.name && shown.key.file === key.file;
    if (!same) hoveredFunction.set({ key, by });
  } else if (shown?.by === by) hoveredFunction.set(null);
}

/** The function that is below the pointer of another view than `by`; null: none. */
export function hoveredElsewhere({ hoveredFunction }: Context, by: object): FrameKey | null {
  const shown = hoveredFunction.get();
  return shown === null || shown.by === by ? null : shown.key;
}

/** The same, and renders again when it is another. */
export function useHoveredElsewhere(context: Context, by: object): FrameKey | null {
  return useSyncExternalStore(context.hoveredFunction.subscribe, () => hoveredElsewhere(context, by));
}
