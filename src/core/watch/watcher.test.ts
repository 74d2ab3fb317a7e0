import { describe, expect, it } from 'vitest';
import { zipfShares } from '../../../bench/certainty/windows.js';
import { makeCourse, verdicts, windowMs } from './testing/course.js';
import { leastLearnt, Watcher } from './watcher.js';

const base = zipfShares();
const looks = 1000;
const hour = 240;
/** From a fifth of all samples down to a thousandth. */
const places = [0, 1, 2, 3, 5, 8, 12, 20, 30, 80];
const weathers = [
  { noise: 0, autocorrelation: 0 },
  { noise: 0.15, autocorrelation: 0 },
  { noise: 0.15, autocorrelation: 0.5 },
  { noise: 0.15, autocorrelation: 0.8 },
];

describe('the watcher', () => {
  it.each(weathers)(
    'is wrong about equal shares in at most 5 of 100 thousand looks: noise $noise, autocorrelation $autocorrelation',
    (weather) => {
      let tries = 0;
      let alarms = 0;
      let missed = 0;
      for (let seed = 1; seed <= 4; seed++) {
        const course = makeCourse(seed * 7919, weather, hour, looks);
        for (const place of places) {
          tries++;
          // The threshold is the share itself, where a false alarm is likeliest.
          const share = base[place] ?? 0;
          const said = verdicts(course.windowsOf(place), { threshold: share, beganMs: hour * windowMs });
          if (said.some(({ state }) => state === 'above')) alarms++;
          if (said.some(({ measured: of }) => of !== undefined && (of.low > share || of.high < share))) missed++;
        }
      }
      expect(alarms / tries).toBeLessThanOrEqual(0.05);
      expect(missed / tries).toBeLessThanOrEqual(0.05);
    },
  );

  it.each(weathers)(
    'finds a function that went from 4.4 to 7.4 %, and that it came back: noise $noise, autocorrelation $autocorrelation',
    (weather) => {
      const place = base.findIndex((share) => share < 0.055);
      const [change, end] = [hour + 200, hour + 700];
      const course = makeCourse(104_729, weather, change, end - change, { place, points: 0.03 });
      const later = makeCourse(3, weather, 400, 0).windowsOf(place);
      const shift = end * windowMs;
      const after = later.map((each) => ({ ...each, startMs: each.startMs + shift, endMs: each.endMs + shift }));
      const question = { threshold: 0.055, beganMs: hour * windowMs };
      const said = verdicts([...course.windowsOf(place), ...after], question);
      const above = said.findIndex(({ state }) => state === 'above');
      expect(above).toBeGreaterThan(200);
      expect(above).toBeLessThan(200 + 250);
      const { sinceMs = 0, measured } = said[above] ?? {};
      expect(Math.abs(sinceMs / windowMs - change)).toBeLessThanOrEqual(100);
      expect(measured?.low).toBeGreaterThan(0.055);
      const back = said.findIndex(({ state }, at) => at > above && state !== 'above');
      expect(back).toBeGreaterThan(700);
      expect(back).toBeLessThan(700 + 350);
      expect(said.at(-1)?.state).toBe('fine');
    },
  );

  it('says nothing wrong of 24 rules in 95 of 100 lists, each of them at its threshold', () => {
    const lists = 6;
    let wrong = 0;
    for (let seed = 1; seed <= lists; seed++) {
      const course = makeCourse(seed * 15_485_863, { noise: 0.15, autocorrelation: 0.5 }, hour, 300);
      const alarmed = Array.from({ length: 24 }, (_, place) => {
        const question = { threshold: base[place] ?? 0, beganMs: hour * windowMs };
        return verdicts(course.windowsOf(place), question, 0.05 / 24).some(({ state }) => state === 'above');
      });
      if (alarmed.includes(true)) wrong++;
    }
    expect(wrong / lists).toBeLessThanOrEqual(0.05);
  });

  it('says nothing before it has learnt, and takes no window twice', () => {
    const windows = makeCourse(1, { noise: 0, autocorrelation: 0 }, leastLearnt + 8, 0).windowsOf(0);
    const watcher = new Watcher({ threshold: 0.5, beganMs: 0 });
    const states = windows.map((window) => {
      watcher.add(window, 0.05);
      watcher.add(window, 0.05);
      return watcher.verdict.state;
    });
    const first = states.findIndex((state) => state !== 'waiting');
    // The first five minutes that begin after what was learnt, and four windows of them.
    expect(first).toBe(leastLearnt + 3);
    expect(states.at(-1)).not.toBe('waiting');
    expect(watcher.verdict.windows).toBe(leastLearnt + 8);
  });

  it('is alarmed by a function that was not there before', () => {
    const gone = makeCourse(2, { noise: 0, autocorrelation: 0 }, hour + 40, 60, { place: 299, points: 0.08 });
    const windows = gone.windowsOf(299).map((each, at) => (at < hour + 40 ? { ...each, count: 0 } : each));
    const said = verdicts(windows, { threshold: 0.02, beganMs: hour * windowMs });
    expect(said[39]?.state).toBe('fine');
    expect(said.at(-1)?.state).toBe('above');
  });

  it('is more careful the more is watched beside it', () => {
    const windows = makeCourse(5, weathers[1] ?? { noise: 0, autocorrelation: 0 }, hour, 200).windowsOf(3);
    const question = { threshold: 0.5, beganMs: hour * windowMs };
    const widthOf = (error: number): number => {
      const { high = 0, low = 0 } = verdicts(windows, question, error).at(-1)?.measured ?? {};
      return high - low;
    };
    expect(widthOf(0.05 / 64)).toBeGreaterThan(widthOf(0.05));
  });
});
