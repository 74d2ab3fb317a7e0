import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

/** What Grafana's package needs and all of Grafana would bring. */
const replaced = [
  { find: '@grafana/assistant', replacement: join(import.meta.dirname, 'grafana/no-assistant.mjs') },
  { find: /^react-custom-scrollbars-2$/, replacement: join(import.meta.dirname, 'grafana/scrollbars.mjs') },
];

/** Bundles a peer's page, `index.html` and its script, into a folder as one classic script: a page of a file may load no modules. Answers the page's path. */
export async function bundlePage(peer: string, entry: string, folder: string): Promise<string> {
  const source = join(import.meta.dirname, peer);
  await build({
    configFile: false,
    root: source,
    logLevel: 'error',
    resolve: { alias: replaced },
    define: { 'process.env.NODE_ENV': JSON.stringify('production') },
    build: {
      outDir: folder,
      emptyOutDir: true,
      lib: { entry, formats: ['iife'], name: 'page', fileName: () => 'page.js', cssFileName: 'page' },
    },
  });
  copyFileSync(join(source, 'index.html'), join(folder, 'index.html'));
  return join(folder, 'index.html');
}
