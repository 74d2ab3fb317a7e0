import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import type { ReplayWindow } from './replay-window';

/** A part of the time, Unix milliseconds. */
interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Moves over a place of the graph until its tooltip is there: what lies above the graph may still be moving it. */
export async function hovered(
  view: ReplayWindow,
  position: { readonly x: number; readonly y: number },
): Promise<Locator> {
  const tip = view.page.getByRole('tooltip');
  let away = 0;
  await expect
    .poll(
      async () => {
        away = 1 - away; // a pointer that stays where it is is not told of
        await view.canvas.hover({ position: { x: position.x + away, y: position.y } });
        return tip.count();
      },
      { timeout: 20_000 },
    )
    .toBe(1);
  return tip;
}

/** A tooltip may lie over an edge at the top only, where there is room. */
export async function liesInside(tip: Locator, pane: Locator): Promise<void> {
  const [inner, outer] = [await tip.boundingBox(), await pane.boundingBox()];
  if (inner === null || outer === null) throw new Error('the tooltip is not on the screen');
  expect(inner.x).toBeGreaterThanOrEqual(outer.x);
  expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width);
  expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height);
}

/** Drags over a range of a timeline that shows a time, a little inside of the range: what is chosen are whole windows. */
export async function dragRange(view: ReplayWindow, shown: Span, { startMs, endMs }: Span): Promise<void> {
  const box = await view.page
    .getByRole('group', { name: /^Timeline/ })
    .locator('canvas')
    .boundingBox();
  if (box === null) throw new Error('the timeline is not on the screen');
  const share = (timeMs: number): number => (timeMs - shown.startMs) / (shown.endMs - shown.startMs);
  const x = (timeMs: number): number => box.x + 12 + share(timeMs) * (box.width - 24);
  await view.page.mouse.move(x(startMs + 4_000), box.y + 50);
  await view.page.mouse.down();
  await view.page.mouse.move(x(endMs - 4_000), box.y + 50, { steps: 5 });
  await view.page.mouse.up();
}

/** Compares the two ranges, from nothing chosen. */
export async function compareRanges(view: ReplayWindow, shown: Span, a: Span, b: Span): Promise<void> {
  await view.startOver();
  await dragRange(view, shown, a);
  await view.page.keyboard.down('Shift');
  await dragRange(view, shown, b);
  await view.page.keyboard.up('Shift');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
}
