import { describe, expect, it } from 'vitest';
import { agreesToCost } from './cost-question.js';

const cost = { windows: 120, requests: 80, windowMs: 15_000 };

function terminal(answer: string | undefined, isThere = true) {
  const said: string[] = [];
  return {
    said,
    isThere,
    say: (text: string) => said.push(text.replaceAll('\u00a0', ' ')),
    ask: (question: string) => {
      said.push(question);
      return Promise.resolve(answer);
    },
  };
}

describe('the cost of windows', () => {
  it('is said before anything is asked for, and agreed to by yes alone', async () => {
    for (const [answer, agrees] of [
      ['yes', true],
      [' Yes ', true],
      ['no', false],
      ['', false],
      [undefined, false],
    ] as const) {
      const at = terminal(answer);
      expect(await agreesToCost(cost, 'compare without them', at), String(answer)).toBe(agrees);
      expect(at.said).toEqual([
        'To tell changes from chance Pyroscope has to be asked for 80 slices of 15 s (40 are here already), four at once.\n',
        'Type yes to go on; anything else: compare without them. ',
      ]);
    }
  });

  it('is said where nobody can be asked, and nothing is said where it costs nothing', async () => {
    const log = terminal(undefined, false);
    expect(await agreesToCost({ ...cost, requests: 1, windows: 1 }, '', log)).toBe(true);
    expect(log.said).toEqual([
      'To tell changes from chance Pyroscope has to be asked for 1 slice of 15 s, four at once.\n',
    ]);
    const free = terminal(undefined);
    expect(await agreesToCost({ ...cost, requests: 0 }, '', free)).toBe(true);
    expect(free.said).toEqual([]);
  });
});
