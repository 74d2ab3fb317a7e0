import { fromBinary } from '@bufbuild/protobuf';
import type { Seen, SeenFrame } from '../../core/compare/agreement.js';
import { ProfileSchema, type Location, type Sample } from '../gen/google/v1/profile_pb.js';

/** A part of a recording, Unix nanoseconds. */
export interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** From Python 3.12 on the interpreter has a frame of its own where C enters it; py-spy leaves it out. */
const trampoline = '<interpreter trampoline>';
/** What the agent calls the mapping of Python frames. */
const pythonMapping = '[python]';

/** The Python code in a recording with the time of each sample, within a span. */
export function seenByAgent(bytes: Uint8Array, { fromNs, toNs }: Span): Seen {
  const profile = fromBinary(ProfileSchema, bytes);
  const text = (index: bigint): string => profile.stringTable[Number(index)] ?? '';
  const python = new Set(
    profile.mapping.filter(({ filename }) => text(filename) === pythonMapping).map(({ id }) => id),
  );
  const functions = new Map(profile.function.map((each) => [each.id, each]));
  const framesOf = ({ line }: Location): readonly SeenFrame[] =>
    line.map((at) => {
      const callee = functions.get(at.functionId);
      return { name: text(callee?.name ?? 0n), file: text(callee?.filename ?? 0n), line: Number(at.line) };
    });
  const named = (location: Location): readonly SeenFrame[] =>
    framesOf(location).filter(({ name }) => name !== trampoline);
  const frames = new Map(
    profile.location.filter(({ mappingId }) => python.has(mappingId)).map((each) => [each.id, named(each)]),
  );
  const key = (name: string): bigint => BigInt(profile.stringTable.indexOf(name));
  const [timeKey, threadKey] = [key('end_timestamp_ns'), key('tid')];
  const number = ({ label }: Sample, of: bigint): bigint => label.find((each) => each.key === of)?.num ?? 0n;
  const within = profile.sample.filter((sample) => {
    const at = number(sample, timeKey);
    return at >= fromNs && at < toNs;
  });
  const stacks = new Map<string, { readonly frames: readonly SeenFrame[]; samples: number }>();
  const pythonThreads = new Set<bigint>();
  const withoutByThread = new Map<bigint, number>();
  for (const sample of within) {
    const thread = number(sample, threadKey);
    const own = sample.locationId.filter((id) => (frames.get(id)?.length ?? 0) > 0);
    if (own.length === 0) {
      withoutByThread.set(thread, (withoutByThread.get(thread) ?? 0) + 1);
      continue;
    }
    pythonThreads.add(thread);
    const stackKey = own.join(' ');
    const known = stacks.get(stackKey);
    if (known !== undefined) known.samples++;
    // pprof has the leaf first, and of inlined lines the innermost.
    else stacks.set(stackKey, { frames: own.flatMap((id) => frames.get(id) ?? []).reverse(), samples: 1 });
  }
  const without = [...withoutByThread].reduce(
    (sum, [thread, count]) => sum + (pythonThreads.has(thread) ? count : 0),
    0,
  );
  const periodNs = Number(within[0]?.value[1] ?? profile.period);
  return { stacks: [...stacks.values()], without, coresPerSample: periodNs / Math.max(1, Number(toNs - fromNs)) };
}
