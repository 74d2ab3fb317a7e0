import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';

const Index = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What py-spy writes, as far as it is read. */
const File = v.object({
  shared: v.object({
    frames: v.array(
      v.object({
        name: v.string(),
        file: v.nullish(v.string()),
        line: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
      }),
    ),
  }),
  profiles: v.array(
    v.object({
      type: v.literal('sampled'),
      name: v.string(),
      samples: v.array(v.array(Index)),
    }),
  ),
});

/** A Python frame; `line` is where it stood, 0 when unknown. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Samples of one thread with one stack. */
export interface CountedStack {
  readonly pid: number;
  /** The thread's name, else its number. */
  readonly thread: string;
  /** Frame indices, outermost first. */
  readonly frames: readonly number[];
  readonly samples: number;
}

/** A slice as it was read. */
export interface ReadSlice {
  readonly frames: readonly Frame[];
  readonly stacks: readonly CountedStack[];
  /** Command lines by pid, where py-spy told them. Hostile text. */
  readonly commands: ReadonlyMap<number, string>;
}

const processFrame = /^process (\d+):"(.*)"$/s;
const threadFrame = /^thread \(\w+\)(?:: .*)?$/s;
const profileName = /^(?:Process (\d+) )?Thread (\w+) "(.*)"$/s;

/**
 * Reads py-spy's speedscope output. Its samples are one list a thread with equal weights; the process and thread frames
 * that it puts at the root become labels.
 */
export function readSpeedscope(text: string, pidOfRoot: number): Result<ReadSlice> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('bad-profile', 'py-spy did not write a whole profile: try again.', text.slice(0, 1000));
  }
  const parsed = v.safeParse(File, json);
  if (!parsed.success)
    return fail('bad-profile', 'py-spy wrote a profile that is not understood.', text.slice(0, 1000));
  const commands = new Map<number, string>();
  const isLabel: boolean[] = [];
  const frames = parsed.output.shared.frames.map(({ name, file, line }): Frame => {
    const process = (file ?? '') === '' ? processFrame.exec(name) : null;
    if (process !== null) commands.set(Number(process[1]), process[2] ?? '');
    isLabel.push(process !== null || ((file ?? '') === '' && threadFrame.test(name)));
    return { name, file: file ?? '', line: line ?? 0 };
  });
  const stacks: CountedStack[] = [];
  for (const { name, samples } of parsed.output.profiles) {
    const [, pid, threadId = '', threadName = ''] = profileName.exec(name) ?? [];
    const counts = new Map<string, { readonly frames: readonly number[]; samples: number }>();
    for (const sample of samples) {
      if (sample.some((index) => index >= frames.length)) {
        return fail('bad-profile', 'py-spy wrote a profile with frames that are not in it.');
      }
      const stack = sample.filter((index) => isLabel[index] !== true);
      const key = stack.join(' ');
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { frames: stack, samples: 1 });
      else known.samples++;
    }
    for (const counted of counts.values()) {
      stacks.push({
        pid: pid === undefined ? pidOfRoot : Number(pid),
        thread: threadName === '' ? threadId : threadName,
        ...counted,
      });
    }
  }
  return ok({ frames, stacks, commands });
}

/** What py-spy says of a run in words. */
export interface RunWords {
  /** Stacks that could not be read. */
  readonly errors: number;
  /** It said that it could not keep up with the rate. */
  readonly behind: boolean;
}

/** Reads py-spy's last words: "Wrote speedscope file to 'x'. Samples: 96 Errors: 0". */
export function readWords(said: string): RunWords {
  return {
    errors: Number(/Samples: \d+ Errors: (\d+)/.exec(said)?.[1] ?? '0'),
    behind: said.includes('behind in sampling'),
  };
}
