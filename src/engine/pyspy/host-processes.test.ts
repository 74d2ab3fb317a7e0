import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ok } from '../../contract/result.js';
import type { ExecResult, Link } from '../link/link.js';
import { hostProcesses, hostServices, withDescendants } from './host-processes.js';
import { childrenSeconds } from './host-runner.js';

const listed = [
  { pid: 1, parentPid: 0, user: 'root', command: '/sbin/init' },
  { pid: 40, parentPid: 1, user: 'ann', command: 'gunicorn: master [shop]', program: '/opt/venv/bin/python3.12' },
  { pid: 41, parentPid: 40, user: 'ann', command: 'gunicorn: worker [shop]', program: '/opt/venv/bin/python3.12' },
  { pid: 50, parentPid: 1, user: 'bob', command: 'billing', program: '/usr/bin/python3.11' },
  { pid: 51, parentPid: 1, user: 'bob', command: 'billing', program: '/usr/bin/python3.11' },
  { pid: 60, parentPid: 1, user: 'root', command: 'python3 /app/manage.py runserver' },
  { pid: 61, parentPid: 60, user: 'root', command: 'sh -c work' },
];

describe('hostServices', () => {
  it('groups by name, with workers below their master, and leaves out what runs in containers', () => {
    expect(
      hostServices(listed, new Set([60])).map(({ name, roots, processes }) => ({
        name,
        roots: roots.map(({ pid, user }) => `${pid} ${user ?? ''}`),
        processes: processes.map(({ pid, version }) => `${pid} ${version ?? ''}`),
      })),
    ).toEqual([
      { name: 'gunicorn', roots: ['40 ann'], processes: ['40 3.12', '41 3.12'] },
      { name: 'billing', roots: ['50 bob', '51 bob'], processes: ['50 3.11', '51 3.11'] },
    ]);
  });
});

/** As the ps of busybox, which has no column for threads: lists a process, and one that has just ended. */
const busyboxPs = (pid: number): string => `#!/bin/sh
case "$*" in *nlwp*) echo "ps: bad -o argument 'nlwp'" >&2; exit 1;; esac
printf 'PID   PPID  USER     STAT COMMAND\\n'
printf '%s 1 root S python3 a.py\\n' ${pid} 999999999`;

describe.runIf(process.platform === 'linux')('hostProcesses', () => {
  it('counts threads where ps has no column for them, and leaves out what it cannot count', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'busybox-'));
    const sleeper = spawn('sleep', ['600']);
    try {
      const pid = sleeper.pid ?? 0;
      await writeFile(join(folder, 'ps'), busyboxPs(pid));
      await chmod(join(folder, 'ps'), 0o755);
      const link = {
        exec: ([program = '', ...args]: readonly string[]) =>
          new Promise((resolve) => {
            const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
            execFile(program, args, { env, maxBuffer: 2 ** 24 }, (_error, stdout, stderr) => {
              resolve(ok({ code: 0, signal: null, stdout, stderr } satisfies ExecResult));
            });
          }),
      } as unknown as Link;
      const found = await hostProcesses(link, 'Linux');
      expect(found.ok ? found.value.map((each) => [each.pid, each.threads]) : found).toEqual([
        [pid, 1],
        [999999999, undefined],
      ]);
    } finally {
      sleeper.kill();
      await rm(folder, { recursive: true });
    }
  });
});

describe('withDescendants', () => {
  it('is a process with all below it', () => {
    expect(withDescendants(listed, 40).map(({ pid }) => pid)).toEqual([40, 41]);
    expect(withDescendants(listed, 60).map(({ pid }) => pid)).toEqual([60, 61]);
  });
});

describe('childrenSeconds', () => {
  it('reads what a shell says of its children', () => {
    expect(childrenSeconds('x\n0m0.00s 0m0.00s\n1m0.25s 0m0.50s\n')).toBe(60.75);
    expect(childrenSeconds('nothing')).toBeUndefined();
  });
});
