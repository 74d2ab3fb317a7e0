import { matchFunctions } from '../../core/flame/match-functions.js';
import type { SearchMode } from '../../core/flame/match-names.js';
import { searchFlame, type SearchResult } from '../../core/flame/search.js';
import { deepestAtPath, keepPath } from '../flame/find-frames.js';
import type { Context } from './context.js';
import { watch } from './watch.js';

/** What a search found, and what it was a search for: for a moment after a change it is still that of before. */
export interface Found extends SearchResult {
  /** Of the graph whose functions `matches` counts. */
  readonly viewId: string;
  readonly query: string;
  readonly mode: SearchMode;
}

/** Keeps what the search finds in step with the query and with what is on the screen. Returns what ends it. */
export function followSearch(context: Context): () => void {
  const { store, flame } = context;
  let frame: ReturnType<typeof setTimeout> | undefined;
  // Pieces come in bursts; one search after each burst is enough.
  const soon = (): void => {
    frame ??= setTimeout(() => {
      frame = undefined;
      search(context);
    }, 0);
  };
  const ends = [watch(store, (state) => `${state.searchMode} ${state.search}`, soon), flame.subscribe(soon)];
  return () => {
    clearTimeout(frame);
    for (const end of ends) end();
  };
}

function search({ store, flame, found }: Context): void {
  const model = flame.get();
  const { search: query, searchMode: mode } = store.getState();
  const matches = model === null || query === '' ? null : matchFunctions(model, query, mode);
  if (model === null || matches === null) {
    if (found.get() !== null) found.set(null);
    return;
  }
  const result = searchFlame(model.graph, matches, model.graph.count > 0 ? model.width(0) : 0);
  found.set({ ...result, viewId: model.viewId, query, mode });
}

/** What the search finds now: a key may come before the search that follows what was typed. */
function foundNow(context: Context): Found | null {
  const { search: query, searchMode: mode } = context.store.getState();
  const last = context.found.get();
  const viewId = context.flame.get()?.viewId;
  if (last === null ? query !== '' : last.viewId !== viewId || last.query !== query || last.mode !== mode) {
    search(context);
  }
  return context.found.get();
}

/** Selects the next or the previous frame that matches, from the top down and from left to right, and around. */
export function stepMatch(context: Context, direction: 1 | -1): void {
  const { store, flame } = context;
  const model = flame.get();
  const result = foundNow(context);
  if (model === null || result === null || result.frames === 0) return;
  const at = deepestAtPath(model, store.getState().selectedPath);
  const { count, functionIndex } = model.graph;
  for (let step = 1; step <= count; step++) {
    const node = (at + direction * step + 2 * count) % count;
    if (result.matches[functionIndex[node] ?? 0] !== 1) continue;
    store.setState({ selectedPath: keepPath(model, node) });
    return;
  }
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
