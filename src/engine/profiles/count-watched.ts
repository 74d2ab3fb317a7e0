import { ok, type Result } from '../../contract/result.js';
import type { CountedWindow } from '../../contract/watching.js';
import { functionKey, type FunctionName } from '../../core/compare/function-keys.js';
import { plainMatching } from '../../core/compare/match-functions.js';
import { sampleWorth } from '../../core/compare/window-counts.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { ProfileDecoder } from './decoder.js';
import { decodedFrames, nameOfFrame } from './view-side.js';
import type { DecodedWindows, WindowPart, WindowRow } from './windows.js';

/** Counts in each window how many samples there are, and how many have each of some functions in their stack; in the order of time. */
export async function countWatched(
  decoder: ProfileDecoder,
  { parts }: DecodedWindows,
  functions: readonly FunctionName[],
): Promise<Result<readonly CountedWindow[]>> {
  const keys = functions.map((each) => functionKey(each, plainMatching));
  const usual = usualWorth(parts);
  // An empty window does not say what it would have measured.
  const seconds = parts.some(({ decoded }) => decoded.profile.sampleTypes[0]?.unit === 'nanoseconds') ? 1e-9 : 0;
  const counted: CountedWindow[] = [];
  for (const part of parts) {
    const made = await samplesWith(decoder, part, keys);
    if (!made.ok) return made;
    for (const row of part.rows) {
      const worth = row.period > 0 ? row.period : usual;
      const unit = worth > 0 ? worth : 1;
      counted.push({
        startMs: row.startMs,
        endMs: row.startMs + row.seconds * 1000,
        samples: sumOf(row) / unit,
        oneCore: worth > 0 && seconds > 0 ? row.seconds / (worth * seconds) : 0,
        of: made.value.map((inside) => sumOf(row, inside) / unit),
      });
    }
  }
  return ok(counted.sort((a, b) => a.startMs - b.startMs));
}

/** What a sample of windows is worth that do not say it themselves. */
function usualWorth(parts: readonly WindowPart[]): number {
  const rows = parts.flatMap((part) => part.rows);
  const said = rows.find(({ period, sample }) => period > 0 && sample.length > 0)?.period;
  return said ?? sampleWorth(Float64Array.from(rows.flatMap(({ value }) => [...value])));
}

/** By key, for each sample of a part whether the function is in its stack. */
async function samplesWith(
  decoder: ProfileDecoder,
  { decoded }: WindowPart,
  keys: readonly string[],
): Promise<Result<readonly Uint8Array[]>> {
  const made = await decodedFrames(decoder, decoded, false);
  if (!made.ok) return made;
  const { nodes, frames } = made.value;
  const keyOfFrame = Array.from({ length: frames.count }, (_, frame) =>
    frame === 0 ? '' : functionKey(nameOfFrame(frames.frameAt(frame)), plainMatching),
  );
  return ok(
    keys.map((key) => {
      const inside = new Uint8Array(nodes.nodeCount);
      for (let node = 1; node < nodes.nodeCount; node++) {
        const caller = inside[u32At(nodes.parent, node)] ?? 0;
        inside[node] = keyOfFrame[u32At(nodes.functionIndex, node)] === key ? 1 : caller;
      }
      return Uint8Array.from(decoded.profile.samples.stack, (stack) => inside[u32At(nodes.nodeOfStack, stack)] ?? 0);
    }),
  );
}

/** The value of a window's samples, or of those that are `inside`. */
function sumOf({ sample, value }: WindowRow, inside?: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < sample.length; at++) {
    if (inside === undefined || inside[u32At(sample, at)] === 1) sum += f64At(value, at);
  }
  return sum;
}
