// Runs a TypeScript module under plain Node 20, which cannot by itself.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

/** The exports of a TypeScript module. Its imports are resolved as in tests. */
export async function load(url) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const { module } = await runnerImport(fileURLToPath(url), { configFile: false, root, logLevel: 'error' });
  return module;
}
