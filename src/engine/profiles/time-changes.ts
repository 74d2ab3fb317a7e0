import { fail, ok, type Result } from '../../contract/result.js';
import type { TimeChanges } from '../../contract/time-changes.js';
import { leastEffectiveWindows } from '../../core/compare/certainty.js';
import { findChangePoints, type ChangePoint } from '../../core/compare/change-points.js';
import { functionKey } from '../../core/compare/function-keys.js';
import { plainMatching } from '../../core/compare/match-functions.js';
import { isInterpreterInternal } from '../../core/operations/frames.js';
import { f64At } from '../../core/profile/columns.js';
import type { ProfileStore } from './store.js';
import { layWindows, namesTo, placesIn, type LaidWindows, type WindowGround } from './lay-windows.js';
import { nameOfFrame } from './view-side.js';
import { viewTree } from './view-tree.js';
import type { DecodedWindows } from './windows.js';

/** Finds the moments at which functions of a profile went to another level, by its windows. */
export async function timeChanges(
  store: ProfileStore,
  profileId: string,
  windows: DecodedWindows,
  signal: AbortSignal,
): Promise<Result<TimeChanges>> {
  // Windows tell the first column.
  const made = await viewTree(store, { kind: 'flame', profileId, valueIndex: 0 }, { watch: { signal } });
  if (!made.ok) return made;
  const { layout: nodes, frames, sampleType, values } = made.value;
  if (values.kind !== 'flame') return fail('invalid-input', 'A comparison is no period.');
  const byKey = new Map<string, number>();
  const keyOf = (frame: Parameters<typeof nameOfFrame>[0]): string => functionKey(nameOfFrame(frame), plainMatching);
  // The first of a key is the one that names it.
  for (let frame = frames.count - 1; frame > 0; frame--) byKey.set(keyOf(frames.frameAt(frame)), frame);
  const ground: WindowGround = { nodes, functionOf: (frame) => byKey.get(keyOf(frame)), byLine: false };
  const laid = await layWindows(store.decoder, windows, ground, placesIn(ground), signal);
  if (!laid.ok) return laid;
  const found = findChangePoints(nodes, frames.count, laid.value.windows, {
    onStep: () => {
      signal.throwIfAborted();
    },
    saysNothing: (frame) => isInterpreterInternal(frames.frameAt(frame)),
  });
  const unit = laid.value.worth > 0 ? laid.value.worth : 1;
  return ok({
    sampleType,
    windows: laid.value.windows.seconds.length,
    leastWindows: 2 * leastEffectiveWindows,
    changes: found.map((point) => ({
      ...momentsOf(point, laid.value),
      whole: { before: f64At(point.before, 0) * unit, after: f64At(point.after, 0) * unit },
      causes: point.causes.map(({ functionIndex, node, judged }) => ({
        name: frames.frameAt(functionIndex).name,
        path: namesTo(nodes, frames, node),
        before: judged.before * unit,
        after: judged.after * unit,
        margin: judged.margin * unit,
      })),
    })),
  });
}

function momentsOf({ from, window, to }: ChangePoint, { startMs, windows }: LaidWindows) {
  const beginMs = (at: number): number => startMs[at] ?? 0;
  const last = Math.max(0, to - 1);
  return {
    fromMs: beginMs(from),
    atMs: beginMs(window),
    toMs: beginMs(last) + f64At(windows.seconds, last) * 1000,
  };
}
