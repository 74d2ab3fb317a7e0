import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { query, type OpenViewer } from '../viewer.js';
import { openBenchWindow } from '../window.js';

const shell = join(import.meta.dirname, '../shell');

/** Bundles the page of d3-flame-graph into a folder; answers what opens it there. It can neither pan nor reorder stacks. */
export async function prepareD3FlameGraph(folder: string): Promise<OpenViewer> {
  const source = join(import.meta.dirname, 'd3');
  // One classic script: a page of a file may load no modules.
  await build({
    configFile: false,
    root: source,
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: true,
      lib: { entry: 'page.ts', formats: ['iife'], name: 'page', fileName: () => 'page.js', cssFileName: 'page' },
    },
  });
  copyFileSync(join(source, 'index.html'), join(folder, 'index.html'));
  return async ({ display, home, scale }) => {
    const window = await openBenchWindow({
      app: shell,
      args: [join(folder, 'index.html')],
      display,
      home,
      scale,
      usable: (page) => page.locator('#search').waitFor(),
    });
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
