import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

/**
 * Stands in for the app that Electron's own distribution carries as resources/default_app.asar: it loads the app whose
 * folder is the first argument (`electron [-r MODULE] FOLDER ...`).
 *
 * It is an ES module that ends in a top-level await because Electron holds `ready` back until that has settled: what
 * may only be called before `ready` (privileged schemes, switching hardware acceleration off) then still can be.
 */
const require = createRequire(import.meta.url);

/** Modules to load first (test drivers hook in there), and where the app is. */
const preloads = [];
let folder;
for (let index = 1; index < process.argv.length && folder === undefined; index += 1) {
  const argument = process.argv[index];
  if (argument === '-r' || argument === '--require') preloads.push(process.argv[(index += 1)]);
  else if (!argument.startsWith('-')) folder = resolve(argument);
}

Object.defineProperty(process, 'defaultApp', { value: true, configurable: false, enumerable: true });

try {
  if (folder === undefined) throw new Error('usage: electron FOLDER');
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  app.setName(manifest.productName ?? manifest.name);
  app.setVersion(manifest.version);
  app.setAppPath(folder);
  for (const preload of preloads) require(resolve(preload));
  await import(pathToFileURL(require.resolve(folder)).href);
} catch (error) {
  console.error(error);
  app.exit(1);
}
