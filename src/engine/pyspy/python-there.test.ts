import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPySpyOptions } from '../../contract/pyspy.js';
import type { Elevator } from '../deploy/elevate.js';
import { engineKernelName, type TargetFacts } from '../deploy/facts.js';
import type { Link } from '../link/link.js';
import { PythonThere } from './python-there.js';

/** An engine with one container, "web", that runs no script of ours; `threads` is what its ps says of them. */
function engineOf(threads: string | undefined): Docker {
  const container = {
    top: () =>
      Promise.resolve({
        Titles: ['PID', 'PPID', ...(threads === undefined ? [] : ['NLWP']), 'COMMAND'],
        Processes: [['7', '1', ...(threads === undefined ? [] : [threads]), 'python3.12 a.py']],
      }),
    inspect: () => Promise.resolve({ State: { Pid: 7 }, HostConfig: {}, Config: {} }),
    exec: () => Promise.reject(new Error('no such program')),
  };
  return {
    info: () => Promise.resolve({ ID: 'one', Name: 'one', KernelVersion: '6.1', Architecture: 'x86_64' }),
    listContainers: () => Promise.resolve([{ Id: 'a', Names: ['/web'], Image: 'web', ImageID: 'b', Labels: {} }]),
    getContainer: () => container,
  } as unknown as Docker;
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'python-there-'));
  await mkdir(join(folder, 'pyspy/linux-amd64'), { recursive: true });
  const files = { 'linux-amd64': { sha256: '0'.repeat(64), size: 1 } };
  await writeFile(join(folder, 'pyspy/manifest.json'), JSON.stringify({ version: '0.4.1', files }));
  await writeFile(join(folder, 'pyspy/linux-amd64/py-spy'), 'x');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('threads', () => {
  const ask = (threads: string | undefined, nonblocking = false): ReturnType<PythonThere['subjects']> => {
    const there = new PythonThere({
      targetName: () => 'the test',
      link: () => ({}) as Link,
      resourcesDir: folder,
      owner: 'this test',
    });
    there.docker = () => Promise.resolve({ ok: true, value: engineOf(threads) });
    const facts = { kernelName: engineKernelName } as TargetFacts;
    const options = { ...defaultPySpyOptions, nonblocking };
    return there.subjects({ service: 'web', options }, facts, {} as Elevator);
  };

  it('are no more than 64 unless nothing is stopped', async () => {
    expect(await ask('64')).toMatchObject({ ok: true, value: { notes: [] } });
    expect(await ask('65')).toMatchObject({ ok: false, failure: { code: 'refused' } });
    expect(await ask('65', true)).toMatchObject({ ok: true, value: { notes: [] } });
  });

  it('that nobody could count are said to be uncounted, and not taken for none', async () => {
    const notes = [expect.stringMatching(/^The threads of web could not be counted: .*"Without stopping"/)];
    expect(await ask(undefined)).toMatchObject({ ok: true, value: { notes } });
    expect(await ask(undefined, true)).toMatchObject({ ok: true, value: { notes: [] } });
  });
});
