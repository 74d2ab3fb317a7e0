import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { describe, expect, it } from 'vitest';
import { continueStopped, stoppedBefore } from './continue-stopped.js';
import type { Collector } from './slice-output.js';

/** A process by its pids: as the machine counts, and as its container does. */
interface FakeProcess {
  readonly outside: number;
  readonly inside: number;
  stopped: boolean;
}

/** A container whose scripts do what they say to `processes`; `signalled` are pids inside, whoever signalled them. */
function containerOf(processes: readonly FakeProcess[], mode: string, runsScripts = true) {
  const signalled: number[] = [];
  const resume = (one: FakeProcess): void => {
    signalled.push(one.inside);
    one.stopped = false;
  };
  let ran = 0;
  const run = (script: string): string => {
    ran++;
    if (script.includes('os.listdir')) {
      return processes.flatMap(({ inside, stopped }) => (stopped ? [`${inside}\n`] : [])).join('');
    }
    const pids = (/in \[(.*)\]/.exec(script)?.[1] ?? '').split(', ').map(Number);
    for (const one of processes) if (pids.includes(mode === 'host' ? one.outside : one.inside)) resume(one);
    return '';
  };
  const container = {
    top: () =>
      Promise.resolve({
        Titles: ['PID', 'PPID', 'STAT', 'COMMAND'],
        Processes: processes.map(({ outside, stopped }) => [`${outside}`, '1', stopped ? 'T' : 'S', 'python3 a.py']),
      }),
    inspect: () => Promise.resolve({ State: { Pid: processes[0]?.outside }, HostConfig: { PidMode: mode } }),
    kill: () => {
      for (const one of processes.slice(0, 1)) resume(one);
      return Promise.resolve();
    },
    exec: ({ Cmd: command }: { readonly Cmd: readonly string[] }) => {
      if (!runsScripts) return Promise.reject(new Error('no such program'));
      const text = run(command.at(-1) ?? '');
      const start = (): Promise<unknown> => Promise.resolve(Object.assign(new PassThrough().end().resume(), { text }));
      return Promise.resolve({ start, inspect: () => Promise.resolve({ ExitCode: 0 }) });
    },
    modem: {
      demuxStream: ({ text }: { readonly text: string }, out: Collector) => out.write(text),
    },
  };
  return { container: container as unknown as Docker.Container, signalled, ran: () => ran };
}

/** Three: the first of the container, and two below it. */
function three(): [FakeProcess, FakeProcess, FakeProcess] {
  return [
    { outside: 500, inside: 1, stopped: false },
    { outside: 510, inside: 7, stopped: false },
    { outside: 520, inside: 8, stopped: false },
  ];
}

describe('continueStopped', () => {
  it.each(['', 'container:other', 'host'])(
    'continues what was stopped meanwhile and nothing else (%s)',
    async (mode) => {
      const [first, paused, worker] = three();
      const { container, signalled } = containerOf([first, paused, worker], mode);
      paused.stopped = true;
      const before = await stoppedBefore(container);
      expect(await continueStopped(container, before)).toBe(false);
      worker.stopped = true;
      expect(await continueStopped(container, before)).toBe(true);
      expect(signalled).toEqual([8]);
      first.stopped = true;
      expect(await continueStopped(container, before)).toBe(true);
      expect(signalled).toEqual([8, 1]);
      expect(paused.stopped).toBe(true);
    },
  );

  it('leaves the first process stopped where it was', async () => {
    const [first, paused, worker] = three();
    const { container, signalled } = containerOf([first, paused, worker], '');
    first.stopped = true;
    const before = await stoppedBefore(container);
    [paused, worker].forEach((one) => (one.stopped = true));
    expect(await continueStopped(container, before)).toBe(true);
    expect(signalled).toEqual([7, 8]);
    expect(first.stopped).toBe(true);
  });

  it('runs nothing in a container of which nothing is stopped', async () => {
    const { container, ran } = containerOf(three(), '');
    expect(await continueStopped(container, await stoppedBefore(container))).toBe(false);
    expect(ran()).toBe(0);
  });

  it('signals by a list that it has, and otherwise the first process alone', async () => {
    const [first, paused, worker] = three();
    paused.stopped = true;
    const before = await stoppedBefore(containerOf([first, paused, worker], '', false).container);
    expect(before).toEqual({ outside: [510], inside: undefined });
    [first, worker].forEach((one) => (one.stopped = true));
    const { container, signalled } = containerOf([first, paused, worker], '');
    expect(await continueStopped(container, before)).toBe(true);
    expect(signalled).toEqual([1]);
  });
});
