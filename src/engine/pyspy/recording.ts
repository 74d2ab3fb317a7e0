import { gilProfileType, wallProfileType, type PySpyOptions } from '../../contract/pyspy.js';
import type { Failure, Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { timeLimit, type TimeLimit } from '../link/time-limit.js';
import type { SliceKind, Slice } from './arguments.js';
import type { SliceOutput } from './slice-output.js';
import { readSpeedscope, readWords } from './speedscope.js';
import type { NewWindow } from './window.js';

/** The first slice is short: somebody waits for the first flame. */
export const firstSliceSeconds = 2;
export const sliceSeconds = 5;
/** "sparse": so much of each minute. */
export const sparseSliceSeconds = 10;
const sparsePeriodMs = 60_000;
/** Of so many slices one measures the interpreter lock. */
const gilEvery = 4;
/** So many slices in a row may fail before a recording gives up. */
const failuresAllowed = 3;
const retryMs = 1000;

/** A run of py-spy that is prepared and waits for its start. */
export interface PreparedSlice {
  run(signal: AbortSignal): Promise<Result<SliceOutput>>;
  /** Lets it go without a run. */
  discard(): Promise<void>;
}

/** What is recorded: a container, or a process of the host. */
export interface Subject {
  readonly labels: Readonly<Record<string, string>>;
  readonly pid: number;
  prepare(slice: Slice): Promise<Result<PreparedSlice>>;
  /** Called when a run did not end well: mends what it may have left. Answers whether the subject is still there. */
  recover(): Promise<boolean>;
  /** Lets go of what it holds on the target, when nothing more is recorded. */
  dispose?(): void | Promise<void>;
}

export interface SubjectEvents {
  /** A slice begins; it should be stored at `closesAtMs`. */
  onSlice(closesAtMs: number): void;
  /** Keeps a window; a failure ends the recording. */
  onWindow(window: NewWindow, facts: SliceFacts): Promise<Result<unknown>>;
}

export interface RecordingEvents extends SubjectEvents {
  /** One of the subjects cannot be recorded any more; the others go on. */
  onLost(failure: Failure): void;
}

/** What a slice is known by besides its samples. */
export interface SliceFacts {
  readonly samples: number;
  /** Stacks that py-spy could not read. */
  readonly errors: number;
  /** It could not keep up with its rate. */
  readonly behind: boolean;
  readonly cores: number | undefined;
}

/** Slices of a subject, one after the other. */
export interface SlicePlan {
  readonly seconds: number;
  readonly kind: SliceKind;
  /** When it begins, milliseconds after the recording. */
  readonly atMs: number;
}

/** The plan of slice `index`, the first of which is 0. A steady one begins as soon as the one before ended. */
export function planSlice(index: number, options: PySpyOptions): SlicePlan {
  const kind = options.gil && index % gilEvery === gilEvery - 1 ? 'gil' : 'time';
  if (options.pace === 'sparse') return { kind, seconds: sparseSliceSeconds, atMs: index * sparsePeriodMs };
  return { kind, seconds: index === 0 ? firstSliceSeconds : sliceSeconds, atMs: 0 };
}

/** The profile type of a slice's samples. */
export function profileTypeOf(kind: SliceKind, options: PySpyOptions): string {
  if (kind === 'gil') return gilProfileType;
  return options.idle ? wallProfileType : cpuProfileType;
}

/**
 * Records a subject until the signal ends it (then answers undefined) or it cannot go on. While one slice runs the next is
 * prepared, so that little time between them is lost.
 */
export async function recordSubject(
  subject: Subject,
  options: PySpyOptions,
  events: SubjectEvents,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const beganAtMs = Date.now();
  const prepare = (plan: SlicePlan): Promise<Result<PreparedSlice>> =>
    subject.prepare({ pid: subject.pid, seconds: plan.seconds, kind: plan.kind, options });
  let failures = 0;
  let next: Promise<Result<PreparedSlice>> | undefined;
  try {
    for (let index = 0; !signal.aborted; index++) {
      const plan = planSlice(index, options);
      await pause(beganAtMs + plan.atMs - Date.now(), signal);
      if (isAborted(signal)) break;
      events.onSlice(Date.now() + plan.seconds * 1000);
      const prepared = await (next ?? prepare(plan));
      next = undefined;
      const following = planSlice(index + 1, options);
      let failure: Failure | undefined;
      if (prepared.ok) {
        const running = prepared.value.run(signal);
        if (options.pace === 'steady') next = prepare(following);
        const ran = await running;
        const read = ran.ok ? windowOf(ran.value, subject, plan, options) : ran;
        if (read.ok) {
          const kept = await events.onWindow(read.value.window, read.value.facts);
          if (!kept.ok) return kept.failure;
          failures = 0;
        } else failure = read.failure;
      } else failure = prepared.failure;
      if (failure === undefined) continue;
      failures++;
      // Also at the end of a recording: nobody looks at the subject after that.
      const there = await subject.recover();
      if (isAborted(signal)) break;
      if (!there || failures >= failuresAllowed) return failure;
      await pause(retryMs, signal);
    }
    return undefined;
  } finally {
    const left = await next;
    if (left?.ok === true) await left.value.discard();
    await subject.dispose?.();
  }
}

/**
 * Records subjects side by side until the signal ends it or none can go on. Answers the first that failed; of several the
 * sentence says which.
 */
export async function recordSubjects(
  subjects: readonly Subject[],
  options: PySpyOptions,
  events: RecordingEvents,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const failures = await Promise.all(
    subjects.map(async (subject) => {
      const failure = await recordSubject(subject, options, events, signal);
      if (failure === undefined || subjects.length === 1) return failure;
      const named = { ...failure, message: `${subject.labels['service_name'] ?? 'One'}: ${failure.message}` };
      events.onLost(named);
      return named;
    }),
  );
  return failures.find((failure) => failure !== undefined);
}

function windowOf(
  output: SliceOutput,
  subject: Subject,
  plan: SlicePlan,
  options: PySpyOptions,
): Result<{ readonly window: NewWindow; readonly facts: SliceFacts }> {
  const read = readSpeedscope(output.profile, subject.pid);
  if (!read.ok) return read;
  const { frames, stacks } = read.value;
  // Its start and its end take time in which it does not sample; one that was interrupted sampled less.
  const sampledMs = Math.max(1, Math.min(plan.seconds * 1000, output.endedAtMs - output.startedAtMs));
  const window: NewWindow = {
    startMs: output.startedAtMs,
    endMs: output.startedAtMs + sampledMs,
    profileType: profileTypeOf(plan.kind, options),
    periodNs: Math.round(1e9 / options.rateHz),
    labels: subject.labels,
    frames,
    stacks,
  };
  const { errors, behind } = readWords(output.said);
  const samples = stacks.reduce((sum, stack) => sum + stack.samples, 0);
  return { ok: true, value: { window, facts: { samples, errors, behind, cores: output.cores } } };
}

/** Ends with a signal and, where a recording is for a time, when that is over; it counts from when the recording began. */
export function untilOver(
  signal: AbortSignal,
  { forSeconds }: PySpyOptions,
  beganAtMs: number,
): Pick<TimeLimit, 'signal' | 'release'> {
  if (forSeconds === undefined) return { signal, release: () => undefined };
  return timeLimit(Math.max(0, beganAtMs + forSeconds * 1000 - Date.now()), signal);
}

/** Its own function, because it changes while others wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
