import type { AppState, AppStore } from './store.js';

/** Calls `run` now and whenever the key of the state changes. Returns what ends it. */
export function watch(store: AppStore, keyOf: (state: AppState) => string, run: (state: AppState) => void): () => void {
  let key: string | undefined;
  const look = (state: AppState): void => {
    const next = keyOf(state);
    if (next === key) return;
    key = next;
    run(state);
  };
  look(store.getState());
  return store.subscribe(look);
}
