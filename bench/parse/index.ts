import { gzipSync } from 'node:zlib';
import { Profile as PprofProfile } from 'pprof-format';
import type { CallTree } from '../../src/core/profile/call-tree.js';
import { decodedTree, type ProfileDecoder } from '../../src/engine/profiles/decoder.js';
import { unpackGzip } from '../../src/engine/profiles/gunzip.js';
import { loadDecoder } from '../../src/engine/profiles/native.js';
// The rounds are counted in the scripts, for all benchmarks alike.
import { measureAlternately } from '../../scripts/bench/rounds.mjs';
import { startGoPeer } from './go-peer.js';
import { syntheticPprof } from './synthetic.js';
import { measuredRow, type BenchOptions, type BenchRow } from '../rows.js';

const sizes = [
  ['decode_ms_10k', 10_000],
  ['decode_ms_100k', 100_000],
  ['decode_ms_1m', 1_000_000],
] as const;

/**
 * From compressed bytes in memory to a laid-out flame graph: gunzip, columns, call tree, values, layout. The peers only read: pprof-format
 * into objects, Go's profile.ParseData into structs; neither makes a tree.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const native = loadDecoder();
  note(`ours: ${native.description}`);
  const rows: BenchRow[] = [];
  for (const [id, samples] of sizes) {
    note(`${id}: makes ${samples.toLocaleString('en')} samples`);
    const file = gzipSync(syntheticPprof(samples));
    const go = await startGoPeer(file);
    if (go === undefined) note('go-pprof is missing: go build did not succeed in bench/parse/go-pprof');
    try {
      const times = await measureAlternately(
        {
          ours: () => openWith(native, file),
          'pprof-format': async () => {
            const plain = await unpackGzip(file);
            if (plain.ok) PprofProfile.decode(plain.value);
          },
          ...(go === undefined ? {} : { 'go-pprof': () => go.parse() }),
        },
        { rounds: quick ? 1 : 5 },
      );
      rows.push(measuredRow(id, times, go === undefined ? ['go-pprof'] : []));
    } finally {
      await go?.dispose();
    }
  }
  return rows;
}

async function openWith(decoder: ProfileDecoder, file: Uint8Array): Promise<void> {
  await decoder.layout(await decode(decoder, file));
}

async function decode(decoder: ProfileDecoder, file: Uint8Array): Promise<CallTree> {
  const decoded = await decoder.decode(file);
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decodedTree(decoder, decoded.value.profile, decoded.value.nodes, 1);
}
