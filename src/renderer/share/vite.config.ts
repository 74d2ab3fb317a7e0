import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** A shared page hands on the packages that it inlines: their licences go with it. */
const licences: Plugin = {
  name: 'licences',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const folders = Object.keys(chunk.modules).flatMap(
        (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
      );
      const texts = [...new Set(folders)].sort().map(licenceOf);
      chunk.code = `/*\n${texts.join('\n\n').replaceAll('*/', '* /')}\n*/\n${chunk.code}`;
    }
  },
};

function licenceOf(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${folder} is inlined into shared pages and has no licence file`);
  return `${folder.replace(/^.*\/node_modules\//, '')}\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
}

// The shared page's script and style: one file each, inlined into every page by the engine. Not minified by name:
// d3-flame-graph recognises its own nodes by the name of their class.
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  plugins: [licences],
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
