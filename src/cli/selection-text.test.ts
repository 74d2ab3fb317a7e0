import { describe, expect, it } from 'vitest';
import { atClock, parseSelection } from './selection-text.js';

describe('a selection on the command line', () => {
  it('names a source, a selector and a range', () => {
    expect(parseSelection('local{service_name="web"}@-30m..-15m')).toEqual({
      ok: true,
      value: {
        source: 'local',
        selector: '{service_name="web"}',
        from: { beforeNowMs: 1_800_000 },
        to: { beforeNowMs: 900_000 },
      },
    });
    expect(parseSelection('deploy@web-1:2222{a="}@{"}@2026-11-29T10:00Z..now')).toMatchObject({
      ok: true,
      value: { source: 'deploy@web-1:2222', selector: '{a="}@{"}', from: { timeMs: 1_795_946_400_000 } },
    });
    expect(parseSelection('https://pyroscope.example:4040/base{}@-2h..-1h')).toMatchObject({
      ok: true,
      value: { source: 'https://pyroscope.example:4040/base', selector: '{}' },
    });
    expect(atClock({ beforeNowMs: 5 }, 100)).toBe(95);
    expect(atClock({ timeMs: 7 }, 100)).toBe(7);
  });

  it('is no path, and says when', () => {
    for (const path of ['before.pb.gz', './local{a="b"}@-1h..now', 'a folder/{}', 'C:\\profiles', 'web@2.pb.gz']) {
      expect(parseSelection(path)).toBeUndefined();
    }
    for (const text of ['local{}', 'local{}@', 'local{}@-1h', 'local{}@yesterday..now', 'local{}@-1h..now..now']) {
      expect(parseSelection(text)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    }
  });
});
