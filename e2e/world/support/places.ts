import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The project's own folder. */
export const repositoryFolder = resolve(import.meta.dirname, '../../..');

/** Where tests keep what is dear to make and may be made again: images, the Pyroscope binary. Keys are contents. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pyrometer', 'e2e');
}

/** Screenshots, logs and traces of a test run. */
export const resultsFolder = join(repositoryFolder, 'test-results');
