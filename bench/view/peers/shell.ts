import { join } from 'node:path';
import type { ViewerPlace } from '../viewer.js';
import { openBenchWindow, type BenchWindow } from '../window.js';

/** Opens a peer's page in a window as large as ours; `usable` is the selector of what is there once a person could use it. */
export function openPage({ display, home, scale }: ViewerPlace, page: string, usable: string): Promise<BenchWindow> {
  return openBenchWindow({
    app: join(import.meta.dirname, '../shell'),
    args: [page],
    display,
    home,
    scale,
    usable: (shown) => shown.locator(usable).first().waitFor(),
  });
}
