import type { Certainty } from '../../contract/certainty.js';
import type { SampleType, ViewSource } from '../../contract/decoder.js';
import { ok, type Result } from '../../contract/result.js';
import type { Scaling } from '../../core/compare/merge-trees.js';
import { shownFile } from '../../core/operations/frames.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { ProfileStore } from './store.js';
import { viewCertainty } from './view-certainty.js';
import { buildView } from './lay-out-view.js';
import { viewFunctionTable } from './views.js';
import type { DecodedWindows } from './windows.js';

/** A function on both sides; the baseline's values scaled to be comparable. Totals count recursion once. */
export interface FunctionChange {
  readonly name: string;
  /** Source file or library, "" when unknown. */
  readonly file: string;
  /** What the baseline calls it, where that is another name. */
  readonly formerName?: string;
  readonly before: number;
  readonly after: number;
  /** Half of the 95 % interval for all functions at once; undefined where there are too few samples to judge. */
  readonly margin: number | undefined;
  readonly certain: boolean;
}

/** A function that changed for certain and inherits it from none that it calls. */
export interface Cause extends FunctionChange {
  readonly margin: number;
  /** From below the root to where most of the change is. */
  readonly path: readonly string[];
  /** Names of callers that changed only because this did, innermost first. */
  readonly inheritedBy: readonly string[];
}

/** A comparison in words and numbers, without a window to show it in. */
export interface Difference {
  readonly sampleType: SampleType;
  readonly scaling: Scaling;
  /** Both sides as a whole, the baseline scaled. */
  readonly whole: { readonly before: number; readonly after: number };
  readonly evidence: Certainty;
  readonly causes: readonly Cause[];
  /** All functions of either side, the largest change first. */
  readonly functions: readonly FunctionChange[];
}

/**
 * Compares two profiles and judges what differs by the windows of both sides, and by those of earlier ranges where they are given.
 * `source` is of profiles in the store.
 */
export async function differenceOf(
  store: ProfileStore,
  source: Extract<ViewSource, { kind: 'diff' }>,
  windows: readonly [DecodedWindows, DecodedWindows],
  signal: AbortSignal,
  earlier?: DecodedWindows,
): Promise<Result<Difference>> {
  const built = await buildView(store, source, { signal });
  if (!built.ok) return built;
  const view = built.value;
  const { values } = view.tree;
  if (values.kind !== 'diff') throw new Error('a comparison has two sides');
  const judged = await viewCertainty(store.decoder, view, ...windows, signal, earlier);
  if (!judged.ok) return judged;
  const evidence = judged.value;
  const place = (functionIndex: number): Pick<FunctionChange, 'name' | 'file' | 'formerName'> => {
    const frame = view.frameOf(functionIndex);
    const { name, formerName } = frame;
    return { name, file: shownFile(frame), ...(formerName === undefined ? {} : { formerName }) };
  };
  const judgedAt = new Map(Array.from(evidence.functions.functionIndex, (index, at) => [index, at]));
  const table = viewFunctionTable(view.tree, view.functions);
  const functions: FunctionChange[] = [];
  for (let row = 0; row < table.functionIndex.length; row++) {
    const index = u32At(table.functionIndex, row);
    if (u32At(view.functions.source, index) === 0) continue; // the root
    const at = judgedAt.get(index);
    functions.push({
      ...place(index),
      before: f64At(table.baselineTotal ?? none, row),
      after: f64At(table.total, row),
      margin: at === undefined ? undefined : f64At(evidence.functions.margin, at),
      certain: at !== undefined && evidence.functions.certain[at] === 1,
    });
  }
  functions.sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
  return ok({
    sampleType: view.header.sampleType,
    scaling: values.scaling,
    whole: { before: f64At(values.baseline.total, 0), after: f64At(values.comparison.total, 0) },
    evidence,
    causes: evidence.causes.map(({ functionIndex, path, before, after, margin, inheritedBy }) => ({
      ...place(functionIndex),
      path,
      before,
      after,
      margin,
      certain: true,
      inheritedBy: inheritedBy.map((caller) => place(caller).name),
    })),
    functions,
  });
}

const none = new Float64Array(0);
