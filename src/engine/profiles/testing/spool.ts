import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileDecoder } from '../decoder.js';
import { ProfileStore } from '../store.js';

/** A spool folder of a test, and a store over it. */
export interface TestSpool {
  readonly folder: string;
  readonly store: ProfileStore;
  readonly put: (profileId: string, content: string | Uint8Array) => void;
  readonly dispose: () => void;
}

export function testSpool(decoder: ProfileDecoder, memoryBudget = 1e9): TestSpool {
  const folder = mkdtempSync(join(tmpdir(), 'pyrometer-spool-'));
  const store = new ProfileStore({ spoolDir: folder, decoder, memoryBudget });
  return {
    folder,
    store,
    put: (profileId, content) => {
      writeFileSync(join(folder, profileId), content);
    },
    dispose: () => {
      store.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
