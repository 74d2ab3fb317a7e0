import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kindOfFunction, packageOfFunction } from '../../core/flame/packages.js';
import { functionPlaces } from '../../core/flame/view-functions.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import { callTreeOf } from '../../core/profile/call-tree.js';
import { functionTotals } from '../../core/profile/function-totals.js';
import { decodeText, type DecodedProfile } from './decode.js';
import { typeScriptDecoder } from './decoder.js';
import { loadDecoder } from './native.js';

/** Files that Go's runtime/pprof wrote: a CPU profile of 1.2 s of JSON, hashing and sorting, and the heap behind it. */
const folder = fileURLToPath(new URL('../../core/formats/testdata/', import.meta.url));

async function decode(file: string, decoder = loadDecoder()): Promise<DecodedProfile> {
  const decoded = await decoder.decode(await readFile(folder + file));
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decoded.value;
}

describe.each(['go-cpu.pb.gz', 'go-heap.pb.gz'])('%s', (file) => {
  it('is read alike by both decoders', async () => {
    const native = await decode(file);
    const reference = await decode(file, typeScriptDecoder('it is the reference'));
    expect({ ...native, decodedBy: '' }).toEqual({ ...reference, decodedBy: '' });
    expect(native.warnings).toEqual([]);
    // Go labels heap samples with the size of their objects.
    expect(native.profile.labelled.set.length > 0).toBe(file === 'go-heap.pb.gz');
  });

  it('comes back whole after it was written', async () => {
    const { profile, nodes } = await decode(file);
    const again = await loadDecoder().decode(writePprof(profile, decodeText));
    if (!again.ok) throw new Error(again.failure.message);
    expect(again.value.profile.sampleTypes).toEqual(profile.sampleTypes);
    for (let type = 0; type < profile.sampleTypes.length; type++) {
      const [before, after] = [
        callTreeOf(profile, nodes, type),
        callTreeOf(again.value.profile, again.value.nodes, type),
      ];
      expect(after.total).toEqual(before.total);
      expect(after.subtreeEnd).toEqual(before.subtreeEnd);
    }
  });

  it('has the functions that were run, in their packages', async () => {
    const { profile, nodes } = await decode(file);
    const totals = functionTotals(callTreeOf(profile, nodes, profile.defaultValueIndex), profile.functions.name.length);
    const placeOf = functionPlaces(profile, decodeText);
    const main = [...totals.total.keys()].filter((index) => placeOf(index).name.startsWith('main.'));
    expect(main.length).toBeGreaterThan(0);
    for (const index of main) {
      const place = placeOf(index);
      expect([kindOfFunction(place), packageOfFunction(place, 'go')]).toEqual(['go', 'main']);
      expect(totals.total[index]).toBeLessThanOrEqual(totals.total[0] ?? 0);
    }
  });
});
