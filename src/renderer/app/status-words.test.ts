import { describe, expect, it } from 'vitest';
import type { TargetState } from '../../contract/target.js';
import { inventStatus } from '../testing/fake-links.js';
import { lostOf, statusItems, windowSecondsLeft } from './status-words.js';

const now = 1_000_000;
const target: TargetState = {
  config: {
    kind: 'local',
    id: 'local',
    name: 'This computer',
    pyroscope: { url: 'http://localhost:4040', reach: 'direct', push: true },
  },
  link: { state: 'connected' },
  agent: { state: 'profiling', recording: true, status: inventStatus({ windowClosesAtMs: now + 5400 }) },
  pyroscope: { state: 'ok' },
};

function words(state: TargetState): string[] {
  return statusItems(state, now).map(({ before, value, after }) =>
    `${before} ${value}${after}`.trim().replaceAll('\u00a0', ' '),
  );
}

describe('the status bar', () => {
  it('says link, agent, rate, window, losses and Pyroscope', () => {
    expect(words(target)).toEqual([
      'This computer connected',
      'agent 0.4 % of 8 cores, 64.0 MB',
      '97 Hz',
      'window 6 s left',
      'lost 0',
      '1,206 windows only on the agent',
      '4,810 series forecast',
      'Pyroscope in step',
    ]);
  });

  it('says what is profiled where that is not everything, and how long a burst goes on', () => {
    const status = inventStatus({
      windowClosesAtMs: now + 5400,
      sampleRateHz: 997,
      burst: { endsAtMs: now + 42_000, returnsToHz: 97 },
      choice: { containerIds: ['a'.repeat(64)], pids: [7, 8], services: [] },
    });
    const state = { ...target, agent: { ...target.agent, status } };
    expect(words(state)).toContain('997 Hz for 42 s more');
    expect(words(state)).toContain('only 1 container and 2 processes');
    expect(statusItems(state, now).find(({ key }) => key === 'rate')?.title).toContain('returns to 97 Hz by itself');
  });

  it('says that the budget lowers the rate, and what the agent costs', () => {
    const budget = {
      machinePercent: 1,
      memoryBytes: 256e6,
      meanMachinePercent: 1.4,
      meanMemoryBytes: 150e6,
      wantedRateHz: 97,
      bpfMapBytes: 50e6,
      diskBytesPerSecond: 12_000,
      networkBytesPerSecond: 3_000,
    };
    const stateOf = (sampleRateHz: number): TargetState => ({
      ...target,
      agent: { ...target.agent, status: inventStatus({ windowClosesAtMs: now + 5400, sampleRateHz, budget }) },
    });
    const [, agent, rate] = statusItems(stateOf(49), now);
    expect(words(stateOf(49))).toContain('49 Hz instead of 97');
    expect(rate?.tone).toBe('warn');
    expect(rate?.title).toContain('--max-cpu');
    expect(agent?.title?.replaceAll('\u00a0', ' ').split('\n').slice(1)).toEqual([
      'BPF maps 50.0 MB, disk 12.0 kB/s, network 3.00 kB/s',
      'last minute: 1.4 % of the machine, 150 MB with BPF maps',
      'it may cost 1.0 % of the machine and 256 MB',
    ]);
    expect(words(stateOf(97))).toContain('97 Hz');
  });

  it('says where SDKs may push', () => {
    const status = inventStatus({ ingestAddress: '127.0.0.1:4041' });
    expect(words({ ...target, agent: { ...target.agent, status } })).toContain('takes pushes at 127.0.0.1:4041');
  });

  it('says who learns build-ids', () => {
    const status = inventStatus({ debuginfod: ['https://debug.example'] });
    expect(words({ ...target, agent: { ...target.agent, status } })).toContain(
      'debug files from https://debug.example',
    );
  });

  it('warns of losses, of a late window and of a Pyroscope that does not answer', () => {
    const status = inventStatus({
      windowClosesAtMs: now - 60_000,
      counters: [
        { name: 'samples', value: 100 },
        { name: 'samples_lost', value: 3 },
        { name: 'RingLostBytes', value: 4 },
      ],
    });
    const items = statusItems(
      { ...target, agent: { ...target.agent, status }, pyroscope: { state: 'failed', message: 'HTTP 502' } },
      now,
    );
    expect(items.map(({ key, value, tone }) => [key, value, tone])).toEqual(
      expect.arrayContaining([
        ['window', 'late', 'warn'],
        ['lost', '7', 'warn'],
        ['pyroscope', 'does not answer', 'danger'],
      ]),
    );
  });

  it('counts every loss, whatever its name', () => {
    expect(lostOf([])).toBe(0);
    expect(windowSecondsLeft(now + 1, now)).toBe(1);
    expect(windowSecondsLeft(now - 1000, now)).toBe(0);
    expect(windowSecondsLeft(now - 9000, now)).toBeUndefined();
  });
});
