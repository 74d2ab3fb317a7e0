import { matchNames, searchFlame } from '../../core/flame/search.js';
import type { Context } from './context.js';
import { watch } from './watch.js';

/** Keeps what the search finds in step with the query and with what is on the screen. Returns what ends it. */
export function followSearch(context: Context): () => void {
  const { store, flame, found } = context;
  let frame: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => {
    frame = undefined;
    const model = flame.get();
    const query = store.getState().search;
    if (model === null || query === '') {
      if (found.get() !== null) found.set(null);
      return;
    }
    found.set(searchFlame(model.graph, matchNames(model.names, query)));
  };
  // Pieces come in bursts; one search after each burst is enough.
  const soon = (): void => {
    frame ??= setTimeout(search, 0);
  };
  const ends = [watch(store, (state) => state.search, soon), flame.subscribe(soon)];
  return () => {
    clearTimeout(frame);
    for (const end of ends) end();
  };
}

/** Names of functions that match, each once, at most `most`; for those who do not see the picture. */
export function matchedNames(labels: readonly string[], matches: Uint8Array, most: number): readonly string[] {
  const names = new Set<string>();
  for (let index = 0; index < matches.length && names.size < most; index++) {
    const name = labels[index];
    if (matches[index] === 1 && name !== undefined) names.add(name);
  }
  return [...names];
}
