import type { Page } from 'playwright-core';

/** What a page did while it was watched. Milliseconds. */
export interface FrameReport {
  /** From one frame to the next, in order. */
  readonly deltas: readonly number[];
  /** Tasks of 50 ms and more, by their length. */
  readonly longTasks: readonly number[];
  /** From the beginning to the first frame whose flame graph had nodes; undefined when none had. */
  readonly firstPaint: number | undefined;
  /** To the first frame whose flame graph was whole. */
  readonly ready: number | undefined;
}

const frameMs = 1000 / 60;

/** Watches the frames of the page while something is done. */
export async function watchFrames(page: Page, act: () => Promise<void>): Promise<FrameReport> {
  const recorder = await page.evaluateHandle(() => {
    const deltas: number[] = [];
    const longTasks: number[] = [];
    const begin = performance.now();
    let last = begin;
    let firstPaint: number | undefined;
    let ready: number | undefined;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasks.push(duration);
    });
    observer.observe({ type: 'longtask' });
    let request = 0;
    const tick = (): void => {
      const now = performance.now();
      deltas.push(now - last);
      last = now;
      const { nodes, state } = document.querySelector<HTMLElement>('[aria-label="Flame graph"] canvas')?.dataset ?? {};
      if (Number(nodes) > 1) firstPaint ??= now - begin;
      if (state === 'ready') ready ??= now - begin;
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return {
      stop: () => {
        cancelAnimationFrame(request);
        observer.disconnect();
        return { deltas: deltas.slice(1), longTasks, firstPaint, ready };
      },
    };
  });
  await act();
  const report = await recorder.evaluate((running) => running.stop());
  await recorder.dispose();
  return report;
}

/** Turns the wheel over the flame graph once a frame: `frames` times down by `deltaPx`. */
export async function turnWheel(page: Page, frames: number, deltaPx: number): Promise<void> {
  await page.evaluate(
    ({ count, delta }) =>
      new Promise<void>((resolve) => {
        const canvas = document.querySelector('[aria-label="Flame graph"] canvas');
        let left = count;
        const turn = (): void => {
          canvas?.dispatchEvent(new WheelEvent('wheel', { deltaY: delta, bubbles: true, cancelable: true }));
          if (--left > 0) requestAnimationFrame(turn);
          else resolve();
        };
        requestAnimationFrame(turn);
      }),
    { count: frames, delta: deltaPx },
  );
}

/** A report in a line: frames of a 60 Hz screen are the unit. */
export function inFrames(what: string, report: FrameReport): string {
  const sorted = report.deltas.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / frameMs).toFixed(1);
  const count = (ms: number | undefined): string => (ms === undefined ? '-' : (ms / frameMs).toFixed(0));
  const longest = Math.max(0, ...report.longTasks);
  return [
    `${what}: ${report.deltas.length} frames drawn, median ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)} frames`,
    `${report.longTasks.length} long tasks, longest ${count(longest)}`,
    ...(report.firstPaint === undefined ? [] : [`first paint after ${count(report.firstPaint)}`]),
    ...(report.ready === undefined ? [] : [`whole after ${count(report.ready)}`]),
  ].join('; ');
}
