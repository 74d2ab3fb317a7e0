import { describe, expect, it } from 'vitest';
import { parseSession, sessionOf } from './session.js';
import { initialState } from './store.js';

const document = {
  kind: 'profiles' as const,
  documentId: 'w1-1',
  origin: 'file' as const,
  title: 'x.pb.gz',
  notes: '',
  profiles: [{ profileId: 'w1-1', byteLength: 3, title: 'x.pb.gz' }],
};
const state = {
  ...initialState(1_000_000),
  targetId: 'web-1',
  selector: '{service_name="revel_web"}',
  serviceName: 'revel_web',
  range: { startMs: 1, endMs: 2 },
  live: false,
  tab: 'table' as const,
  split: { other: 'flame' as const, focus: 'right' as const },
  splitShare: 0.3,
  search: 'json',
  zoomPath: ['a', 'b'],
  document,
  documents: [{ ...document, documentId: 'w1-0' }, document],
  keptViews: {
    'w1-0': {
      baseline: null,
      valueIndex: 1,
      operations: [{ kind: 'invert' as const }],
      timeOrder: null,
      zoomPath: ['main'],
      selectedPath: [],
    },
  },
};

describe('the session', () => {
  it('comes back as it was', () => {
    const session = parseSession(sessionOf(state));
    expect(session).toMatchObject({
      targetId: 'web-1',
      selector: '{service_name="revel_web"}',
      range: { startMs: 1, endMs: 2 },
      live: false,
      tab: 'table',
      split: { other: 'flame', focus: 'right' },
      splitShare: 0.3,
      search: 'json',
      zoomPath: ['a', 'b'],
      document,
      documents: state.documents,
      keptViews: state.keptViews,
    });
    expect(session).not.toHaveProperty('documentId');
    expect(session).not.toHaveProperty('version');
    expect(session).not.toHaveProperty('targets');
  });

  it('shows no view twice', () => {
    expect(parseSession(sessionOf({ ...state, tab: 'flame' }))?.split).toBeNull();
  });

  it.each([null, '', '{', '[]', '{"version":2}', '{"version":1}'])('begins afresh from %j', (text) => {
    expect(parseSession(text)).toBeNull();
  });

  it('keeps the beginning of a path that is deeper than any other', () => {
    const zoomPath = Array.from({ length: 5000 }, (_, index) => `f${index}`);
    expect(parseSession(sessionOf({ ...state, zoomPath }))?.zoomPath).toEqual(zoomPath.slice(0, 4096));
  });

  it('leaves out paths that would make it too long', () => {
    const zoomPath = Array.from({ length: 3000 }, (_, index) => `${'long'.repeat(40)}${index}`);
    const text = sessionOf({ ...state, zoomPath });
    expect(text.length).toBeLessThan(262_144);
    expect(parseSession(text)?.zoomPath).toEqual([]);
  });
});
