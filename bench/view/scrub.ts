import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildReplay, startReplay } from '../../e2e/world/replay.js';
import { openOurs } from './ours.js';
import type { ViewerPlace } from './viewer.js';

/** A made-up agent of this computer, with an hour of windows. */
export interface ScrubStore {
  /** Drags a range over them in a window of its own; of the steps the 95th percentile, milliseconds. */
  scrub(place: ViewerPlace): Promise<number>;
}

const windows = 240;
const windowMs = 15_000;
const steps = 60;

/** Prepares it; undefined where an agent answers on this machine already: it would be in the way. */
export async function prepareScrubStore(folder: string, note: (text: string) => void): Promise<ScrubStore | undefined> {
  const uid = process.getuid?.() ?? 0;
  if (existsSync(`/run/pyrometer/control-${uid}.sock`)) {
    note('scrubbing is left out: an agent answers on this machine');
    return undefined;
  }
  await buildReplay();
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  return {
    scrub: async (place) => {
      // Anew each time, so that the hour that is looked at is the hour of the store. The page's clock is the real one: a fixed
      // one would take its marks away, too.
      const endMs = Math.floor(Date.now() / windowMs) * windowMs;
      const minutes = (windows * windowMs) / 60_000;
      const replay = await startReplay({ worldPath: folder, uid, seed: 97, endMs, minutes });
      try {
        return await scrubOnce(place);
      } finally {
        await replay.dispose();
      }
    },
  };
}

async function scrubOnce(place: ViewerPlace): Promise<number> {
  const { window } = await openOurs(place);
  try {
    const { page } = window;
    await page.getByRole('button', { name: 'This computer', exact: true }).click();
    await page.getByRole('radio', { name: '1 h' }).click();
    const canvas = page.locator('[aria-label="Flame graph"] canvas');
    const timeline = page.getByRole('group', { name: /^Timeline/ }).locator('canvas');
    await timeline.and(page.locator(`[data-points="${windows}"]`)).waitFor();
    await canvas.and(page.locator('[data-state="ready"][data-next="none"]')).waitFor();
    const box = await timeline.boundingBox();
    if (box === null) throw new Error('the timeline is not on the screen');
    const y = Math.round(box.y + box.height / 2);
    const at = (share: number): { readonly x: number; readonly y: number } => ({
      x: Math.round(box.x + 12 + share * (box.width - 24)),
      y,
    });
    // A person points before pressing: the windows are fetched meanwhile.
    await page.mouse.move(at(0.1).x, y);
    await page.waitForTimeout(1000);
    const points = Array.from({ length: steps + 1 }, (_, step) => at(0.1 + (0.8 * step) / steps));
    const latencies = await window.dragged(points);
    const sorted = latencies.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))] ?? Number.NaN;
  } finally {
    await window.dispose();
  }
}
