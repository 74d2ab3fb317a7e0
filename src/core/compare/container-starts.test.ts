import { describe, expect, it } from 'vitest';
import { containerStarts, nothingSeen, withSeenStarts, type ContainerSteps } from './container-starts.js';

const stepMs = 15_000;

/** Steps as a picture: "x" where the container used CPU. */
const seen = (container: string, picture: string, service = 'web'): ContainerSteps => ({
  service,
  container,
  name: `${service}-${container}`,
  stepsMs: Array.from(picture).flatMap((each, index) => (each === 'x' ? [index * stepMs] : [])),
});

const starts = (...containers: readonly ContainerSteps[]): readonly string[] =>
  containerStarts(containers, [], stepMs).map(({ container, atMs }) => `${container} ${atMs / stepMs}`);

describe('starts of containers', () => {
  it('are where one is sampled all the time that was not before', () => {
    expect(starts(seen('a', 'xxxxxxxxxx'), seen('b', '     xxxxx'))).toEqual(['web-b 5']);
    // Of one process and then another one.
    const all = seen('a', 'xxxxxxxxxx');
    expect(starts(all, seen('b', '     xx'), seen('b', '       xx'))).toEqual(['web-b 5']);
    expect(starts(all, seen('c', '      xxxx', 'db'), seen('b', '    xxxx'))).toEqual(['web-b 4', 'db-c 6']);
  });

  it('are not told where it may only have idled, or ended at once', () => {
    const all = seen('z', 'xxxxxxxxxxxx', 'db');
    expect(starts(all, seen('a', '  xxxxxx'))).toEqual([]);
    expect(starts(all, seen('a', '      x  x xx'))).toEqual([]);
    expect(starts(all, seen('a', '      xxx'))).toEqual([]);
    expect(starts(all, seen('', '      xxxx'))).toEqual([]);
    // Nobody was sampled before: there was no agent.
    expect(starts(seen('a', '      xxxx'))).toEqual([]);
    expect(starts(seen('z', 'xxx', 'db'), seen('a', '      xxxx'))).toEqual([]);
    expect(starts()).toEqual([]);
  });

  it('are no news where the service was deployed then', () => {
    const deploy = {
      service: 'web',
      kind: 'deploy',
      oldUntilMs: 5 * stepMs,
      newFromMs: 5 * stepMs,
      from: '',
      to: '',
    } as const;
    const containers = [seen('z', 'xxxxxxxxx'), seen('b', '     xxxx'), seen('c', '     xxxx', 'db')];
    expect(containerStarts(containers, [deploy], stepMs).map(({ service }) => service)).toEqual(['db']);
  });

  it('are as they were seen, and as samples tell where nobody looked', () => {
    const start = (service: string, atStep: number, again = false) => ({
      service,
      container: `${service}-1`,
      atMs: atStep * stepMs,
      again,
    });
    const told = [start('web', 4), start('db', 6), start('web', 12)];
    expect(withSeenStarts(told, nothingSeen, [], stepMs)).toEqual(told);
    // web began before somebody looked, idled, and was started again in step 9; db was there for ever when it got busy.
    const seen = { fromMs: 5 * stepMs, starts: [start('web', 2), start('idle', 7), start('web', 9, true)] };
    expect(withSeenStarts(told, seen, [], stepMs)).toEqual(seen.starts);
    expect(withSeenStarts([start('db', 4)], seen, [], stepMs).map(({ service }) => service)).toEqual([
      'web',
      'db',
      'idle',
      'web',
    ]);
  });

  it('are no news where they were seen and the service was restarted then', () => {
    const restart = {
      service: 'web',
      kind: 'restart',
      oldUntilMs: 5 * stepMs,
      newFromMs: 9 * stepMs,
      from: '',
      to: '',
    } as const;
    const start = (service: string, atMs: number) => ({ service, container: `${service}-1`, atMs, again: true });
    const seen = {
      fromMs: 0,
      starts: [start('web', 6.2 * stepMs), start('db', 6.3 * stepMs), start('web', 20 * stepMs)],
    };
    expect(withSeenStarts([], seen, [restart], stepMs)).toEqual(seen.starts.slice(1));
  });
});
