import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ViewSource } from '../../src/contract/decoder.js';
import { loadDecoder } from '../../src/engine/profiles/native.js';
import { ProfileStore } from '../../src/engine/profiles/store.js';
import { viewCertainty } from '../../src/engine/profiles/view-certainty.js';
import { buildView, type View } from '../../src/engine/profiles/lay-out-view.js';
import { readWindows, type DecodedWindows } from '../../src/engine/profiles/windows.js';
// The rounds are counted in the scripts, for all benchmarks alike.
import { measureAlternately } from '../../scripts/bench/rounds.mjs';
import { encodePprof, seededRandom } from '../parse/synthetic.js';
import { nestedJson, programTree } from '../view/profiles.js';
import { presentedRow, type Sides } from './presented.js';
import { windowsOf } from './windows.js';
import { measuredRow, type BenchOptions, type BenchRow } from '../rows.js';

const sizes = [
  ['100k', 100_000],
  ['1m', 1_000_000],
] as const;
const windowCount = 40;
const stackCount = 2000;
const memoryBudget = 8 * 2 ** 30;
const none = new AbortController().signal;

/**
 * Two profiles as one difference. `diff_ms_*`: from the click to the presented graph, in the built app; see {@link presentedRow}.
 * `files_diff_ms_*` begins with the files, as `go tool pprof -top -diff_base` does, which parses both and lays nothing out; ours ends with
 * a graph that is laid out. `windows_ms_80x2000` reads and judges 40 + 40 windows.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const decoder = loadDecoder();
  note(`ours: ${decoder.description}`);
  note('d3-flame-graph draws a difference that was computed for it, from JSON');
  const rounds = quick ? 1 : 5;
  const rows: BenchRow[] = [];
  for (const [size, nodeCount] of sizes) {
    note(`${size}: makes two profiles of ${nodeCount.toLocaleString('en')} stacks`);
    const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
    try {
      const sides = makeSides(size, nodeCount);
      for (const side of ['baseline', 'comparison'] as const) await writeFile(join(folder, side), sides[side]);
      rows.push(await presentedRow(sides, rounds, note));
      const go = await goDiff(folder);
      if (go === undefined) note('go-pprof is missing: go tool pprof did not run');
      const files = await measureAlternately(
        {
          ours: async () => {
            const own = new ProfileStore({ spoolDir: folder, decoder, memoryBudget });
            await diffView(own);
            own.dispose();
          },
          ...(go === undefined ? {} : { 'go-pprof': go }),
        },
        { rounds },
      );
      rows.push(measuredRow(`files_diff_ms_${size}`, files, go === undefined ? ['go-pprof'] : []));
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  rows.push(await certaintyRow(rounds));
  return rows;
}

const source: Extract<ViewSource, { kind: 'diff' }> = {
  kind: 'diff',
  baselineId: 'baseline',
  comparisonId: 'comparison',
  valueIndex: 1,
  scale: { by: 'auto' },
};

async function diffView(store: ProfileStore): Promise<View> {
  const view = await buildView(store, source);
  if (!view.ok) throw new Error(view.failure.message);
  return view.value;
}

/** One program measured twice: other counts, and one of twenty of its outermost calls goes to another function. */
function makeSides(size: string, nodeCount: number): Sides {
  const tree = programTree(nodeCount, seededRandom(97));
  const calls = new Uint8Array(tree.parent.length);
  for (const caller of tree.parent) calls[caller] = 1;
  const moved = {
    ...tree,
    callee: tree.callee.map((id, node) => (node % 20 === 7 && calls[node] === 0 ? 1 + (id % tree.functionCount) : id)),
  };
  const random = seededRandom(3);
  return {
    size,
    baseline: gzipSync(encodePprof(tree, seededRandom(1))),
    comparison: gzipSync(encodePprof(moved, seededRandom(2))),
    nested: nestedJson(moved, () => Math.round(20 * random() - 10)),
  };
}

/** Go's own comparison in a process of its own, its start among the time; undefined where it cannot be had. */
async function goDiff(folder: string): Promise<(() => Promise<void>) | undefined> {
  const run = async (): Promise<void> => {
    await promisify(execFile)(
      'go',
      ['tool', 'pprof', '-top', '-nodecount=10', '-diff_base', 'baseline', 'comparison'],
      { cwd: folder, maxBuffer: 64 * 2 ** 20 },
    );
  };
  try {
    await run();
    return run;
  } catch {
    return undefined;
  }
}

async function certaintyRow(rounds: number): Promise<BenchRow> {
  const decoder = loadDecoder();
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
  const store = new ProfileStore({ spoolDir: folder, decoder, memoryBudget });
  try {
    const sides = [windowsOf(stackCount, windowCount, 1), windowsOf(stackCount, windowCount, 2)] as const;
    await writeFile(join(folder, 'baseline'), sides[0].profile);
    await writeFile(join(folder, 'comparison'), sides[1].profile);
    const view = await diffView(store);
    const read = async (bytes: Uint8Array): Promise<DecodedWindows> => {
      const windows = await readWindows(bytes, decoder);
      if (!windows.ok) throw new Error(windows.failure.message);
      return windows.value;
    };
    const measured = await measureAlternately(
      {
        ours: async () => {
          const judged = await viewCertainty(
            decoder,
            view,
            await read(sides[0].bytes),
            await read(sides[1].bytes),
            none,
          );
          if (!judged.ok || judged.value.windows[0] !== windowCount) throw new Error('the windows were not judged');
        },
      },
      { rounds },
    );
    return measuredRow('windows_ms_80x2000', measured, []);
  } finally {
    store.dispose();
    await rm(folder, { recursive: true });
  }
}
