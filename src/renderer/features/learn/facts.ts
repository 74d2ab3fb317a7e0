import { childrenOf, nodeAtPath } from '../../../core/flame/navigate.js';
import type { SearchResult } from '../../../core/flame/search.js';
import type { FlameModel } from '../../flame/model.js';
import { showsTab } from '../../state/panes.js';
import type { AppState } from '../../state/store.js';

/** The frame that the reader selected. Shares are of the whole. */
export interface SelectedFrame {
  readonly name: string;
  readonly path: readonly string[];
  readonly share: number;
  readonly self: number;
  /** 0 is the root. */
  readonly level: number;
  /** How many frames of the same caller are wider. */
  readonly wider: number;
  /** Of a diff: what it grew by, as a part of what the whole grew by. */
  readonly growth: number;
}

/** What a lesson looks at to see whether its task was done. */
export interface LearnFacts {
  /** Whether the sandwich is on the screen. */
  readonly sandwich: boolean;
  readonly search: string;
  /** What the search found: its share of the whole, and that of its widest frame; null while nothing is searched for. */
  readonly found: { readonly share: number; readonly widest: number } | null;
  /** Levels of the graph. */
  readonly levels: number;
  readonly selected: SelectedFrame | null;
  /** The share of the widest frame of a function. */
  readonly shareOf: (name: string) => number;
}

/** Looks at what is on the screen. */
export function factsOf(state: AppState, model: FlameModel, found: SearchResult | null): LearnFacts {
  const { graph, total } = model;
  const widestOf = (is: (functionIndex: number) => boolean): number => {
    let widest = 0;
    for (let node = 0; node < graph.count; node++) {
      if (is(graph.functionIndex[node] ?? 0)) widest = Math.max(widest, model.width(node));
    }
    return total > 0 ? widest / total : 0;
  };
  return {
    sandwich: showsTab(state, 'sandwich'),
    search: state.search,
    found:
      state.search === '' || found === null
        ? null
        : { share: found.share, widest: widestOf((index) => found.matches[index] === 1) },
    levels: graph.depthCount,
    selected: selectedFrame(model, state.selectedPath),
    shareOf: (name) => widestOf((index) => model.nameOf(index) === name),
  };
}

function selectedFrame(model: FlameModel, path: readonly string[]): SelectedFrame | null {
  const { graph, total } = model;
  if (path.length === 0 || total === 0) return null;
  const grown = growthOf(model, 0);
  const { node, matched } = nodeAtPath(graph, path, model.nameOf);
  if (matched < path.length) return null;
  return {
    name: path.at(-1) ?? '',
    path,
    share: model.width(node) / total,
    self: (graph.self[node] ?? 0) / total,
    level: graph.depth[node] ?? 0,
    wider: node - childrenOf(graph, graph.parent[node] ?? 0).first,
    growth: grown > 0 ? growthOf(model, node) / grown : 0,
  };
}

function growthOf({ graph }: FlameModel, node: number): number {
  return (graph.comparison?.[node] ?? 0) - (graph.baseline?.[node] ?? 0);
}
