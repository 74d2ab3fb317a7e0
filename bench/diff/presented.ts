import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summarise } from '../../scripts/bench/rounds.mjs';
import { startDisplay } from '../../e2e/world/display.js';
import { openOursWindow, ready, state, whole } from '../view/ours.js';
import { prepareD3FlameGraph } from '../view/peers/d3-flame-graph.js';
import type { BenchRow, Note } from '../rows.js';

/** One profile measured twice, and what d3-flame-graph draws of the difference. */
export interface Sides {
  readonly size: string;
  /** pprof, gzip. */
  readonly baseline: Uint8Array;
  readonly comparison: Uint8Array;
  /** Nested nodes in JSON with `delta`, which somebody computed. */
  readonly nested: string;
}

/**
 * From the click that asks for it to the presented diff graph: two open profiles are aligned, scaled, laid out and drawn in the built app.
 * The first comparison of a window, whose code is cold, is told of beside the row; then the sides are exchanged, round after round.
 * d3-flame-graph draws, in the same Electron, a difference that was computed for it.
 */
export async function presentedRow(sides: Sides, rounds: number, note: Note): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), 'pyrometer-bench-diff-'));
  mkdirSync(join(folder, 'logs'));
  const display = await startDisplay(folder, '1600x1000x24');
  const homeOf = (name: string): string => {
    const home = join(folder, name);
    mkdirSync(home, { mode: 0o700 });
    return home;
  };
  try {
    const files = { A: sides.baseline, B: sides.comparison };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, `${name}.pb.gz`), bytes);
    const own = await ours(folder, { display: display.name, home: homeOf('ours') }, rounds, (firstMs) => {
      note(`${sides.size}: the first comparison of the window took ${firstMs.toFixed(0)} ms`);
    });
    const nested = join(folder, 'nested.json');
    writeFileSync(nested, sides.nested);
    const d3 = await prepareD3FlameGraph(join(folder, 'd3'));
    const theirs: number[] = [];
    const home = homeOf('d3-flame-graph');
    for (let round = 0; round < rounds; round++) {
      const viewer = await d3({ display: display.name, home, scale: 1 });
      try {
        theirs.push(await viewer.open(nested));
      } catch (error) {
        note(`d3-flame-graph gave up on ${sides.size}: ${String(error).split('\n', 1)[0] ?? ''}`);
        break;
      } finally {
        await viewer.window.dispose();
      }
    }
    const { median, spread, n } = summarise(own);
    return {
      id: `diff_ms_${sides.size}`,
      ours: median,
      unit: 'ms',
      peers: { 'd3-flame-graph': theirs.length === 0 ? null : summarise(theirs).median },
      n,
      spread,
    };
  } finally {
    await display.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ours(
  folder: string,
  at: { readonly display: string; readonly home: string },
  rounds: number,
  onFirst: (ms: number) => void,
): Promise<readonly number[]> {
  const window = await openOursWindow({ ...at, scale: 1 });
  const { page } = window;
  try {
    for (const name of ['A', 'B']) {
      await window.timed('drop', ({ drop }) => drop(join(folder, `${name}.pb.gz`), { x: 600, y: 400 }), ready);
      await whole(page);
    }
    const shown = async (button: string): Promise<number> => {
      const box = await page.getByRole('button', { name: button, exact: true }).last().boundingBox();
      if (box === null) throw new Error(`there is no button ${button}`);
      const before = await page.evaluate(`${state}.view`);
      const ms = await window.drawn(
        'click',
        ({ click }) => click({ x: box.x + box.width / 2, y: box.y + box.height / 2 }),
        `data.view !== ${JSON.stringify(before)} && data.shown === 'yes' && data.next === 'none'`,
      );
      await whole(page);
      return ms;
    };
    await page.getByRole('button', { name: 'Compare…', exact: true }).click();
    await page.getByLabel('A is', { exact: true }).selectOption({ index: 0 });
    onFirst(await shown('Compare'));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await shown('Swap'));
    return times;
  } finally {
    await window.dispose();
  }
}
