import { gzipSync } from 'node:zlib';
import { Profile as PprofProfile } from 'pprof-format';
import { callTreeOf, type CallTree } from '../../src/core/profile/call-tree.js';
import { typeScriptDecoder, type ProfileDecoder } from '../../src/engine/profiles/decoder.js';
import { unpackGzip } from '../../src/engine/profiles/gunzip.js';
import { loadDecoder } from '../../src/engine/profiles/native.js';
// The rounds are counted in the scripts, for all benchmarks alike.
import { measureAlternately, type Measured } from '../../scripts/bench/rounds.mjs';
import { syntheticPprof } from './synthetic.js';

interface BenchRow {
  readonly id: string;
  readonly ours: number;
  readonly unit: 'ms';
  readonly peers: Readonly<Record<string, number | null>>;
  readonly n: number;
  readonly spread: number;
}

/** Compressed bytes to columns and call nodes, and call tree to layout. */
export async function bench({
  quick,
  note,
}: {
  readonly quick: boolean;
  readonly note: (text: string) => void;
}): Promise<readonly BenchRow[]> {
  const native = loadDecoder();
  note(`ours: ${native.description}`);
  const reference = typeScriptDecoder('it is measured');
  const rows: BenchRow[] = [];
  for (const [id, samples] of [
    ['decode_100k', 100_000],
    ['decode_1m', 1_000_000],
  ] as const) {
    note(`${id}: makes ${samples.toLocaleString('en')} samples`);
    const file = gzipSync(syntheticPprof(samples));
    const times = await measureAlternately(
      {
        ours: () => decode(native, file),
        'our TypeScript': () => decode(reference, file),
        'pprof-format': async () => {
          const plain = await unpackGzip(file);
          if (plain.ok) PprofProfile.decode(plain.value);
        },
      },
      { rounds: quick ? 1 : 5 },
    );
    rows.push(rowOf(id, times));
    if (id !== 'decode_1m') continue;
    const tree = await decode(native, file);
    const layouts = await measureAlternately(
      { ours: () => native.layout(tree), 'our TypeScript': () => reference.layout(tree) },
      { rounds: quick ? 1 : 5 },
    );
    rows.push(rowOf('layout_1m', layouts));
  }
  return rows;
}

async function decode(decoder: ProfileDecoder, file: Uint8Array): Promise<CallTree> {
  const decoded = await decoder.decode(file);
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return callTreeOf(decoded.value.profile, decoded.value.nodes, 1);
}

function rowOf(id: string, { ours, ...peers }: Readonly<Record<string, Measured>>): BenchRow {
  if (ours === undefined) throw new Error('nothing was measured');
  return {
    id,
    ours: ours.median,
    unit: 'ms',
    peers: Object.fromEntries(Object.entries(peers).map(([name, { median }]) => [name, median])),
    n: ours.n,
    spread: ours.spread,
  };
}
