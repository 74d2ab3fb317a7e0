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
 * frame that began last before it, or, where that one changed nothing, the one in which the mark `seen` was set, the first one after
 * `done`, or the last one since the input.
 *
 * Without `seen` what is done within one frame ends with whatever comes next: with the blinking of a caret half a second later.
 */
export function inputToPresented(events: readonly TraceEvent[], begin: string, done: string, seen?: string): number {
  const mark = (name: string): TraceEvent => {
    const found = events.find((event) => event.name === name);
    if (found === undefined) throw new Error(`the trace has no mark ${name}`);
    return found;
  };
  const { ts: doneUs, pid } = mark(done);
  const frames = presentedFrames(events, pid);
  const frameOf = (atUs: number): Frame | undefined =>
    frames.findLast(({ beginUs, presentedUs }) => beginUs <= atUs && presentedUs >= atUs);
  const own = frameOf(doneUs) ?? (seen === undefined ? undefined : frameOf(mark(seen).ts));
  const { ts: inputUs } = mark(begin);
  const next = frames.find(({ beginUs }) => beginUs > doneUs);
  // What was there before the mark, and nothing changed since.
  const frame = own ?? next ?? frames.findLast(({ presentedUs }) => presentedUs > inputUs);
  if (frame === undefined) throw new Error(`the trace has no frame that was presented after ${begin}`);
  return (frame.presentedUs - inputUs) / 1000;
}

/** What was seen of a gesture. */
export interface Smoothness {
  /** Percent of the 16.7 ms slots between its first input and its last frame in which nothing new was presented. */
  readonly missedPercent: number;
  /** Of all its inputs: from when the browser has the event to the frame that shows it. Milliseconds. */
  readonly inputP99Ms: number;
  readonly inputs: number;
}

const gestureInputs = new Set(['MOUSE_WHEEL', 'MOUSE_DRAGGED']);
/**
 * The stage of an event before the browser has it. The DevTools protocol holds each turn of a wheel back until the page has drawn a frame
 * (InputHandler::HandleMouseEvent in content/browser/devtools/protocol/input_handler.cc of Chromium), 20 ms and more that no
 * hand's wheel waits for; a drag's stage takes less than half a millisecond.
 */
const driverStage = 'GenerationToBrowserMain';

/** Judges a gesture that changed the picture in each of its frames. */
export function smoothness(events: readonly TraceEvent[]): Smoothness {
  const latencies: number[] = [];
  const open = new Map<string, number>();
  let firstUs = Infinity;
  let lastUs = 0;
  for (const { name, ph, ts, pid, id2, args } of events) {
    const id = `${pid} ${id2?.local ?? ''}`;
    if (name === driverStage && ph === 'e' && open.has(id)) open.set(id, ts);
    if (name !== 'EventLatency') continue;
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
