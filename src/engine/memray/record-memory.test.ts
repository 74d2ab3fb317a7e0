import { describe, expect, it } from 'vitest';
import { memoryLeaksType, memoryPeakType } from '../../contract/pyspy.js';
import { ok } from '../../contract/result.js';
import { recordMemory, type MemoryPlace, type Ran } from './record-memory.js';
import { attachScript, probeScript } from './scripts.js';

const has = { version: '3.12', machine: 'x86_64', musl: false, memray: true, methods: ['gdb', 'lldb'], uid: 0, gid: 0 };

/** A place whose interpreters answer what they are told to; notes what was done there. */
function place(
  answers: Readonly<Record<string, object>>,
  attached: object | string = {},
): { readonly at: MemoryPlace; readonly done: string[] } {
  const done: string[] = [];
  const ran = (stdout: string, code = 0): Ran => ({ code, stdout, stderr: '' });
  const at: MemoryPlace = {
    folder: '/tmp/ours',
    interpreters: ['/opt/venv/bin/python', 'python3'],
    run: ([interpreter = '', , , script = '', ...rest]) => {
      const answer = answers[interpreter];
      if (script === probeScript) {
        return Promise.resolve(ok(answer === undefined ? ran('', 127) : ran(`${JSON.stringify(answer)}\n`)));
      }
      expect(script).toBe(attachScript);
      done.push([interpreter, ...rest].join(' '));
      return Promise.resolve(
        ok(ran(typeof attached === 'string' ? attached : `warning\n${JSON.stringify(attached)}\n`)),
      );
    },
    put: () => {
      done.push('put');
      return Promise.resolve(ok(null));
    },
    clean: () => {
      done.push('clean');
      return Promise.resolve();
    },
  };
  return { at, done };
}
const options = {
  pid: 7,
  seconds: 5,
  install: false,
  resourcesDir: '/nowhere',
  labels: { service_name: 'web', profiler: 'py-spy' },
};

describe('memory of a process', () => {
  it('gets no memray for a Python that none is pinned for', async () => {
    const { at, done } = place({ python3: { ...has, version: '3.99', memray: false } });
    const recorded = await recordMemory(at, { ...options, install: true });
    expect(recorded).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
    expect(done).toEqual(['clean', 'clean']);
  });

  it('is two windows in bytes, by the first interpreter that has memray', async () => {
    const { at, done } = place(
      { '/opt/venv/bin/python': { ...has, memray: false }, python3: has },
      {
        startMs: 1000,
        endMs: 6000,
        allocations: 9,
        peakBytes: 30,
        frames: [
          ['main', '/app/main.py', 3],
          ['load', '/app/db.py', 9],
        ],
        peak: [
          [20, [0, 1]],
          [10, [0]],
        ],
        leaks: [[5, [0, 1]]],
      },
    );
    const recorded = await recordMemory(at, options);
    if (!recorded.ok) throw new Error(recorded.failure.message);
    const [peak, leaks] = recorded.value;
    expect(peak).toMatchObject({
      profileType: memoryPeakType,
      periodNs: 1,
      startMs: 1000,
      endMs: 6000,
      labels: { service_name: 'web', profiler: 'memray' },
      frames: [{ name: 'main' }, { name: 'load', file: '/app/db.py', line: 9 }],
      stacks: [
        { pid: 7, frames: [0, 1], samples: 20 },
        { pid: 7, frames: [0], samples: 10 },
      ],
    });
    expect(leaks).toMatchObject({ profileType: memoryLeaksType, stacks: [{ frames: [0, 1], samples: 5 }] });
    expect(done).toEqual(['clean', 'python3 /tmp/ours 7 5 no gdb,lldb', 'clean']);
  });

  it.each([
    [{}, undefined, /No Python can be started/],
    [{ python3: { ...has, methods: [] } }, undefined, /needs gdb or lldb/],
    [{ python3: { ...has, memray: false } }, undefined, /choose to put it into a temporary folder/],
    [{ python3: has }, 'Traceback', /did not answer/],
    [{ python3: has }, { failed: 'debugger', said: '' }, /the program was not touched/],
    [{ python3: has }, { failed: 'folder', said: '' }, /belongs to another user/],
    [{ python3: has }, { failed: 'ended', said: '' }, /ended while/],
    [{ python3: { ...has, machine: 'x --index-url http://x' } }, undefined, /No Python can be started/],
    [{ python3: has }, { failed: 'attach', said: 'You most likely do not have permission to trace' }, /ptrace/],
    [{ python3: has }, { failed: 'attach', said: 'No module named memray' }, /cannot import memray/],
    [{ python3: has }, { failed: 'missing', said: "ImportError('libstdc++.so.6: cannot open shared" }, /C\+\+ library/],
    [{ python3: has }, { failed: 'attach', said: 'x' }, /could not get into/],
  ] as const)('is refused in words: %j %j', async (answers, attached, sentence) => {
    const { at, done } = place(answers, attached);
    const recorded = await recordMemory(at, options);
    expect(recorded.ok ? '' : recorded.failure.message).toMatch(sentence);
    expect(done).not.toContain('put');
  });
});
