import { ancestorsOf, nodeAtPath, pathOfNode } from '../../core/flame/navigate.js';
import type { FlameModel } from './model.js';

/**
 * By a path that was kept of a frame, which frame it was: in time order, and of functions with one name in two files, many frames have one
 * path. It holds in the graph it was kept of only; of the path alone the widest frame is meant.
 */
const keptFrames = new WeakMap<
  readonly string[],
  { readonly viewId: string; readonly stage: string; readonly node: number }
>();

/** The path of a frame, from which `frameAtPath` finds just that one as long as the graph is the same. The root has none. */
export function keepPath(model: FlameModel, node: number): readonly string[] {
  if (node <= 0) return [];
  const path = pathOfNode(model.graph, node, model.nameOf);
  keptFrames.set(path, { viewId: model.viewId, stage: model.stage, node });
  return path;
}

function keptFrame({ viewId, stage, graph }: FlameModel, path: readonly string[]): number | undefined {
  const kept = keptFrames.get(path);
  return kept?.viewId === viewId && kept.stage === stage && kept.node < graph.count ? kept.node : undefined;
}

/** The frame of a path of names; -1 where it is not there as a whole. The root has no path. */
export function frameAtPath(model: FlameModel, path: readonly string[]): number {
  if (path.length === 0 || model.graph.count === 0) return -1;
  const kept = keptFrame(model, path);
  if (kept !== undefined) return kept;
  const found = nodeAtPath(model.graph, path, model.nameOf);
  return found.matched === path.length ? found.node : -1;
}

/** The frame of a path, or the deepest of its callers that is there. */
export function deepestAtPath(model: FlameModel, path: readonly string[]): number {
  return keptFrame(model, path) ?? nodeAtPath(model.graph, path, model.nameOf).node;
}

/** The path of the caller at a depth of the frame that a path means. */
export function callerPath(model: FlameModel | null, path: readonly string[], depth: number): readonly string[] {
  const node = model === null ? -1 : frameAtPath(model, path);
  const caller = model === null || node < 0 ? undefined : ancestorsOf(model.graph, node)[depth];
  return model === null || caller === undefined ? path.slice(0, depth) : keepPath(model, caller);
}

/**
 * What tells a frame apart bottom up: its function, and as many of its callers as it takes until `widestFrame` of them is that frame.
 * Of a frame as wide as another with all the same callers, up to the root, it is all of them.
 */
export function callersThatTell(model: FlameModel, node: number): readonly number[] {
  const { functionIndex, parent, count } = model.graph;
  const own = model.functionOf(node);
  const path = [own];
  /** Frames that would be taken for it, and how far up their stacks were compared. */
  let rivals: { at: number; readonly frame: number }[] = [];
  for (let frame = 1; frame < count; frame++) {
    if (frame === node || functionIndex[frame] !== own) continue;
    const wider = model.width(frame) - model.width(node);
    if (wider > 0 || (wider === 0 && frame < node)) rivals.push({ at: frame, frame });
  }
  for (let at = parent[node] ?? 0; at !== 0 && rivals.length > 0; at = parent[at] ?? 0) {
    const caller = model.functionOf(at);
    path.push(caller);
    rivals = rivals.filter((rival) => {
      rival.at = parent[rival.at] ?? 0;
      return rival.at !== 0 && functionIndex[rival.at] === caller;
    });
  }
  return path;
}

/** The widest frame of a function; with more than one number, of those that are called by the second, that by the third, and so on. -1: none. */
export function widestFrame(model: FlameModel, callers: readonly number[]): number {
  const { functionIndex, parent, count } = model.graph;
  const [own] = callers;
  let widest = -1;
  for (let node = 1; node < count; node++) {
    if (functionIndex[node] !== own || (widest >= 0 && model.width(node) <= model.width(widest))) continue;
    let at = node;
    const isCalledSo = callers.every((caller, step) => {
      if (step > 0) at = parent[at] ?? 0;
      return at !== 0 && functionIndex[at] === caller;
    });
    if (isCalledSo) widest = node;
  }
  return widest;
}
