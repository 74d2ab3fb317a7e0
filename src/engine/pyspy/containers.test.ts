import type Docker from 'dockerode';
import { describe, expect, it } from 'vitest';
import { processesIn, threadsOf } from './containers.js';

/** A container whose engine answers as `answers` says, by what it is asked for; it refuses the rest. */
function containerOf(answers: Readonly<Record<string, unknown>>): Docker.Container {
  const top = ({ ps_args: asked = '' }: { readonly ps_args?: string }): Promise<unknown> =>
    asked in answers ? Promise.resolve(answers[asked]) : Promise.reject(new Error('ps: bad option'));
  return { top } as unknown as Docker.Container;
}

const options = '-eo pid,ppid,stat,pcpu,nlwp,etimes,args';
const columns = 'pid,ppid,state,pcpu,user,args';

describe('processesIn', () => {
  it('takes what the machine of Docker lists', async () => {
    const titles = ['PID', 'PPID', 'STAT', '%CPU', 'NLWP', 'ELAPSED', 'COMMAND'];
    const rows = [['812', '790', 'Ssl', '12.5', '3', '60', 'python3 app.py']];
    expect(await processesIn(containerOf({ [options]: { Titles: titles, Processes: rows } }))).toEqual([
      { pid: 812, parentPid: 790, command: 'python3 app.py', state: 'Ssl', cpuShare: 0.125, threads: 3, seconds: 60 },
    ]);
  });

  it("leaves out Podman's ps, which runs in the container", async () => {
    const titles = ['PID', 'PPID', 'STAT', '%CPU', 'NLWP', 'ELAPSED', 'COMMAND'];
    const rows = [
      ['1', '0', 'S', '0.0', '1', '60', 'python3 app.py'],
      ['9', '0', 'R', '0.0', '1', '0', `ps ${options}`],
    ];
    const listed = await processesIn(containerOf({ [options]: { Titles: titles, Processes: rows } }));
    expect(listed.map(({ pid }) => pid)).toEqual([1]);
  });

  // As Podman 4.3 answers of an image without ps: nothing, which is no refusal.
  it('asks Podman for columns that it reads itself where the image has no ps', async () => {
    const titles = ['PID', 'PPID', 'STATE', '%CPU', 'USER', 'COMMAND'];
    const rows = [['1', '0', 'T', '37.313', '0', '/usr/bin/python3 -c x']];
    const container = containerOf({ [options]: Buffer.alloc(0), [columns]: { Titles: titles, Processes: rows } });
    expect(await processesIn(container)).toEqual([
      { pid: 1, parentPid: 0, command: '/usr/bin/python3 -c x', user: '0', state: 'T', cpuShare: 0.37313 },
    ]);
  });

  it('takes what an engine lists by itself where it knows no columns', async () => {
    const rows = [['7', 'root', '0:01', 'python3 app.py']];
    const plain = { Titles: ['PID', 'USER', 'TIME', 'COMMAND'], Processes: rows };
    expect(await processesIn(containerOf({ '': plain }))).toEqual([
      { pid: 7, parentPid: 0, command: 'python3 app.py', user: 'root' },
    ]);
    expect(await processesIn(containerOf({}))).toEqual([]);
  });
});

describe('threadsOf', () => {
  const ofThreads = (threads?: number) => ({ pid: 7, parentPid: 1, command: 'python3', ...(threads && { threads }) });

  it('is unknown where one was not counted, unless another has too many', () => {
    expect(threadsOf([ofThreads(3), ofThreads(9)])).toBe(9);
    expect(threadsOf([ofThreads(3), ofThreads()])).toBeUndefined();
    expect(threadsOf([ofThreads(65), ofThreads()])).toBe(65);
    expect(threadsOf([])).toBe(0);
  });
});
