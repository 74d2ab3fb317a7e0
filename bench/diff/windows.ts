import { create, toBinary } from '@bufbuild/protobuf';
import { WindowSetSchema } from '../../src/engine/gen/agent/v1/agent_pb.js';
import { poisson, randomFrom } from '../certainty/windows.js';
import { encodePprof, seededRandom } from '../parse/synthetic.js';
import { programTree } from '../view/profiles.js';

const windowMs = 15_000;
/** One core for 15 s at 97 Hz. */
const samplesAWindow = 1455;
const periodNs = 10_309_278;

/** Windows of a service as an agent sends them: a table of stacks with Zipf shares, and what of it each window had. */
export function windowsOf(
  stackCount: number,
  windowCount: number,
  seed: number,
): { readonly profile: Uint8Array; readonly bytes: Uint8Array } {
  const profile = encodePprof(programTree(stackCount, seededRandom(97)), seededRandom(seed));
  const random = randomFrom(seed);
  const weights = Float64Array.from({ length: stackCount }, (_, stack) => 1 / (1 + stack) ** 0.8);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const windows = Array.from({ length: windowCount }, (_, index) => {
    const counts = Array.from(weights, (weight) => poisson((samplesAWindow * weight) / sum, random));
    const stack = counts.flatMap((count, at) => (count > 0 ? [at] : []));
    return {
      start: BigInt(index * windowMs),
      end: BigInt((index + 1) * windowMs),
      stack,
      value: stack.map((at) => BigInt((counts[at] ?? 0) * periodNs)),
      period: BigInt(periodNs),
    };
  });
  return { profile, bytes: toBinary(WindowSetSchema, create(WindowSetSchema, { windows, profile })) };
}
