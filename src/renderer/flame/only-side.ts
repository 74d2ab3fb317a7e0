import type { FlameModel } from './model.js';

/** A function that one side of a diff lacks everywhere. */
export interface OnlyFunction {
  readonly functionIndex: number;
  /** Of the side that has it; recursion is counted as often as it is there. */
  readonly total: number;
}

/** Whether a function of a diff is new or gone as a whole; undefined where both sides have it, and without a diff. */
export function onlySide(model: FlameModel, functionIndex: number): 'new' | 'gone' | undefined {
  const { baseline, comparison } = model.graph;
  if (baseline === undefined || comparison === undefined) return undefined;
  const { before, after } = totalsOf(model);
  const [was, is] = [before[functionIndex] ?? 0, after[functionIndex] ?? 0];
  if (was > 0 === is > 0) return undefined;
  return is > 0 ? 'new' : 'gone';
}

/** All functions that only one side of a diff has, the largest first. */
export function functionsOfOneSide(model: FlameModel, side: 'new' | 'gone'): readonly OnlyFunction[] {
  if (!model.isDiff) return [];
  const { before, after } = totalsOf(model);
  const [own, other] = side === 'new' ? [after, before] : [before, after];
  const found: OnlyFunction[] = [];
  for (let functionIndex = 1; functionIndex < own.length; functionIndex++) {
    const total = own[functionIndex] ?? 0;
    if (total > 0 && (other[functionIndex] ?? 0) === 0) found.push({ functionIndex, total });
  }
  return found.sort((a, b) => b.total - a.total);
}

function totalsOf({ graph, names }: FlameModel): { readonly before: Float64Array; readonly after: Float64Array } {
  const [before, after] = [new Float64Array(names.length), new Float64Array(names.length)];
  const { baseline, comparison, functionIndex, count } = graph;
  for (let node = 1; node < count; node++) {
    const index = functionIndex[node] ?? 0;
    before[index] = (before[index] ?? 0) + (baseline?.[node] ?? 0);
    after[index] = (after[index] ?? 0) + (comparison?.[node] ?? 0);
  }
  return { before, after };
}
