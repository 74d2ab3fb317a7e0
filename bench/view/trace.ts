import type { CDPSession } from 'playwright-core';

/** An event of Chromium's trace; `ts` in microseconds of one clock for all processes. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly ts: number;
  readonly id2?: { readonly local?: string };
  readonly args?: {
    readonly chrome_frame_reporter?: { readonly state?: string };
    readonly event_latency?: { readonly event_type?: string };
  };
}

const categories = ['cc', 'benchmark', 'viz', 'input', 'blink.user_timing'];
/** A screen frame at 60 Hz, microseconds. */
const slotUs = 1_000_000 / 60;

/** Records what Chromium traces while something is done. */
export async function recordTrace(session: CDPSession, act: () => Promise<void>): Promise<readonly TraceEvent[]> {
  await session.send('Tracing.start', {
    transferMode: 'ReturnAsStream',
    streamFormat: 'json',
    traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: categories, excludedCategories: ['*'] },
  });
  await act();
  const complete = new Promise<string>((resolve) => {
    session.once('Tracing.tracingComplete', ({ stream }) => {
      resolve(stream ?? '');
    });
  });
  await session.send('Tracing.end');
  return readTrace(session, await complete);
}

async function readTrace(session: CDPSession, handle: string): Promise<readonly TraceEvent[]> {
  const chunks: Buffer[] = [];
  for (let done = false; !done;) {
    const { data, base64Encoded, eof } = await session.send('IO.read', { handle, size: 1 << 20 });
    chunks.push(Buffer.from(data, base64Encoded === true ? 'base64' : 'utf8'));
    done = eof;
  }
  await session.send('IO.close', { handle });
  return (JSON.parse(Buffer.concat(chunks).toString('utf8')) as { traceEvents: TraceEvent[] }).traceEvents;
}

/** One frame of a page: when its work began and when it was on the screen. */
interface Frame {
  readonly beginUs: number;
  readonly presentedUs: number;
}

/** Frames of a process that were presented, in the order of their beginning. */
function presentedFrames(events: readonly TraceEvent[], pid: number): readonly Frame[] {
  const frames: Frame[] = [];
  const open = new Map<string, number>();
  for (const { name, ph, ts, pid: of, id2, args } of events) {
    if (name !== 'PipelineReporter' || of !== pid) continue;
    const id = id2?.local ?? '';
    if (ph === 'b' && args?.chrome_frame_reporter?.state?.startsWith('STATE_PRESENTED') === true) open.set(id, ts);
    const beginUs = open.get(id);
    if (ph !== 'e' || beginUs === undefined) continue;
    open.delete(id);
    frames.push({ beginUs, presentedUs: ts });
  }
  return frames.sort((a, b) => a.beginUs - b.beginUs);
}

/**
 * Milliseconds from the mark `begin` (the input's own time) to the presentation of the frame in which the mark `done` was set: the
 * frame that began last before it, or, where that one changed nothing, the first one after it.
 */
export function inputToPresented(events: readonly TraceEvent[], begin: string, done: string): number {
  const mark = (name: string): TraceEvent => {
    const found = events.find((event) => event.name === name);
    if (found === undefined) throw new Error(`the trace has no mark ${name}`);
    return found;
  };
  const { ts: doneUs, pid } = mark(done);
  const frames = presentedFrames(events, pid);
  const own = frames.findLast(({ beginUs, presentedUs }) => beginUs <= doneUs && presentedUs >= doneUs);
  const frame = own ?? frames.find(({ beginUs }) => beginUs > doneUs) ?? frames.at(-1);
  if (frame === undefined) throw new Error('the trace has no presented frame');
  return (frame.presentedUs - mark(begin).ts) / 1000;
}

/** What was seen of a gesture. */
export interface Smoothness {
  /** Percent of the 16.7 ms slots between its first input and its last frame in which nothing new was presented. */
  readonly missedPercent: number;
  /** Of all its inputs: from the event to the frame that shows it. Milliseconds. */
  readonly inputP99Ms: number;
  readonly inputs: number;
}

const gestureInputs = new Set(['MOUSE_WHEEL', 'MOUSE_DRAGGED']);

/** Judges a gesture that changed the picture in each of its frames. */
export function smoothness(events: readonly TraceEvent[]): Smoothness {
  const latencies: number[] = [];
  const open = new Map<string, number>();
  let firstUs = Infinity;
  let lastUs = 0;
  for (const { name, ph, ts, pid, id2, args } of events) {
    if (name !== 'EventLatency') continue;
    const id = `${pid} ${id2?.local ?? ''}`;
    if (ph === 'b' && gestureInputs.has(args?.event_latency?.event_type ?? '')) {
      open.set(id, ts);
      firstUs = Math.min(firstUs, ts);
    }
    const beginUs = open.get(id);
    if (ph !== 'e' || beginUs === undefined) continue;
    open.delete(id);
    latencies.push((ts - beginUs) / 1000);
    lastUs = Math.max(lastUs, ts);
  }
  if (latencies.length === 0) throw new Error('the trace has no input of the gesture');
  const displayed = events.filter(
    ({ name, ts }) => name === 'Display::FrameDisplayed' && ts > firstUs && ts <= lastUs + slotUs / 2,
  );
  // What came before its first frame is latency, not a missed slot: slots are counted from that frame on. No slot can have two.
  const beginUs = displayed.reduce((least, { ts }) => Math.min(least, ts), lastUs);
  const slots = Math.max(1, Math.round((lastUs - beginUs) / slotUs) + 1);
  latencies.sort((a, b) => a - b);
  return {
    missedPercent: (100 * Math.max(0, slots - displayed.length)) / slots,
    inputP99Ms: latencies[Math.min(latencies.length - 1, Math.floor(0.99 * latencies.length))] ?? NaN,
    inputs: latencies.length,
  };
}
