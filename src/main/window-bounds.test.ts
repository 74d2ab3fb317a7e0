import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundsOnScreens, keepBounds, readBounds } from './window-bounds.js';

const laptop = { x: 0, y: 25, width: 1440, height: 875 };
const beside = { x: 1440, y: 0, width: 2560, height: 1440 };

describe('boundsOnScreens', () => {
  const window = { x: 1600, y: 100, width: 1200, height: 800 };

  it('leaves a window where it was', () => {
    expect(boundsOnScreens(window, [laptop, beside])).toEqual(window);
  });

  it('gives up a screen that is not there any more', () => {
    expect(boundsOnScreens(window, [laptop])).toBeUndefined();
    expect(boundsOnScreens({ ...window, x: 1400 }, [laptop])).toBeUndefined();
  });

  it('moves and cuts what reaches past its screen', () => {
    expect(boundsOnScreens({ x: 1000, y: -50, width: 1000, height: 600 }, [laptop])).toEqual({
      x: 440,
      y: 25,
      width: 1000,
      height: 600,
    });
    expect(boundsOnScreens({ x: 1500, y: 0, width: 9000, height: 9000 }, [laptop, beside])).toEqual(beside);
  });
});

describe('kept bounds', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrometer-bounds-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('come back, and a damaged file is none', () => {
    const path = join(folder, 'window.json');
    expect(readBounds(path)).toBeUndefined();
    keepBounds(path, { ...laptop, maximised: true });
    expect(readBounds(path)).toEqual({ ...laptop, maximised: true });
    writeFileSync(path, '{"version":1,"x":"far"}');
    expect(readBounds(path)).toBeUndefined();
  });
});
