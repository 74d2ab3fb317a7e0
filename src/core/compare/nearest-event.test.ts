import { expect, it } from 'vitest';
import { eventWords, nearestEvent } from './nearest-event.js';
import type { Turnover } from './turnovers.js';

const turnover = (service: string, oldUntilMs: number, newFromMs: number): Turnover => ({
  ...{ service, oldUntilMs, newFromMs },
  ...{ kind: 'deploy' as const, from: 'a', to: 'b' },
});

it('the nearest event is the one that was going on, or the one that is least away', () => {
  const events = [turnover('web', 100, 130), turnover('db', 160, 160)];
  expect(nearestEvent(120, events, 30)?.service).toBe('web');
  expect(nearestEvent(150, events, 30)?.service).toBe('db');
  expect(nearestEvent(300, events, 30)).toBeUndefined();
  expect(nearestEvent(120, [], 30)).toBeUndefined();
  expect(eventWords(turnover('web', 1, 2))).toBe('web was deployed');
  expect(eventWords({ ...turnover('web', 1, 2), kind: 'restart' })).toBe('web restarted');
});
