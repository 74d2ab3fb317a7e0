import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { memrayVersion, type Probe } from './scripts.js';
import { memrayWheels } from './wheels.js';

const locks = join(import.meta.dirname, '../../../resources/memray');
const probe: Probe = {
  version: '3.12',
  machine: 'x86_64',
  musl: false,
  memray: false,
  methods: ['lldb'],
  uid: 0,
  gid: 0,
};

it.each(readdirSync(locks))('%s names every wheel by its hash', (name) => {
  const text = readFileSync(join(locks, name), 'utf8').replaceAll(' \\\n', '');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) expect(line).toMatch(/^[\w.-]+==[\w.]+( +--hash=sha256:[0-9a-f]{64})+$/);
  expect(lines.some((line) => line.startsWith(`memray==${memrayVersion} `))).toBe(true);
});

const pip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
if (!pip) console.warn('wheels by pip are not tested: python3 with pip is not on PATH');

/** A wheel of nothing. */
const makeWheel = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('memray/__init__.py', '')
    info = 'memray-' + sys.argv[2] + '.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: memray\\nVersion: ' + sys.argv[2] + '\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', '')
`;

describe.skipIf(!pip)('wheels for a target', () => {
  let folder = '';
  const pin = (sha256: string): void => {
    mkdirSync(join(folder, 'memray'), { recursive: true });
    writeFileSync(join(folder, 'memray', 'python-3.12.txt'), `memray==${memrayVersion} --hash=sha256:${sha256}\n`);
  };
  const name = `memray-${memrayVersion}-py3-none-any.whl`;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrometer-wheels-test-'));
    execFileSync('python3', ['-c', makeWheel, join(folder, name), memrayVersion]);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks no index but the folder. */
  const ask = () => {
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', folder);
    vi.stubEnv('PIP_NO_CACHE_DIR', '1');
    return memrayWheels(probe, folder);
  };

  it('are those that are pinned', async () => {
    pin(
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    );
    const wheels = await ask();
    expect(wheels.ok ? wheels.value.map((each) => each.name) : wheels.failure).toEqual([name]);
  });

  it('and no others', async () => {
    pin('0'.repeat(64));
    expect(await ask()).toMatchObject({ ok: false, failure: { code: 'refused' } });
  });

  it('and none for a Python that nobody looked at', async () => {
    const wheels = await memrayWheels({ ...probe, version: '2.7' }, folder);
    expect(wheels).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  });
});
