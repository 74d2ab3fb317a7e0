import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const from = (path: string): string => resolve(import.meta.dirname, path);

// One build for all that runs under Node: the main process, the two utility processes and the command line share their
// chunks. Nothing that the command line imports may import Electron; lint holds that.
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rolldownOptions: {
        input: {
          index: from('src/main/index.ts'),
          links: from('src/links/index.ts'),
          decoder: from('src/decoder/index.ts'),
          cli: from('src/cli/index.ts'),
        },
      },
    },
  },
  // A sandboxed preload must be one CommonJS file.
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: from('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: from('src/renderer'),
    plugins: [react()],
    build: {
      outDir: from('out/renderer'),
      // A small font would become a data: address, which the content security policy refuses.
      assetsInlineLimit: 0,
      rolldownOptions: { input: from('src/renderer/index.html') },
    },
  },
});
