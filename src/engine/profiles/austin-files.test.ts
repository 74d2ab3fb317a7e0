import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callTreeOf } from '../../core/profile/call-tree.js';
import { stringBytes } from '../../core/profile/strings.js';
import { decodeInTypeScript, decodeText } from './decode.js';

const testdata = join(import.meta.dirname, '../../core/formats/testdata');

/** Bytes by which resident memory grew below a function. */
async function grownIn(file: string, wanted: string): Promise<number> {
  const decoded = await decodeInTypeScript(await readFile(join(testdata, file)), 'the test wants it');
  if (!decoded.ok) throw new Error(decoded.failure.message);
  const { profile, nodes, format, warnings } = decoded.value;
  expect([format, warnings, profile.sampleTypes[0]?.type]).toEqual(['Austin', [], 'rss_growth']);
  const tree = callTreeOf(profile, nodes, 0);
  let sum = 0;
  for (let node = 1; node < tree.nodeCount; node++) {
    const name = profile.functions.name[tree.functionIndex[node] ?? 0] ?? 0;
    if (decodeText(stringBytes(profile.strings, name)) === wanted) sum += tree.total[node] ?? 0;
  }
  return sum;
}

// Written from austin-memory.py, which keeps 20 blocks of 8 MB, by Austin 3.7.0 ("austin -m -i 5ms", and with -b) and by Austin 4.0.0
// ("-i 2ms"), which writes MOJO only: that on a crowded machine, where growth is seen late and lies on whatever runs then.
it.each([
  ['austin-memory.mojo.gz', 150e6, 10e6],
  ['austin-memory.austin.gz', 150e6, 10e6],
  ['austin-4-memory.mojo.gz', 130e6, 30e6],
])('%s names who took memory', async (file, least, elsewhere) => {
  const kept = await grownIn(file, 'keep_blocks');
  expect(kept).toBeGreaterThan(least);
  expect(kept).toBeLessThan(200e6);
  expect(await grownIn(file, 'idle_away')).toBeLessThan(elsewhere);
});
