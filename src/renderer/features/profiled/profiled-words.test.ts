import { describe, expect, it } from 'vitest';
import { everything, type RunningProcess } from '../../../contract/profiled.js';
import { testStatus } from '../../../contract/testing/agent-status.js';
import { burstLeft, choiceOf, choiceRows, choiceWords, filterRows, keysOf, rateLines } from './profiled-words.js';

const id = (digit: string): string => digit.repeat(64);
const running = (pid: number, executable: string, more: Partial<RunningProcess> = {}): RunningProcess => ({
  pid,
  executable,
  comm: executable.slice(executable.lastIndexOf('/') + 1),
  containerId: '',
  container: '',
  service: '',
  profiled: true,
  ...more,
});

describe('what is profiled', () => {
  it('is said by how much was chosen', () => {
    expect(choiceWords(everything)).toBe('everything');
    expect(choiceWords({ ...everything, containerIds: [id('a')] })).toBe('1 container');
    const several = { containerIds: [id('a'), id('b')], pids: [7], services: [] };
    expect(choiceWords(several)).toBe('2 containers and 1 process');
    expect(choiceWords({ ...several, services: ['web'] })).toBe('1 service, 2 containers and 1 process');
  });

  it('is chosen by keys', () => {
    const choice = { containerIds: [id('a')], pids: [7, 8], services: ['web', 'p9'] };
    expect(choiceOf(keysOf(choice))).toEqual(choice);
  });

  it('lists containers and processes that run, and what was chosen and is gone', () => {
    const web = { containerId: id('a'), container: 'web', service: 'web' };
    const rows = choiceRows(
      [
        running(9, '/usr/sbin/nginx', { service: 'nginx' }),
        running(10, '/usr/bin/python3', { ...web, comm: 'gunicorn' }),
        running(11, '/usr/bin/python3', web),
        running(12, '/bin/sh', { containerId: id('b') }),
        running(2, '', { comm: 'kthreadd', service: 'kernel' }),
        running(13, '/bin/sh', { containerId: 'no id' }),
      ],
      new Set([`c${id('d')}`, 'p7', 'p9', 'sgone']),
    );
    expect(rows.map(({ key, name, note }) => `${key.slice(0, 3)} ${name}: ${note}`)).toEqual([
      'sgo gone: not there now',
      'sng nginx: 1 process',
      'swe web: 1 container, 2 processes',
      'cbb bbbbbbbbbbbb: 1 process',
      'cdd dddddddddddd: not there now',
      'caa web: aaaaaaaaaaaa, 2 processes',
      'p9 nginx: pid 9',
      'p7 pid 7: not there now',
      'p10 python3: pid 10, gunicorn, web',
      'p11 python3: pid 11, web',
      'p12 sh: pid 12',
      'p13 sh: pid 13',
    ]);
    expect(filterRows(rows, ' GUNI ').map(({ key }) => key)).toEqual(['p10']);
  });
});

describe('the rate', () => {
  const now = 1_000_000;

  it('says how long a burst goes on, by the clock of the target', () => {
    const status = {
      ...testStatus,
      clockAheadMs: 0,
      sampleRateHz: 997,
      burst: { endsAtMs: now + 70_500, returnsToHz: 97 },
    };
    expect(burstLeft(status, now)).toBe('1 min 11 s');
    expect(burstLeft({ ...status, clockAheadMs: 60_000 }, now)).toBe('11 s');
    expect(burstLeft(status, now + 100_000)).toBe('0 s');
    expect(rateLines(status, now)).toEqual([
      'Each CPU is looked at 997 times a second for 1 min 11 s more, then 97 times.',
      'A window is 15 s.',
    ]);
  });

  it('says that the budget holds it down', () => {
    const budget = {
      machinePercent: 1,
      memoryBytes: 1,
      meanMachinePercent: 2,
      meanMemoryBytes: 1,
      wantedRateHz: 199,
      bpfMapBytes: 0,
      diskBytesPerSecond: 0,
      networkBytesPerSecond: 0,
    };
    const lines = rateLines({ ...testStatus, sampleRateHz: 97, budget }, now);
    expect(lines[0]).toBe('Each CPU is looked at 97 times a second.');
    expect(lines[1]).toMatch(/^199 were asked for/);
  });
});
