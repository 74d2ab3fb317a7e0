import { matchNames } from '../../core/flame/match-names.js';
import { searchFlame } from '../../core/flame/search.js';
import { nodeAtPath, pathOfNode } from '../../core/flame/navigate.js';
import type { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import { watch } from './watch.js';

/** Keeps what the search finds in step with the query and with what is on the screen. Returns what ends it. */
export function followSearch(context: Context): () => void {
  const { store, flame, found } = context;
  let frame: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => {
    frame = undefined;
    const model = flame.get();
    const { search: query, searchMode } = store.getState();
    const matches = model === null || query === '' ? null : matchNames(model.names, query, searchMode);
    if (model === null || matches === null) {
      if (found.get() !== null) found.set(null);
      return;
    }
    found.set(searchFlame(model.graph, matches));
  };
  // Pieces come in bursts; one search after each burst is enough.
  const soon = (): void => {
    frame ??= setTimeout(search, 0);
  };
  const ends = [watch(store, (state) => `${state.searchMode} ${state.search}`, soon), flame.subscribe(soon)];
  return () => {
    clearTimeout(frame);
    for (const end of ends) end();
  };
}

/** The match that was stepped to: frames of one name beside each other have one path, so the path alone would not lead on. */
let stepped: { readonly model: FlameModel; readonly node: number; readonly path: readonly string[] } | undefined;

/** Selects the next or the previous frame that matches, from the top down and from left to right, and around. */
export function stepMatch({ store, flame, found }: Context, direction: 1 | -1): void {
  const model = flame.get();
  const result = found.get();
  if (model === null || result === null || result.frames === 0) return;
  const { selectedPath } = store.getState();
  const at =
    stepped?.model === model && stepped.path === selectedPath ? stepped.node : selectedNode(model, selectedPath);
  const { count, functionIndex } = model.graph;
  for (let step = 1; step <= count; step++) {
    const node = (at + direction * step + 2 * count) % count;
    if (result.matches[functionIndex[node] ?? 0] !== 1) continue;
    const path = pathOfNode(model.graph, node, model.nameOf);
    stepped = { model, node, path };
    store.setState({ selectedPath: path });
    return;
  }
}

function selectedNode(model: FlameModel, path: readonly string[]): number {
  return path.length === 0 ? 0 : nodeAtPath(model.graph, path, model.nameOf).node;
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
