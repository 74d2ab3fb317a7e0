import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ protocol: {} }));
const { fileOfAddress } = await import('./app-scheme.js');

describe('fileOfAddress', () => {
  it.each([
    ['app://pyrometer/index.html', '/root/index.html'],
    ['app://pyrometer/assets/a%20b.js', '/root/assets/a b.js'],
    ['app://pyrometer/a/../index.html?x=1#y', '/root/index.html'],
  ])('%s is %s', (address, file) => {
    expect(fileOfAddress('/root', address)).toBe(file);
  });

  it.each([
    'app://elsewhere/index.html',
    'https://pyrometer/index.html',
    'app://pyrometer/',
    'app://pyrometer/..%2fsecret.html',
    'app://pyrometer/%2e%2e%2f%2e%2e%2fetc%2fx.html',
    'app://pyrometer/a%00.html',
    'app://pyrometer/%ff.html',
    'app://pyrometer/passwd',
  ])('%s names no file', (address) => {
    expect(fileOfAddress('/root', address)).toBeUndefined();
  });
});
