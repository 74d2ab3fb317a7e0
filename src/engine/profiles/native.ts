import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathsUpwards } from './find-upwards.js';
import { nativeDecoder, type Addon } from './native-decoder.js';
import { typeScriptDecoder, type ProfileDecoder } from './decoder.js';

/** The interface that the addon and this code agree on; another number is another addon. */
const addonVersion = 9;

/**
 * Loads the native decoder, or answers the one in TypeScript, whose description names every path that was tried and why
 * it did not do. `addonDir` is the folder with one folder a platform; without it the app's is looked for.
 */
export function loadDecoder(addonDir?: string): ProfileDecoder {
  const file = join(`${process.platform}-${process.arch}`, 'pyrometer.node');
  const paths =
    addonDir === undefined ? pathsUpwards(import.meta.dirname, join('build', 'native', file)) : [join(addonDir, file)];
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of paths) {
    try {
      const loaded: unknown = require(path);
      if (isAddon(loaded)) return nativeDecoder(loaded, path);
      tried.push(`${path}: made for another version of Pyrometer`);
    } catch (error) {
      tried.push(`${path}: ${reasonOf(error)}`);
    }
  }
  return typeScriptDecoder(`the addon did not load (tried ${tried.join('; ')})`);
}

function isAddon(loaded: unknown): loaded is Addon {
  return typeof loaded === 'object' && loaded !== null && 'version' in loaded && loaded.version === addonVersion;
}

/** The first line of what was said: Node adds the stack of requiring modules. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'MODULE_NOT_FOUND') return 'not there';
  return error.message.split('\n', 1)[0] ?? '';
}
