import { describe, expect, it } from 'vitest';
import { rangesAround, turnoversOf, type InstanceSteps } from './turnovers.js';

const stepMs = 15_000;

/** Steps as a picture: "x" where the instance used CPU. */
const seen = (instance: string, picture: string, version = '', service = 'web'): InstanceSteps => ({
  service,
  instance,
  version,
  stepsMs: Array.from(picture).flatMap((each, index) => (each === 'x' ? [index * stepMs] : [])),
});

describe('turnovers', () => {
  it('are restarts where every instance is another one, with or without a step that has both', () => {
    const turnover = (oldStep: number, newStep: number) => ({
      service: 'web',
      kind: 'restart',
      oldUntilMs: oldStep * stepMs,
      newFromMs: newStep * stepMs,
      from: '',
      to: '',
    });
    expect(turnoversOf([seen('a', 'xxx'), seen('b', '   xxx')], stepMs)).toEqual([turnover(3, 3)]);
    expect(turnoversOf([seen('a', 'xxx'), seen('b', '  xxxx')], stepMs)).toEqual([turnover(2, 3)]);
    expect(turnoversOf([seen('a', 'xxx'), seen('b', '     xxx')], stepMs)).toEqual([turnover(3, 5)]);
    const workers = [seen('1', 'xxxx'), seen('2', 'x xx'), seen('3', '    xxx'), seen('4', '    x x')];
    expect(turnoversOf(workers, stepMs)).toEqual([turnover(4, 4)]);
  });

  it('are not what goes on all the time, or adds to what is there', () => {
    expect(turnoversOf([seen('a', 'xxxxxx'), seen('b', '   xxx')], stepMs)).toEqual([]);
    const shortLived = Array.from('abcdef', (name, index) => seen(name, `${' '.repeat(index)}x`));
    expect(turnoversOf(shortLived, stepMs)).toEqual([]);
    const replaced = [seen('a', 'xxx'), seen('b', ' xxx'), seen('c', '   xxx'), seen('d', '  xxx')];
    expect(turnoversOf(replaced, stepMs)).toEqual([]);
    expect(turnoversOf([seen('a', 'xx xx  x')], stepMs)).toEqual([]);
    expect(turnoversOf([seen('a', 'xxx'), seen('b', '   xxx', '', 'other')], stepMs)).toEqual([]);
  });

  it('are deploys where the version is another one, rolling or at once', () => {
    const deploy = { service: 'web', kind: 'deploy', from: 'v1', to: 'v2' };
    expect(turnoversOf([seen('a', 'xxx', 'v1'), seen('b', '   xxx', 'v2')], stepMs)).toEqual([
      { ...deploy, oldUntilMs: 3 * stepMs, newFromMs: 3 * stepMs },
    ]);
    const rolling = [
      seen('a', 'xxx', 'v1'),
      seen('b', 'xxxxx', 'v1'),
      seen('c', '  xxxxx', 'v2'),
      seen('d', '     xx', 'v2'),
    ];
    expect(turnoversOf(rolling, stepMs)).toEqual([{ ...deploy, oldUntilMs: 2 * stepMs, newFromMs: 5 * stepMs }]);
    const sideBySide = [seen('a', 'x'.repeat(60), 'v1'), seen('b', ` ${'x'.repeat(60)}`, 'v2')];
    expect(turnoversOf(sideBySide, stepMs)).toEqual([]);
  });

  it('propose ranges of one length that reach no other turnover', () => {
    const all = turnoversOf(
      [seen('a', 'xxxxx', 'v1'), seen('b', '     xxxxxx', 'v2'), seen('c', '           xxxxxxxx', 'v3')],
      stepMs,
    );
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('two deploys');
    const within = { startMs: stepMs, endMs: 100 * stepMs };
    expect(rangesAround(first, all, within, stepMs)).toEqual({
      before: { startMs: stepMs, endMs: 5 * stepMs },
      after: { startMs: 5 * stepMs, endMs: 9 * stepMs },
    });
    expect(rangesAround(second, all, within, stepMs)).toEqual({
      before: { startMs: 5 * stepMs, endMs: 11 * stepMs },
      after: { startMs: 11 * stepMs, endMs: 17 * stepMs },
    });
    expect(rangesAround(second, all, { startMs: 0, endMs: 11 * stepMs }, stepMs)).toBeUndefined();
  });
});
