import { execFileSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownPlaceScript, placeScript } from './upload-place.js';

// As root, for a small disk is mounted; in a mount namespace, so that nobody else sees it.
describe.skipIf(process.getuid?.() !== 0)('where an agent is sent', () => {
  let folder = '';
  const spare = '/var/tmp/pyrometer-0';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-place-'));
    await mkdir(join(folder, 'cache'));
    await mkdir(join(folder, 'var-tmp'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The folder that is chosen after some preparation, with an empty /var/tmp. */
  function chosen(prepare = ''): string {
    const script = `mount --bind ${folder}/var-tmp /var/tmp && ${prepare} :\n${placeScript}\necho "$cache"`;
    const argv = ['--mount', 'sh', '-ec', `set +e; ${script}`];
    return execFileSync('unshare', argv, {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
    }).trim();
  }
  const small = (place: string): string => `mount -t tmpfs -o size=4m none ${place} &&`;

  it('is the cache folder of the user, also before it is there', async () => {
    expect(chosen()).toBe(join(folder, 'cache'));
    await rm(join(folder, 'cache'), { recursive: true });
    expect(chosen()).toBe(join(folder, 'cache'));
  });

  it('is a folder of its own where that one is full or read-only', () => {
    expect(chosen(small(join(folder, 'cache')))).toBe(spare);
    const cache = join(folder, 'cache');
    expect(chosen(`mount --bind ${cache} ${cache} && mount -o remount,bind,ro ${cache} &&`)).toBe(spare);
    // Neither is better: the message is about the usual one.
    expect(chosen(`${small(join(folder, 'cache'))} ${small('/var/tmp')}`)).toBe(join(folder, 'cache'));
  });

  it('is where an agent lies already', async () => {
    await mkdir(join(folder, 'var-tmp/pyrometer-0/pyrometer/agent'), { recursive: true });
    expect(chosen()).toBe(spare);
    await mkdir(join(folder, 'cache/pyrometer/agent'), { recursive: true });
    expect(chosen()).toBe(join(folder, 'cache'));
  });

  it('is never what somebody else made, also when that one was quicker', async () => {
    await mkdir(join(folder, 'var-tmp/pyrometer-0/pyrometer/agent'), { recursive: true });
    await chown(join(folder, 'var-tmp/pyrometer-0'), 4242, 4242);
    expect(chosen(small(join(folder, 'cache')))).toBe(join(folder, 'cache'));
    const argv = ['--mount', 'sh', '-c', `mount --bind ${folder}/var-tmp /var/tmp; ${ownPlaceScript}`, 'sh'];
    const refuses = (path: string): boolean => {
      try {
        execFileSync('unshare', [...argv, path], { stdio: 'ignore' });
        return false;
      } catch {
        return true;
      }
    };
    expect(refuses(`${spare}/pyrometer/agent/1`)).toBe(true);
    expect(refuses(join(folder, 'cache/pyrometer/agent/1'))).toBe(false);
    await chown(join(folder, 'var-tmp/pyrometer-0'), 0, 0);
    expect(refuses(`${spare}/pyrometer/agent/1`)).toBe(false);
  });
});
