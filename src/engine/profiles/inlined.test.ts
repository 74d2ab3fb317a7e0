import { expect, it } from 'vitest';
import { createProfileBuilder } from '../../core/profile/builder.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import { toBytes } from '../../core/profile/testing/pictures.js';
import { decodeText } from './decode.js';
import { typeScriptDecoder } from './decoder.js';
import { differenceOf } from './difference.js';
import { testSpool } from './testing/spool.js';

const period = 10_000_000;

/** main calls handle, which calls hash: by itself, or as a compiler put it into handle, at another address and line. */
function profile(inlined: boolean): Uint8Array {
  const builder = createProfileBuilder(1);
  const named = (name: string): number =>
    builder.function({ name: builder.string(toBytes(name)), systemName: 0, file: 0, library: 0, startLine: 0 });
  const [main, handle, hash] = [named('main'), named('handle'), named('hash')];
  const location = (address: bigint, ...lines: readonly (readonly [number, number])[]): number => {
    const made = builder.location(0, address);
    for (const [callee, line] of lines) builder.line(callee, line);
    return made;
  };
  let top = builder.stack(0, location(1n, [main, 3]));
  if (inlined) top = builder.stack(top, location(70n, [handle, 12], [hash, 41]));
  else top = builder.stack(builder.stack(top, location(7n, [handle, 9])), location(9n, [hash, 40]));
  builder.sample(top, [100 * period]);
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  const made = builder.freeze({
    sampleTypes: [cpu],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs: 15e9,
    period,
    periodType: cpu,
    comments: [],
  });
  return writePprof(made, decodeText);
}

it('a function that was put into its caller is the same one, at whatever address and line', async () => {
  const spool = testSpool(typeScriptDecoder('the test wants it'));
  try {
    spool.put('a', profile(false));
    spool.put('b', profile(true));
    const source = {
      kind: 'diff',
      baselineId: 'a',
      comparisonId: 'b',
      valueIndex: 0,
      scale: { by: 'absolute' },
    } as const;
    const none = { parts: [], windowCount: 0 };
    const found = await differenceOf(spool.store, source, [none, none], new AbortController().signal);
    if (!found.ok) throw new Error(found.failure.message);
    expect(found.value.functions.map(({ name, before, after }) => [name, after - before]).sort()).toEqual([
      ['handle', 0],
      ['hash', 0],
      ['main', 0],
    ]);
  } finally {
    spool.dispose();
  }
});
