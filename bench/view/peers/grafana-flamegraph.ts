import { query, type OpenViewer } from '../viewer.js';
import { bundlePage } from './bundle.js';
import { openPage } from './shell.js';

/** It counts its own drawings: the panel says nothing of them. */
const drawings = `Number(document.body.dataset.drawings)`;

/** Bundles a page with Grafana's flame graph panel into a folder; answers what opens it there. It zooms by clicks alone and reorders nothing. */
export async function prepareGrafanaFlameGraph(folder: string): Promise<OpenViewer> {
  const index = await bundlePage('grafana', 'page.mjs', folder);
  return async (place) => {
    const window = await openPage(place, index, 'body[data-state="ready"]');
    const { page } = window;
    return {
      window,
      open: (file) => window.timed('drop', ({ drop }) => drop(file, { x: 600, y: 400 }), `${drawings} > 0`),
      search: async () => {
        await page.getByPlaceholder('Search').fill(query.begin);
        // It waits for a pause in typing.
        await page.waitForTimeout(3000);
        const before = await page.evaluate<number>(drawings);
        return window.timed('keydown', ({ press }) => press(query.last), `${drawings} > ${before}`);
      },
    };
  };
}
