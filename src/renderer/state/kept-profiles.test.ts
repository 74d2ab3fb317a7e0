import { describe, expect, it } from 'vitest';
import { cpuProfileType, type Selection } from '../../contract/selection.js';
import type { TargetState } from '../../contract/target.js';
import { inventStatus } from '../testing/fake-links.js';
import { testContext } from '../testing/test-context.js';
import type { Context } from './context.js';
import { KeptProfiles } from './kept-profiles.js';

let nowMs = 1_000_000_000;

function start(): { readonly kept: KeptProfiles; readonly gone: string[]; readonly context: Context } {
  nowMs = 1_000_000_000;
  const gone: string[] = [];
  const context: Context = {
    ...testContext(),
    clock: () => nowMs,
    links: {
      ...testContext().links,
      call: (name, params) => {
        if (name === 'profile.release' && 'profileId' in params) gone.push(params.profileId);
        return new Promise(() => undefined);
      },
    },
  };
  return { kept: new KeptProfiles(context), gone, context };
}

function endingAt(endMs: number): Selection {
  return {
    ...{ targetId: 'one', source: 'pyroscope', profileType: cpuProfileType, selector: '{}' },
    ...{ startMs: endMs - 60_000, endMs },
  };
}

const profileOf = (profileId: string, byteLength = 1000) => ({ profileId, byteLength, title: profileId });

describe('profiles that stay after their view', () => {
  it('are taken again, and not let go while a view has them', () => {
    const { kept, gone } = start();
    const range = endingAt(nowMs - 100_000);
    expect(kept.take(range)).toBeUndefined();
    const profile = profileOf('a');
    kept.add(range, profile);
    expect(kept.take(range)).toBe(profile);
    kept.release('a');
    kept.release('a');
    expect(gone).toEqual([]);
    expect(kept.take({ ...range })).toBe(profile);
    expect(kept.take({ ...range, selector: '{a="1"}' })).toBeUndefined();
  });

  it('are of ranges that are over, and not for long', () => {
    const { kept, gone } = start();
    const newest = endingAt(nowMs);
    kept.add(newest, profileOf('a'));
    expect(kept.take(newest)).toBeUndefined();
    kept.release('a');
    expect(gone).toEqual(['a']);
    const range = endingAt(nowMs - 100_000);
    kept.add(range, profileOf('b'));
    kept.release('b');
    nowMs += 301_000;
    expect(kept.take(range)).toBeUndefined();
  });

  it('are few and small, the oldest go first', () => {
    const { kept, gone } = start();
    for (let index = 0; index < 6; index++) {
      kept.add(endingAt(nowMs - 100_000 - index), profileOf(String(index)));
      kept.release(String(index));
    }
    expect(gone).toEqual(['0', '1']);
    kept.add(endingAt(nowMs - 200_000), profileOf('large', 20_000_000));
    kept.release('large');
    expect(gone).toEqual(['0', '1', '2', '3', '4', '5', 'large']);
  });

  it('are those of a target as it is now', () => {
    const { kept, context } = start();
    const targetAt = (address: string): TargetState => ({
      config: { kind: 'docker', id: 'one', name: 'one', address },
      link: { state: 'connected' },
      agent: { state: 'profiling', recording: true, status: inventStatus() },
      pyroscope: { state: 'ok' },
    });
    const range = endingAt(nowMs - 100_000);
    context.store.setState({ targets: [targetAt('tcp://a:2375')] });
    kept.add(range, profileOf('a'));
    expect(kept.take(range)?.profileId).toBe('a');
    context.store.setState({ targets: [targetAt('tcp://b:2375')] });
    expect(kept.take(range)).toBeUndefined();
  });

  it('are forgotten where the source is to be asked again', () => {
    const { kept, gone } = start();
    const [used, idle] = [endingAt(nowMs - 100_000), endingAt(nowMs - 200_000)];
    kept.add(used, profileOf('used'));
    kept.add(idle, profileOf('idle'));
    kept.release('idle');
    kept.forget();
    expect(gone).toEqual(['idle']);
    expect(kept.take(used)).toBeUndefined();
    kept.release('used');
    expect(gone).toEqual(['idle', 'used']);
  });
});
