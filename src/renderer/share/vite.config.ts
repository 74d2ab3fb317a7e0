import { resolve } from 'node:path';
import { defineConfig } from 'vite';

// The shared page's script and style: one file each, inlined into every page by the engine. Not minified by name:
// d3-flame-graph recognises its own nodes by the name of their class.
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: {
    outDir: resolve(import.meta.dirname, '../../../out/share'),
    emptyOutDir: true,
    minify: false,
    lib: {
      entry: resolve(import.meta.dirname, 'page.ts'),
      formats: ['iife'],
      name: 'pyrometer',
      fileName: () => 'page.js',
      cssFileName: 'page',
    },
  },
});
