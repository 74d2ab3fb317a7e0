import { useSyncExternalStore } from 'react';

/** A value that lives outside React and zustand (typed arrays, models) and tells when it is replaced. */
export interface Cell<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  /** Tells listeners that what the value holds has grown, without replacing it. */
  readonly touch: () => void;
  /** Grows with each set and touch. */
  readonly version: () => number;
  readonly subscribe: (listener: () => void) => () => void;
}

/** Makes a cell. */
export function createCell<T>(initial: T): Cell<T> {
  let value = initial;
  let version = 0;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    version += 1;
    for (const listener of listeners) listener();
  };
  return {
    get: () => value,
    set: (next) => {
      value = next;
      tell();
    },
    touch: tell,
    version: () => version,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/** Makes a value that can be replaced and tells nobody. */
export function createSlot<T>(initial: T): Pick<Cell<T>, 'get' | 'set'> {
  let value = initial;
  return {
    get: () => value,
    set: (next) => {
      value = next;
    },
  };
}

/** Renders again when the cell is set or touched; answers what it holds. */
export function useCell<T>(cell: Cell<T>): T {
  useSyncExternalStore(cell.subscribe, cell.version);
  return cell.get();
}
