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
});
