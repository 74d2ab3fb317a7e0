import { query, type OpenViewer } from '../viewer.js';
import { bundlePage } from './bundle.js';
import { openPage } from './shell.js';

/** Bundles the page of d3-flame-graph into a folder; answers what opens it there. It can neither pan nor reorder stacks. */
export async function prepareD3FlameGraph(folder: string): Promise<OpenViewer> {
  const index = await bundlePage('d3', 'page.ts', folder);
  return async (place) => {
    const window = await openPage(place, index, '#search');
    const { page } = window;
    return {
      window,
      open: (file) =>
        window.timed(
          'drop',
          ({ drop }) => drop(file, { x: 600, y: 400 }),
          `document.querySelector('#graph').dataset.state === 'ready'`,
        ),
      search: async () => {
        await page.locator('#search').fill(query.begin);
        return window.timed(
          'keydown',
          ({ press }) => press(query.last),
          `document.querySelector('#search').dataset.found.endsWith('${query.last}')`,
        );
      },
    };
  };
}
