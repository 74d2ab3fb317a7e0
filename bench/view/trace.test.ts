import { describe, expect, it } from 'vitest';
import { inputToPresented, smoothness, type TraceEvent } from './trace.js';

const page = 7;

function mark(name: string, ts: number): TraceEvent {
  return { name, ph: 'I', pid: page, ts };
}

function frame(id: string, beginUs: number, presentedUs: number, state = 'STATE_PRESENTED_ALL'): TraceEvent[] {
  const both = { name: 'PipelineReporter', pid: page, id2: { local: id } };
  return [
    { ...both, ph: 'b', ts: beginUs, args: { chrome_frame_reporter: { state } } },
    { ...both, ph: 'e', ts: presentedUs },
  ];
}

describe('input to presented', () => {
  it('ends with the frame in which the mark was set, not with the one before that is still on its way', () => {
    const events = [
      mark('begin', 1000),
      ...frame('a', 10_000, 30_000),
      ...frame('b', 20_000, 45_000),
      mark('done', 25_000),
      ...frame('c', 40_000, 60_000),
    ];
    expect(inputToPresented(events, 'begin', 'done')).toBe(44);
  });

  it('ends with the frame in which it was first seen, where the one of the mark changed nothing', () => {
    const events = [
      mark('begin', 1000),
      ...frame('a', 10_000, 22_000),
      mark('seen', 12_000),
      ...frame('b', 26_000, 27_000, 'STATE_NO_UPDATE_DESIRED'),
      mark('done', 28_000),
      ...frame('caret', 500_000, 520_000),
    ];
    expect(inputToPresented(events, 'begin', 'done', 'seen')).toBe(21);
    expect(inputToPresented(events, 'begin', 'done')).toBe(519);
  });

  it('goes on to the next frame that changed something', () => {
    const events = [
      mark('begin', 1000),
      mark('done', 25_000),
      ...frame('b', 20_000, 26_000, 'STATE_NO_UPDATE_DESIRED'),
      ...frame('c', 40_000, 61_000),
    ];
    expect(inputToPresented(events, 'begin', 'done')).toBe(60);
    expect(() => inputToPresented([mark('begin', 1)], 'begin', 'done')).toThrow('no mark done');
  });

  it('takes what was presented before the mark where nothing came after it, but nothing from before the input', () => {
    const events = [mark('begin', 20_000), ...frame('a', 1000, 10_000), mark('done', 50_000)];
    expect(inputToPresented([...events, ...frame('b', 22_000, 45_000)], 'begin', 'done')).toBe(25);
    expect(() => inputToPresented(events, 'begin', 'done')).toThrow('no frame that was presented after begin');
  });
});

describe('smoothness', () => {
  const input = (id: number, beginUs: number, endUs: number): TraceEvent[] => {
    const both = { name: 'EventLatency', pid: page, id2: { local: String(id) } };
    return [
      { ...both, ph: 'b', ts: beginUs, args: { event_latency: { event_type: 'MOUSE_WHEEL' } } },
      { ...both, ph: 'e', ts: endUs },
    ];
  };
  const shown = (ts: number): TraceEvent => ({ name: 'Display::FrameDisplayed', ph: 'I', pid: 9, ts });

  it('counts the slots between the first and the last frame that have none', () => {
    const slot = 16_667;
    const events = [0, 1, 2, 3].flatMap((at) => input(at, at * slot, (at + 2) * slot));
    const all = [2, 3, 4, 5].map((at) => shown(at * slot));
    expect(smoothness([...events, ...all])).toEqual({ missedPercent: 0, inputP99Ms: 33.334, inputs: 4 });
    expect(smoothness([...events, ...all.filter((_, at) => at !== 1)]).missedPercent).toBe(25);
    expect(() => smoothness(all)).toThrow('no input');
  });

  it('counts an input from when the browser has it', () => {
    const [begin, end] = input(1, 0, 60_000) as [TraceEvent, TraceEvent];
    const stage = { name: 'GenerationToBrowserMain', pid: page, id2: { local: '1' } };
    const held = [begin, { ...stage, ph: 'b', ts: 0 }, { ...stage, ph: 'e', ts: 25_000 }, end];
    expect(smoothness([...held, shown(60_000)]).inputP99Ms).toBe(35);
  });
});
